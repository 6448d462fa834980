from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "funding"
    verbose_name = "Financements"

    def ready(self):
        from crm import finders, gates, measures
        from funding.finders import FINDERS
        from funding.gates import GATES
        from funding.measures import MEASURES

        gates.register(*GATES)
        finders.register(*FINDERS)
        measures.register(*MEASURES)
