"""The European size of a company: its accounts, the firms tied to it, the sum, what is kept."""

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.models import EditConflict
from crm.decorators import check, takes
from crm.perms import can_edit
from crm.templatetags.french import day, decimal
from funding import eu_size
from funding.eligibility.eu_size import MEASURES, OWN, PUBLIC, Figures
from funding.eu_size import Reading
from funding.forms.eu_size import AccountsForm, FirmForm
from funding.models import CountedFirm, FirmAccounts
from funding.views.ledger import find
from funding.views.plans import SAME_GESTURE

MILLION = 1_000_000
SHORT = {"mid_cap": "ETI"}


@require_safe
@takes()
def eu_size_page(request, pk):
    reading = Reading(find(request, pk), request.user, timezone.localdate())
    return render_page(request, reading)


def render_page(request, reading, status=200):
    organisation, limits = reading.organisation, reading.limits
    context = {
        "organisation": organisation,
        "reading": reading,
        "held_source": organisation.source_of("eu_size"),
        "insee_source": organisation.source_of("insee_category"),
        "limits": [limit_row(row) for row in limits],
        "references": dict.fromkeys(row.reference for row in limits),
    }
    return render(request, "funding/eu_size.html", context, status=status)


def limit_row(row):
    """A threshold as the page writes it, its amounts in millions."""
    return {
        "label": SHORT.get(row.size) or eu_size.Size(row.size).label,
        "headcount": row.headcount,
        "turnover": decimal(row.turnover / MILLION),
        "balance_sheet": decimal(row.balance_sheet / MILLION),
        "is_sure": row.is_sure,
    }


def back_to(organisation):
    return redirect("funding:eu_size", organisation.pk)


def form_page(request, form, organisation, title, *, conflict=False, hints=()):
    context = {
        "form": form,
        "organisation": organisation,
        "title": title,
        "conflict": conflict,
        "hints": hints,
        "is_own": form.instance.tie == OWN,
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "funding/eu_size_form.html", context, status=status)


@require_http_methods(["GET", "POST"])
@takes()
def eu_size_accounts_edit(request, pk):
    """The accounts of the organisation itself, first proposed from its record."""
    organisation, today = find(request, pk), timezone.localdate()
    own = CountedFirm.objects.visible_to(request.user).filter(organisation=organisation, tie=OWN)
    firm = own.first() or CountedFirm(
        organisation=organisation,
        territory=organisation.territory,
        tie=OWN,
        name=organisation.name,
        siren=organisation.siren or "",
    )
    known, hints = ({}, []) if firm.pk else of_record(organisation, today)
    form = AccountsForm(request.POST or None, instance=firm, today=today, known=known)
    return save(request, form, organisation, "Comptes de l’entreprise", hints)


def of_record(organisation, today):
    """What the record of the organisation knows, as accounts to read over, and in sentences."""
    values, hints = {}, []
    for measure in MEASURES:
        value = getattr(organisation, measure)
        if value is None:
            continue
        as_of = organisation.provenance.get(measure, {}).get("as_of") or ""
        # A day tells when it was said, not of which year: the last that may be closed.
        year = int(as_of) if as_of.isdecimal() and len(as_of) == 4 else today.year - 1
        if year not in eu_size.offered_years(today):
            continue
        values.setdefault(year, {})[measure] = value
        source = organisation.source_of(measure) or "fiche, sans date"
        hints.append(f"{eu_size.TITLES[measure]} {year}\u00a0: repris de la fiche ({source}).")
    return {year: Figures(**known) for year, known in values.items()}, hints


@require_http_methods(["GET", "POST"])
@takes("registre")
def eu_size_firm_new(request, pk):
    """A firm tied to the organisation; « ?registre=SIREN » opens one of the aid ledger."""
    organisation, today = find(request, pk), timezone.localdate()
    firm = CountedFirm(organisation=organisation, territory=organisation.territory)
    linked = Reading(organisation, request.user, today).ledger_firms
    asked = request.GET.get("registre", "")
    if asked in linked:
        firm.tie, firm.siren, firm.name = CountedFirm.Tie.LINKED, asked, linked[asked]
    form = FirmForm(request.POST or None, instance=firm, today=today, linked=linked)
    return save(request, form, organisation, "Entreprise liée, partenaire ou organisme public")


@require_http_methods(["GET", "POST"])
@takes()
def eu_size_firm_edit(request, pk):
    firm = get_firm(request, pk)
    organisation, today = firm.organisation, timezone.localdate()
    if firm.tie == OWN:
        return redirect("funding:eu_size_accounts_edit", organisation.pk)
    linked = Reading(organisation, request.user, today).ledger_firms
    form = FirmForm(request.POST or None, instance=firm, today=today, linked=linked)
    return save(request, form, organisation, "Modifier une entreprise comptée")


def get_firm(request, pk):
    firms = CountedFirm.objects.visible_to(request.user).for_edit()
    firm = get_object_or_404(firms, pk=pk)
    check(can_edit, request.user, firm.organisation.territory)
    return firm


def save(request, form, organisation, title, hints=()):
    """Write what was sent, or show the form: first, refused, or overtaken by a colleague."""
    is_new = form.instance.pk is None
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                firm = form.save() if is_new else form.save_over()
                if firm.tie == OWN:
                    eu_size.tell_record(organisation)
                elif firm.tie != PUBLIC:
                    eu_size.withdraw_alone(organisation)
        except EditConflict:
            form.data = form.data.copy()
            form.data["version"] = CountedFirm.objects.get(pk=form.instance.pk).version
            return form_page(request, form, organisation, title, conflict=True)
        except IntegrityError:  # a colleague added the same firm meanwhile
            messages.warning(request, "Un collègue vient de l’ajouter\u00a0: la voici.")
            return back_to(organisation)
        said(request, firm, is_new=is_new)
        return back_to(organisation)
    return form_page(request, form, organisation, title, hints=hints)


def said(request, firm, *, is_new):
    if firm.tie == OWN:
        messages.success(request, "Les comptes sont notés.")
    elif is_new:
        undo = reverse("funding:eu_size_firm_remove", args=[firm.pk])
        messages.success(request, f"«\u00a0{firm}\u00a0» compte dans la taille.", extra_tags=undo)
    else:
        messages.success(request, f"«\u00a0{firm}\u00a0» est à jour.")


@require_POST
def eu_size_firm_remove(request, pk):
    firm = get_firm(request, pk)
    trace = firm.remove()
    undo = reverse("funding:eu_size_firm_restore", args=[trace.pk])
    what = "Les comptes" if firm.tie == OWN else f"«\u00a0{firm}\u00a0»"
    verb = "sont retirés" if firm.tie == OWN else "ne compte plus dans la taille"
    messages.success(request, f"{what} {verb}.", extra_tags=undo)
    return back_to(firm.organisation)


@require_POST
def eu_size_firm_restore(request, pk):
    """Put a firm back with the accounts that went with it, and not those taken out before."""
    traces = CountedFirm.history.filter(history_type="-")
    trace = get_object_or_404(traces, pk=pk)
    organisation = find(request, trace.organisation_id)
    if CountedFirm.objects.filter(pk=trace.id).exists():  # a second click
        return back_to(organisation)
    gone = FirmAccounts.history.filter(
        firm=trace.id, history_type="-", history_date__gte=trace.history_date - SAME_GESTURE
    )
    try:
        with transaction.atomic():
            firm = CountedFirm.restore(trace)
            for row in gone:
                row.instance.save(force_insert=True)
    except IntegrityError:
        messages.warning(request, "La même entreprise a été ajoutée entre-temps.")
    else:
        messages.success(request, f"«\u00a0{firm}\u00a0» compte de nouveau.")
    return back_to(organisation)


@require_POST
def eu_size_alone(request, pk):
    """« Aucune entreprise liée ni partenaire », by whoever asked, today."""
    organisation, today = find(request, pk), timezone.localdate()
    try:
        eu_size.declare_alone(organisation, request.user, today)
    except eu_size.SizeChanged:
        messages.warning(request, "Une entreprise liée ou partenaire est notée\u00a0: relisez.")
        return render_page(request, Reading(organisation, request.user, today), status=409)
    undo = reverse("funding:eu_size_not_alone", args=[pk])
    said = "C’est noté\u00a0: aucune entreprise liée ni partenaire."
    messages.success(request, said, extra_tags=undo)
    return back_to(organisation)


@require_POST
def eu_size_not_alone(request, pk):
    organisation = find(request, pk)
    eu_size.withdraw_alone(organisation)
    messages.success(request, "La déclaration est retirée\u00a0: la taille reste à confirmer.")
    return back_to(organisation)


@require_POST
def eu_size_adopt(request, pk):
    """Keep the computed size as the answer that verdicts and plans read."""
    organisation, today = find(request, pk), timezone.localdate()
    seen, held = request.POST.get("size", ""), request.POST.get("held", "")
    try:
        before = eu_size.adopt(organisation, seen, held, request.user, today)
    except eu_size.SizeChanged:
        messages.warning(request, "Le calcul ou la réponse a changé entre-temps\u00a0: relisez.")
        reading = Reading(find(request, pk), request.user, today)
        return render_page(request, reading, status=409)
    label = eu_size.Size(seen).label
    undo = reverse("funding:eu_size_undo", args=[pk, before.pk])
    said = (
        f"Taille retenue le {day(today)}\u00a0: {label.lower()}. Les dispositifs sont recalculés."
    )
    messages.success(request, said, extra_tags=undo)
    return back_to(organisation)


@require_POST
def eu_size_undo(request, pk, history):
    organisation = find(request, pk)
    before = get_object_or_404(organisation.history, pk=history)
    try:
        eu_size.take_back(organisation, before)
    except eu_size.SizeChanged:
        messages.warning(request, "Une autre réponse a été donnée depuis\u00a0: elle reste.")
    else:
        messages.success(request, "La réponse d’avant est remise.")
    return back_to(organisation)
