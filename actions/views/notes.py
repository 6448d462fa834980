"""What is said of a fiche over time."""

from django.views.decorators.http import require_http_methods

from actions.forms import ProgressNoteForm
from actions.models import ProgressNote
from actions.views.followup import add, editable_action


@require_http_methods(["GET", "POST"])
def note_new(request, pk):
    note = ProgressNote(action=editable_action(request, pk), by=request.user)
    return add(
        request,
        ProgressNoteForm(request.POST or None, instance=note),
        title="Noter le suivi",
        submit="Ajouter la note",
        done="La note est ajoutée au suivi.",
        anchor="notes",
    )
