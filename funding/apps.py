from django.apps import AppConfig


class FundingConfig(AppConfig):
    name = "funding"
    verbose_name = "Financements"

    def ready(self):
        from actions import ties
        from crm import finders, gates, measures
        from funding.finders import FINDERS
        from funding.gates import GATES
        from funding.measures import MEASURES
        from funding.ties import APPLICATION

        gates.register(*GATES)
        finders.register(*FINDERS)
        measures.register(*MEASURES)
        ties.register(APPLICATION)
