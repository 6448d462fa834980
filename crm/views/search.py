from django.shortcuts import render
from django.urls import reverse
from django.utils.http import urlencode
from django.views.decorators.http import require_safe

from crm.models import Contact, Organisation, Project
from crm.perms import can_edit
from crm.search import normalise

SHOWN = 8


@require_safe
def search(request):
    """Whatever one may see in the current territory and that holds each word that was typed."""
    text = request.GET.get("q", "").strip()[:200]
    groups = [group for group in found(request, text) if group["count"]] if text else []
    context = {
        "text": text,
        "groups": groups,
        "total": sum(group["count"] for group in groups),
        "can_edit": can_edit(request.user, request.territory),
        "new_url": f"{reverse('crm:organisation_new')}?{urlencode({'name': text})}",
    }
    return render(request, "crm/search.html", context)


def found(request, text):
    """A group by kind of thing: its count, its first rows, and the list of them all."""
    user, query = request.user, urlencode({"q": text})
    here = {"territory": request.territory}
    organisations = Organisation.objects.visible_to(user).filter(**here).search(text)
    projects = Project.objects.visible_to(user).filter(**here).search(text)
    contacts = Contact.objects.visible_to(user).filter(organisation__territory=request.territory)
    people = named(contacts, text)
    return [
        {
            "kind": "organisation",
            "count": organisations.count(),
            "rows": organisations.for_list(user)[:SHOWN],
            "all_url": f"{reverse('crm:organisation_list')}?{query}",
        },
        {
            "kind": "project",
            "count": projects.count(),
            "rows": projects.for_list()[:SHOWN],
            "all_url": f"{reverse('crm:project_list')}?{query}",
        },
        {"kind": "contact", "count": len(people), "rows": people, "all_url": ""},
    ]


def named(contacts, text):
    """Contacts by name, position, e-mail or number: a few thousand rows at most, read here.

    They have no search column: personal data is not copied twice.
    """
    words, digits = normalise(text).split(), "".join(filter(str.isdigit, text))
    return [
        contact
        for contact in contacts.select_related("organisation")
        if all(word in described(contact) for word in words)
        or (len(digits) >= 6 and digits in "".join(filter(str.isdigit, contact.phone)))
    ]


def described(contact):
    return normalise(f"{contact} {contact.position} {contact.email}")
