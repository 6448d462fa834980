"""What money is sought for: a project, or a collective action carried by its pilot."""

from dataclasses import dataclass

from django.db import models
from django.db.models import Q

from actions.models import Action
from crm.models import Project

# For the constraint of a row that is about one or the other.
EITHER = Q(project=None, action__isnull=False) | Q(project__isnull=False, action=None)


@dataclass(frozen=True)
class ActionSubject:
    """An action where a project is expected."""

    action: Action

    site = site_id = None

    def __str__(self):
        return str(self.action)

    @property
    def pk(self):
        return self.action.pk

    @property
    def title(self):
        return self.action.title

    @property
    def reference(self):
        return self.action.code

    @property
    def holder(self):
        return self.action.pilot

    @property
    def holder_id(self):
        return self.action.pilot_id

    @property
    def territory(self):
        return self.action.plan.territory

    @property
    def territory_id(self):
        return self.action.plan.territory_id

    @property
    def is_over(self):
        return self.action.is_finished

    @property
    def eligible_costs(self):
        return self.action.budget_planned

    def get_absolute_url(self):
        return self.action.get_absolute_url()


def is_action(subject):
    return isinstance(subject, Action | ActionSubject)


def kind_of(subject):
    """The name of the relation to it."""
    return "action" if is_action(subject) else "project"


def row_of(subject):
    return subject.action if isinstance(subject, ActionSubject) else subject


def about(subject):
    """{relation: row}, to filter the rows about it or to add one."""
    return {kind_of(subject): row_of(subject)}


def key_of(subject):
    """What tells it apart where projects and actions stand together."""
    return kind_of(subject), subject.pk


def lock(subject):
    """Hold it until the end of the transaction, so that what is about it is decided in turn."""
    row = row_of(subject)
    return type(row).objects.select_for_update().get(pk=row.pk)


def seeking_actions():
    """The actions that still look for money: those of a current plan that are not over."""
    return Action.objects.current().unfinished()


class SubjectQuerySet(models.QuerySet):
    """Rows about a project or about an action, by their fields `project` and `action`."""

    def visible_to(self, viewer):
        return self.filter(
            Q(project__in=Project.objects.visible_to(viewer))
            | Q(action__in=Action.objects.visible_to(viewer))
        )

    def in_territory(self, territory):
        return self.filter(Q(project__territory=territory) | Q(action__plan__territory=territory))

    def of(self, subject):
        return self.filter(**about(subject))


class AboutSubject:
    """A row about a project or about an action."""

    @property
    def subject(self):
        return self.project if self.project_id else ActionSubject(self.action)

    @property
    def holder_name(self):
        return str(self.subject.holder or "")

    @property
    def subject_key(self):
        return ("project", self.project_id) if self.project_id else ("action", self.action_id)
