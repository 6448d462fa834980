"""What a document may be joined to, and the panel that every such page shows."""

from django.urls import reverse

from actions.models import Action, Contract, Document, Meeting

# What the address calls an owner: its model, the relation of the document, the way to a territory.
OWNERS = {
    "fiche": (Action, "action", "plan__territory"),
    "convention": (Contract, "contract", "territory"),
    "reunion": (Meeting, "meeting", "territory"),
}
ADDRESSES = {model: called for called, (model, _, _) in OWNERS.items()}


def documents_of(request, owner):
    """What the panel of documents shows, for whoever reads the page of `owner`."""
    called = ADDRESSES[type(owner)]
    rows = Document.objects.visible_to(request.user).filter(**{OWNERS[called][1]: owner})
    return {
        "documents": rows.for_list(),
        "documents_url": reverse("actions:document_new", args=[called, owner.pk]),
        "document_kind": f"document-{called}",
    }
