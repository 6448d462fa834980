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
from funding.forms.answers import AnswerForm
from funding.portfolio import Informations, matches_of_holder, sentence
from funding.views.matches import get_project, note

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
def information_answer(request, pk):
    return answered(request, pk, whole, "funding/_informations.html")


@require_POST
def holder_answer(request, pk):
    def shown(request):
        return of_holder(request, get_project(request, pk).holder)

    return answered(request, pk, shown, "funding/_holder_informations.html")


def answered(request, pk, shown, template):
    """Note what was answered through a project, and show again what is missing."""
    project = get_project(request, pk)
    check(can_edit, request.user, project.territory)
    form, said = note(request, project)
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
    """The questions over all the projects the viewer sees, by fact, what settles most first."""
    territory, today = request.territory, timezone.localdate()
    informations = Informations.of_territory(request.user, territory, today)
    page = Paginator(informations.by_fact, PER_PAGE).get_page(request.GET.get("page"))
    wanted = request.GET.get("fait", "")
    number = iter(range(FIRST + 1, 100_000))
    rows = []
    for row in page:
        owners = row.owners if row.fact == wanted else row.owners[:OWNERS]
        asked = [card(one, next(number)) for one in owners]
        rows.append({"row": row, "owners": asked, "more": len(row.owners) - len(owners)})
    return {
        **top(request, informations, territory),
        "page": page,
        "rows": rows,
        "wanted": wanted,
        "address": reverse("funding:information_list"),
        "answer_url": "funding:information_answer",
        "target": "#informations",
    }


def of_holder(request, organisation):
    matches = matches_of_holder(organisation, request.user, timezone.localdate())
    return {
        **top(request, Informations.of(matches), organisation.territory),
        "organisation": organisation,
        "address": f"{organisation.get_absolute_url()}#informations",
        "answer_url": "funding:holder_answer",
        "target": "#informations",
    }


def top(request, informations, territory):
    shown = informations.first(FIRST)
    return {
        "can_edit": can_edit(request.user, territory),
        "top": [card(one, number) for number, one in enumerate(shown, start=1)],
        "settled": informations.settled(shown),
        "couples": len(informations.couples),
        "projects": len(informations.projects),
        "facts": len(informations.missing),
    }


def card(asked, number):
    """A question with its form; `number` tells it apart on the page."""
    return {
        "one": asked,
        "gain": sentence(asked, "couple,couples"),
        "form": AnswerForm(question=asked.question, auto_id=f"q-{number}-%s"),
        "number": number,
    }


def get_holder(request, pk):
    organisations = Organisation.objects.visible_to(request.user).select_related("territory")
    return get_object_or_404(organisations, pk=pk)
