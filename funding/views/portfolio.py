"""What is missing to know, for a company or for the whole portfolio, answered in place."""

from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_POST, require_safe
from django_htmx.http import trigger_client_event

from crm.decorators import check, takes
from crm.htmx import is_fragment, render_page
from crm.models import Organisation
from crm.perms import can_edit
from funding.eu_size import Reading
from funding.facts import PUBLIC_KINDS
from funding.portfolio import Informations, counted, matches_of_holder
from funding.views.matches import card, note
from funding.views.subjects import get_subject

FIRST = 4
PER_PAGE = 20
OWNERS = 8
NOTED = "C’est noté\u00a0: les dispositifs sont recalculés."


@require_safe
@takes("page", "fait")
def information_list(request):
    context = whole(request)
    return render_page(request, "funding/informations.html", "funding/_informations.html", context)


@require_safe
def holder_panel(request, pk):
    context = of_holder(request, get_holder(request, pk))
    return render_page(
        request, "funding/holder_informations.html", "funding/_holder_informations.html", context
    )


@require_POST
def information_answer(request, pk, kind):
    subject = get_subject(request, kind, pk)
    return answered(request, subject, whole, "funding/_informations.html")


@require_POST
def holder_answer(request, pk, kind):
    subject = get_subject(request, kind, pk)

    def shown(request):
        return of_holder(request, get_holder(request, subject.holder_id))

    return answered(request, subject, shown, "funding/_holder_informations.html")


def answered(request, subject, shown, template):
    """Note what was answered through a project or an action, and show again what is missing."""
    check(can_edit, request.user, subject.territory)
    form, said = note(request, subject)
    if form is not None and form.errors:
        said = " ".join(text for errors in form.errors.values() for text in errors)
        status = 422
    else:
        status = 409 if said else 200
    context = shown(request)
    if not is_fragment(request):
        level = messages.SUCCESS if status == 200 else messages.WARNING
        messages.add_message(request, level, said or NOTED)
        return redirect(context["address"])
    html = render_to_string(template, context, request)
    toast = {"said": said or NOTED, "refused": status != 200, "undo": "", "target": ""}
    html += render_to_string("funding/_answer_said.html", toast, request)
    return trigger_client_event(
        HttpResponse(html, status=status), "announce", {"value": said or NOTED}
    )


def whole(request):
    """The questions over all that the viewer sees, by fact, what settles most first."""
    territory, today = request.territory, timezone.localdate()
    informations = Informations.of_territory(request.user, territory, today)
    page = Paginator(informations.by_fact, PER_PAGE).get_page(request.GET.get("page"))
    wanted = request.GET.get("fait", "")
    number = iter(range(FIRST + 1, 100_000))
    rows = []
    for row in page:
        owners = row.owners if row.fact == wanted else row.owners[:OWNERS]
        asked = [listed(one, next(number), "information_answer") for one in owners]
        more = len(row.owners) - len(owners)
        among = counted(row.subjects)
        rows.append({"row": row, "owners": asked, "more": more, "among": among})
    return {
        **top(request, informations, territory, "information_answer"),
        "page": page,
        "rows": rows,
        "wanted": wanted,
        "address": reverse("funding:information_list"),
        "target": "#informations",
    }


def of_holder(request, organisation):
    matches = matches_of_holder(organisation, request.user, timezone.localdate())
    return {
        **top(request, Informations.of(matches), organisation.territory, "holder_answer"),
        "organisation": organisation,
        "address": f"{organisation.get_absolute_url()}#informations",
        "target": "#informations",
        "size": size_of(organisation, request.user),
    }


def size_of(organisation, viewer):
    """The European size as the figures give it, for the team alone; nothing for a public body."""
    if organisation.kind in PUBLIC_KINDS or not can_edit(viewer, organisation.territory):
        return None
    return Reading(organisation, viewer, timezone.localdate())


def top(request, informations, territory, route):
    shown = informations.first(FIRST)
    return {
        "can_edit": can_edit(request.user, territory),
        "top": [listed(one, number, route) for number, one in enumerate(shown, start=1)],
        "settled": informations.settled(shown),
        "couples": len(informations.couples),
        "couple_words": couple_words(informations.subjects),
        "among": counted(informations.subjects),
        "facts": len(informations.missing),
    }


def couple_words(keys):
    """What a couple is made of, for a count."""
    if all(kind == "project" for kind, _ in keys):
        return "couple projet-dispositif,couples projet-dispositif"
    return "couple,couples"


def listed(asked, number, route):
    """A card of a question, with the other subjects that its answer serves."""
    shown = card(asked, number, route=route, words="couple,couples")
    return {**shown, "among": counted(asked.subjects) if len(asked.subjects) > 1 else ""}


def get_holder(request, pk):
    organisations = Organisation.objects.visible_to(request.user).select_related("territory")
    return get_object_or_404(organisations, pk=pk)
