"""Envelope scenarios: an amount against files and projects, and scenarios side by side."""

import json

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import Case, When
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.models import EditConflict
from crm.decorators import allow, check, takes
from crm.htmx import is_fragment
from crm.perms import can_edit
from crm.query import row_id
from crm.search import normalise
from crm.templatetags.french import euros
from funding.envelope_facts import EnvelopeReader, compared
from funding.forms.envelopes import ChoicesForm, EnvelopeForm
from funding.models import Envelope

PER_PAGE = 50
# Side by side on a screen, and on a page.
COMPARED = 4
OFFERED = 60


@allow(can_edit)
@require_safe
@takes("page")
def envelope_list(request):
    envelopes = Envelope.objects.visible_to(request.user).filter(territory=request.territory)
    page = Paginator(envelopes.select_related("funder"), PER_PAGE).get_page(request.GET.get("page"))
    reader = EnvelopeReader(request.user, request.territory)
    context = {"page": page, "readings": [reader.reading(one) for one in page.object_list]}
    return render(request, "funding/envelope_list.html", context)


def get_envelope(request, pk):
    envelopes = Envelope.objects.visible_to(request.user).select_related("territory", "funder")
    return get_object_or_404(envelopes, pk=pk)


@allow(can_edit)
@require_http_methods(["GET", "POST"])
def envelope_new(request):
    envelope = Envelope(territory=request.territory, created_by=request.user)
    return write(request, envelope, "Nouvelle enveloppe", "Ouvrir l’enveloppe")


def write(request, envelope, title, verb, initial=None):
    """A new scenario; sent twice, it is opened once."""
    form = EnvelopeForm(request.POST or None, instance=envelope, initial=initial)
    if request.method == "POST" and form.is_valid():
        saved = form.save()
        messages.success(request, f"L’enveloppe « {saved} » est ouverte.")
        return redirect(saved)
    return render_form(request, form, title, verb)


def render_form(request, form, title, verb, *, conflict=False):
    context = {"form": form, "title": title, "verb": verb, "conflict": conflict}
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "funding/envelope_form.html", context, status=status)


@require_safe
def envelope(request, pk):
    found = get_envelope(request, pk)
    reader = EnvelopeReader(request.user, found.territory)
    return render_envelope(request, reader.reading(found))


def render_envelope(request, reading, *, status=200, **said):
    """The page, or for htmx what a tick changes, with the balance said aloud."""
    asked = normalise(request.GET.get("q", "") or request.POST.get("q", ""))
    others = [one for one in reading.others if asked in normalise(words(one))]
    context = {
        "envelope": reading.envelope,
        "reading": reading,
        "others": others[:OFFERED],
        "more": len(others[OFFERED:]),
        "q": request.GET.get("q", "") or request.POST.get("q", ""),
        "refused": {},
        "sentences": [],
        "conflict": False,
        **said,
    }
    fragment = is_fragment(request) and request.method == "POST"
    template = "funding/_envelope.html" if fragment else "funding/envelope.html"
    response = render(request, template, context, status=status)
    if fragment:
        response.headers["HX-Trigger"] = json.dumps({"announce": aloud(reading)})
    patch_vary_headers(response, ["HX-Request"])
    return response


def words(candidate):
    """What the search of candidates reads."""
    file = candidate.file
    of_file = f"{file.program.name} {file.program.funder.short_name}" if file else ""
    return f"{candidate.subject.title} {candidate.holder or ''} {of_file}"


def aloud(reading):
    spending = reading.spending
    if spending.excess:
        return f"L’enveloppe est dépassée de {euros(spending.excess)}."
    at_most = f", au plus : {spending.unknown} montants à confirmer" if spending.unknown else ""
    return f"Il reste {euros(spending.left)}{at_most}."


@require_POST
def envelope_choose(request, pk):
    """Ticks, amounts and order: saved over the version that was read, or said and not saved."""
    found = get_envelope(request, pk)
    check(can_edit, request.user, found.territory)
    reader = EnvelopeReader(request.user, found.territory)
    form = ChoicesForm(request.POST, envelope=found, reader=reader)
    if not form.is_valid():
        found.choices = tentative(form)
        sentences = [error for name in ("keep", "version") for error in form.errors.get(name, [])]
        reading = reader.reading(found, form.refused)
        return render_envelope(
            request, reading, status=422, refused=form.refused, sentences=sentences
        )
    try:
        found.choose(form.keys, form.amounts, version=form.cleaned_data["version"])
    except EditConflict:
        found = get_envelope(request, pk)
        return render_envelope(request, reader.reading(found), status=409, conflict=True)
    return render_envelope(request, reader.reading(found)) if is_fragment(request) else back(found)


def tentative(form):
    """What was asked and is not saved, as the page shows it again."""
    amounts = form.amounts
    return [{"key": key, "amount": amounts.get(key)} for key in form.keys]


def back(found):
    return redirect(f"{found.get_absolute_url()}#choix")


@require_http_methods(["GET", "POST"])
def envelope_edit(request, pk):
    found = get_envelope(request, pk)
    check(can_edit, request.user, found.territory)
    form = EnvelopeForm(request.POST or None, instance=found)
    if request.method == "POST" and form.is_valid():
        try:
            form.save_over()
        except EditConflict:
            form.data = form.data.copy()
            form.data["version"] = Envelope.objects.get(pk=pk).version
            return render_form(request, form, "Modifier l’enveloppe", "Enregistrer", conflict=True)
        messages.success(request, "L’enveloppe est à jour.")
        return redirect(found)
    return render_form(request, form, "Modifier l’enveloppe", "Enregistrer")


@require_http_methods(["GET", "POST"])
def envelope_duplicate(request, pk):
    """The same choices under another title, to change one thing and compare."""
    found = get_envelope(request, pk)
    check(can_edit, request.user, found.territory)
    copy = Envelope(territory=found.territory, choices=found.choices, created_by=request.user)
    initial = {
        "title": f"{found.title[:110]}, variante",
        "amount": found.amount,
        "funder": found.funder_id,
    }
    return write(request, copy, "Nouvelle variante", "Ouvrir la variante", initial)


@require_POST
def envelope_remove(request, pk):
    found = get_envelope(request, pk)
    check(can_edit, request.user, found.territory)
    trace = found.remove()
    messages.success(
        request,
        f"L’enveloppe « {found} » est retirée.",
        extra_tags=reverse("funding:envelope_restore", args=[trace.pk]),
    )
    return redirect("funding:envelope_list")


@require_POST
def envelope_restore(request, pk):
    teams = [territory for territory, _ in request.user.grants]
    traces = Envelope.history.filter(history_type="-", territory__in=teams)
    trace = get_object_or_404(traces.select_related("territory"), pk=pk)
    check(can_edit, request.user, trace.territory)
    found = Envelope.restore(trace)
    messages.success(request, f"L’enveloppe « {found} » est rétablie.")
    return redirect(found)


@allow(can_edit)
@require_safe
def envelope_compare(request):
    readings = chosen(request)
    context = {"readings": readings, "rows": compared(readings), "query": request.GET.urlencode()}
    return render(request, "funding/envelope_compare.html", context)


def chosen(request):
    """The envelopes that the address names, in its order; those of this territory alone."""
    ids = list(dict.fromkeys(row_id(text) for text in request.GET.getlist("e")))[:COMPARED]
    order = Case(*[When(pk=pk, then=at) for at, pk in enumerate(ids)], default=0)
    envelopes = Envelope.objects.visible_to(request.user).filter(
        territory=request.territory, pk__in=ids
    )
    reader = EnvelopeReader(request.user, request.territory)
    return [reader.reading(one) for one in envelopes.select_related("funder").order_by(order)]
