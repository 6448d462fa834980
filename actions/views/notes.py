"""What is said of a fiche over time, and what other frameworks call it."""

from django.contrib import messages
from django.shortcuts import redirect
from django.views.decorators.http import require_http_methods

from actions.forms import FrameworkCodeForm, ProgressNoteForm
from actions.models import FrameworkCode, ProgressNote
from actions.views.followup import editable, editable_action, form_page


@require_http_methods(["GET", "POST"])
def note_new(request, pk):
    action = editable_action(request, pk)
    note = ProgressNote(action=action, by=request.user)
    form = ProgressNoteForm(request.POST or None, instance=note)
    if request.method == "POST" and form.is_valid():
        form.save()
        action.touch()
        messages.success(request, "La note est ajoutée au suivi.")
        return redirect(action)
    return form_page(request, action, form, "Noter le suivi", "Ajouter la note")


@require_http_methods(["GET", "POST"])
def framework_code_new(request, pk):
    action = editable_action(request, pk)
    form = FrameworkCodeForm(request.POST or None, instance=FrameworkCode(action=action))
    if request.method == "POST" and form.is_valid():
        form.save()
        action.touch()
        messages.success(request, "La fiche est inscrite dans ce cadre.")
        return redirect(action)
    return form_page(request, action, form, "Inscrire dans un cadre", "Inscrire la fiche")


@require_http_methods(["GET", "POST"])
def framework_code_edit(request, pk):
    row = editable(request, FrameworkCode.objects, pk)
    form = FrameworkCodeForm(request.POST or None, instance=row)
    if request.method == "POST" and form.is_valid():
        form.save()
        row.action.touch()
        messages.success(request, "L’inscription est à jour.")
        return redirect(row.action)
    return form_page(request, row.action, form, "Modifier l’inscription dans un cadre")
