"""The rows of a file (pieces, steps, corrections, agreement, amendments, tranches): added, edited,
done in one click, removed and put back."""

from dataclasses import dataclass

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST

from actions.models import EditConflict, RemovalRefused
from crm.decorators import check
from crm.perms import can_edit
from funding.forms import filing as forms
from funding.models import (
    Amendment,
    ApplicationPiece,
    ApplicationStep,
    Correction,
    GrantAgreement,
    Tranche,
)
from funding.views.applications import get_application


@dataclass(frozen=True)
class Kind:
    """`done` is the date that one click gives; `anchor` the part of the page that shows the row."""

    model: type
    form: type
    title: str
    the: str
    anchor: str
    feminine: bool = True
    done: str = ""

    def said(self, verb):
        return f"{self.the} est {verb}{'e' if self.feminine else ''}"


KINDS = {
    "piece": Kind(
        ApplicationPiece, forms.PieceForm, "Pièce", "La pièce", "pieces", done="received_on"
    ),
    "etape": Kind(
        ApplicationStep, forms.StepForm, "Étape", "L’étape", "calendrier", done="done_on"
    ),
    "correction": Kind(
        Correction,
        forms.CorrectionForm,
        "Demande de correction",
        "La demande de correction",
        "corrections",
        done="answered_on",
    ),
    "convention": Kind(
        GrantAgreement, forms.AgreementForm, "Convention", "La convention", "convention"
    ),
    "avenant": Kind(
        Amendment, forms.AmendmentForm, "Avenant", "L’avenant", "convention", feminine=False
    ),
    "tranche": Kind(Tranche, forms.TrancheForm, "Tranche", "La tranche", "tranches"),
}


def kind_of(kind):
    if kind not in KINDS:
        raise Http404
    return KINDS[kind]


def get_row(request, kind, pk):
    row = get_object_or_404(kind_of(kind).model.objects.visible_to(request.user).for_edit(), pk=pk)
    check(can_edit, request.user, row.application.territory)
    return row


def back_to(application, kind):
    return redirect(f"{application.get_absolute_url()}#{kind_of(kind).anchor}")


def blank(kind, application):
    """A new row of that kind with what is known already; 404 when it cannot be yet."""
    if kind == "avenant":
        return Amendment(agreement=get_object_or_404(GrantAgreement, application=application))
    row = kind_of(kind).model(application=application)
    if kind == "convention":
        row.amount = application.amount_granted
    if kind == "etape":
        row.position = max((step.position for step in application.steps.all()), default=0) + 1
    if kind == "piece":
        row.position = application.pieces.count()
    return row


@require_http_methods(["GET", "POST"])
def application_row_new(request, pk, kind):
    application = get_application(request, pk, to_edit=True)
    if kind == "convention" and hasattr(application, "agreement"):
        return redirect("funding:application_row_edit", kind, application.agreement.pk)
    row = blank(kind, application)
    form = kind_of(kind).form(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            with transaction.atomic():
                saved = form.save()
        except IntegrityError:  # a colleague noted the convention meanwhile
            return render_row(request, form, application, kind, conflict=True)
        messages.success(
            request,
            f"{kind_of(kind).said('ajouté')}.",
            extra_tags=reverse("funding:application_row_remove", args=[kind, saved.pk]),
        )
        return back_to(application, kind)
    return render_row(request, form, application, kind)


def render_row(request, form, application, kind, *, conflict=False):
    replaced = application.amount_paid if kind == "tranche" and not form.instance.pk else None
    context = {
        "form": form,
        "application": application,
        "subject": application.subject,
        "kind": kind,
        "title": kind_of(kind).title,
        "anchor": kind_of(kind).anchor,
        "conflict": conflict,
        "replaced": replaced if replaced and not application.tranches.exists() else None,
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "funding/application_row_form.html", context, status=status)


@require_http_methods(["GET", "POST"])
def application_row_edit(request, kind, pk):
    row = get_row(request, kind, pk)
    form = kind_of(kind).form(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        try:
            form.save_over()
        except EditConflict:
            form.data = form.data.copy()
            form.data["version"] = type(row).objects.get(pk=pk).version
            return render_row(request, form, row.application, kind, conflict=True)
        messages.success(request, f"{kind_of(kind).the} est à jour.")
        return back_to(row.application, kind)
    return render_row(request, form, row.application, kind)


@require_POST
def application_row_done(request, kind, pk):
    """Received, done or answered today; a second click changes nothing."""
    return date_row(request, kind, pk, timezone.localdate())


@require_POST
def application_row_undone(request, kind, pk):
    return date_row(request, kind, pk, None)


def date_row(request, kind, pk, day):
    name = kind_of(kind).done
    if not name:
        raise Http404
    row = get_row(request, kind, pk)
    if (getattr(row, name) is None) != (day is None):
        setattr(row, name, day)
        try:
            row.save_over(row.version)
        except EditConflict:
            messages.warning(request, "Quelqu’un a modifié la ligne entre-temps\u00a0: la voici.")
            return back_to(row.application, kind)
        undo = "funding:application_row_undone" if day else "funding:application_row_done"
        word = row._meta.get_field(name).verbose_name.removesuffix(" le")
        messages.success(
            request,
            f"« {row} » : {word} le {day:%d/%m/%Y}." if day else f"« {row} » n’est plus {word}.",
            extra_tags=reverse(undo, args=[kind, pk]),
        )
    return back_to(row.application, kind)


@require_POST
def application_row_remove(request, kind, pk):
    row = get_row(request, kind, pk)
    application = row.application
    try:
        trace = row.remove()
    except RemovalRefused as refusal:
        messages.warning(request, str(refusal))
    else:
        messages.success(
            request,
            f"{kind_of(kind).said('retiré')}.",
            extra_tags=reverse("funding:application_row_restore", args=[kind, trace.pk]),
        )
    return back_to(application, kind)


@require_POST
def application_row_restore(request, kind, pk):
    model = kind_of(kind).model
    trace = get_object_or_404(model.history.filter(history_type="-"), pk=pk)
    application = get_application(request, application_of(trace), to_edit=True)
    try:
        with transaction.atomic():
            model.restore(trace)
    except IntegrityError:
        messages.warning(request, "Une autre ligne a pris cette place entre-temps.")
    else:
        messages.success(request, f"{kind_of(kind).said('rétabli')}.")
    return back_to(application, kind)


def application_of(trace):
    if hasattr(trace, "application_id"):
        return trace.application_id
    return get_object_or_404(GrantAgreement, pk=trace.agreement_id).application_id
