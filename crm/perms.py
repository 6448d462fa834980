"""Who may do what. A docstring is the rule; pages, API and exports ask here and nowhere else.

What a person may *see* is decided by the `visible_to` of each queryset.
"""

from crm.models import PAIR, Role
from crm.models.interests import rivals_of


def role_in(user, territory_id):
    return next((role for territory, role in user.grants if territory == territory_id), None)


def can_edit(user, territory):
    """Officers and managers write in their territory; everyone else reads."""
    return role_in(user, territory.pk) in {Role.OFFICER, Role.MANAGER}


def can_manage(user, territory):
    """Managers keep the team and the code lists."""
    return role_in(user, territory.pk) == Role.MANAGER


def can_issue_tokens(user, territory):
    """Officers hand a partner a token; managers too."""
    return can_edit(user, territory)


def can_review(user, territory):
    """The elected member and the industrialist answer the questions put to the pair."""
    return role_in(user, territory.pk) in PAIR


def can_read_amounts(user, organisation):
    """Not those of a competitor, for a member of the pair; nor what the team wrote of it."""
    if not can_review(user, organisation.territory):
        return True
    return not rivals_of(user).filter(pk=organisation.pk).exists()


def can_read_reviews(user, territory):
    """The questions put to the pair concern the team that asks and the pair that answers."""
    return can_edit(user, territory) or can_review(user, territory)


def can_report(user, territory):
    """Officers and managers draw the committee workbook and the return; a reader reads them too."""
    return role_in(user, territory.pk) in {Role.OFFICER, Role.MANAGER, Role.READER}


def can_work_in_team(user, territory):
    """Exchanges, follow-ups and contacts are the team’s memory, not the partners’."""
    return can_edit(user, territory)


def can_edit_catalogue(user, territory=None):
    """Managers keep the catalogue of programs, which all territories share; the local version of a
    program is kept by the managers of its territory."""
    if territory is not None:
        return can_manage(user, territory)
    return any(role == Role.MANAGER for _, role in user.grants)
