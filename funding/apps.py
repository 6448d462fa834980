from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "funding"
    verbose_name = "Financements"

    def ready(self):
        from crm import gates
        from funding.gates import GATES

        gates.register(*GATES)
