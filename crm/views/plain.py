from django.db.models import Q
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from crm import plain as plain_words
from crm.decorators import takes
from crm.models import Project, Stage
from crm.models.interests import rivals_of
from crm.perms import can_review


@require_safe
@takes()
def plain(request):
    """The whole pipeline in plain words; competitors of a member of the pair without amounts."""
    opened = Project.objects.visible_to(request.user).filter(territory=request.territory)
    live = ~Q(stage__kind=Stage.Kind.CLOSED) & Q(stage__is_done=False)
    done = opened.filter(stage__is_done=True)
    hidden = Project.objects.none()
    if can_review(request.user, request.territory):
        hidden = Project.objects.opened_to(request.user).filter(
            live, territory=request.territory, holder__in=rivals_of(request.user)
        )
    context = {
        "chapters": plain_words.chapters(opened.filter(live).for_list()),
        "totals": opened.filter(live).totals(),
        "done": done.totals(),
        "hidden": hidden.select_related("holder", "stage").order_by("title"),
        "today": timezone.localdate(),
    }
    return render(request, "crm/project_plain.html", context)
