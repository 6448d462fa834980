"""Documents joined to a fiche, a convention or a meeting."""

from django.contrib import messages
from django.db import transaction
from django.http import Http404, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils.http import content_disposition_header
from django.views.decorators.http import require_http_methods, require_safe

from actions.document_forms import DocumentEditForm, DocumentForm
from actions.documents import OWNERS
from actions.models import Action, Document, EditConflict
from actions.views.fiches import missed, over
from crm.decorators import check
from crm.perms import can_edit


def territory_of(owner):
    return owner.plan.territory if isinstance(owner, Action) else owner.territory


@require_http_methods(["GET", "POST"])
def document_new(request, kind, pk):
    if kind not in OWNERS:
        raise Http404
    model, name, path = OWNERS[kind]
    owner = get_object_or_404(model.objects.visible_to(request.user).select_related(path), pk=pk)
    check(can_edit, request.user, territory_of(owner))
    document = Document(**{name: owner}, by=request.user)
    sent = (request.POST, request.FILES) if request.method == "POST" else ()
    form = DocumentForm(*sent, instance=document)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            document = form.save()
        undo = reverse("actions:remove", args=[f"document-{kind}", document.pk])
        messages.success(request, f"«\u00a0{document}\u00a0» est joint.", extra_tags=undo)
        return redirect(f"{owner.get_absolute_url()}#documents")
    return form_page(request, form, owner, "Joindre un document", "Joindre")


@require_http_methods(["GET", "POST"])
def document_edit(request, pk):
    document = readable(request, pk)
    owner = document.owner
    check(can_edit, request.user, territory_of(owner))
    form = DocumentEditForm(request.POST or None, instance=document)
    if request.method == "POST" and form.is_valid():
        try:
            form.save()
        except EditConflict:
            document = readable(request, pk)
            conflict = missed(document, form.cleaned_data["version"], called="ce document")
            form = DocumentEditForm(over(request, document), instance=document)
            return form_page(request, form, owner, "Modifier le document", conflict=conflict)
        messages.success(request, "Le document est à jour.")
        return redirect(f"{owner.get_absolute_url()}#documents")
    return form_page(request, form, owner, "Modifier le document")


def form_page(request, form, owner, title, submit="Enregistrer", conflict=None):
    context = {
        "form": form,
        "owner": owner,
        "title": title,
        "submit": submit,
        "conflict": conflict,
    }
    status = 409 if conflict else 422 if form.errors else 200
    return render(request, "actions/document_form.html", context, status=status)


def readable(request, pk):
    rows = Document.objects.visible_to(request.user).select_related(
        "action__plan__territory", "contract__territory", "meeting__territory", "file"
    )
    return get_object_or_404(rows, pk=pk)


@require_safe
def document(request, pk):
    """The bytes as they were received, always to be saved, never to be shown as a page."""
    found = readable(request, pk)
    response = HttpResponse(bytes(found.file.content), content_type=found.content_type)
    response.headers["Content-Disposition"] = content_disposition_header(True, found.name)
    response.headers["Content-Security-Policy"] = "sandbox"
    return response
