from django.apps import AppConfig


class ActionsConfig(AppConfig):
    name = "actions"
    verbose_name = "Plan d’actions et instances"

    def ready(self):
        from actions.finders import FINDERS
        from actions.measures import FICHE, MEASURES
        from actions.models import AgendaItem
        from crm import finders, measures
        from crm.signals import review_completed

        def put_dispute_on_agenda(request, **kwargs):
            AgendaItem.objects.raise_dispute(request)

        review_completed.connect(
            put_dispute_on_agenda, weak=False, dispatch_uid="actions.put_dispute_on_agenda"
        )
        finders.register(*FINDERS)
        measures.register(*MEASURES)
        measures.register_scope(FICHE)
