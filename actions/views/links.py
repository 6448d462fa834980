"""Who takes part in a fiche, seen from the fiche, from the project and from the organisation."""

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.forms import LinkForm
from actions.models import Action, Synergy
from actions.views.followup import editable_action
from crm.decorators import check
from crm.htmx import is_fragment, render_page
from crm.models import Organisation, Project
from crm.perms import can_edit, can_work_in_team
from crm.query import row_id

CANDIDATES = 12
# What the address calls a link → the relation of the fiche, the model, and the words.
KINDS = {
    "entreprise": ("organisations", Organisation, "une entreprise participante"),
    "partenaire": ("partners", Organisation, "un partenaire technique"),
    "financeur": ("financial_partners", Organisation, "un partenaire financier"),
    "projet": ("projects", Project, "un projet"),
}


def kind_or_404(kind):
    if kind not in KINDS:
        raise Http404
    return KINDS[kind]


def linkable(request, action, model):
    """What the person may read in the territory of the fiche."""
    return model.objects.visible_to(request.user).filter(territory=action.plan.territory)


@require_safe
def action_link(request, pk):
    """Search what to link, by name; works as a page, and as a fragment while one types."""
    action = editable_action(request, pk)
    kind, text = request.GET.get("quoi", "entreprise"), request.GET.get("q", "")
    relation, model, words = kind_or_404(kind)
    linked = getattr(action, relation).values("pk")
    candidates = linkable(request, action, model).exclude(pk__in=linked).search(text)
    if kind == "entreprise":
        candidates = candidates.companies()
    context = {
        "action": action,
        "kind": kind,
        "words": words,
        "q": text,
        "candidates": candidates[:CANDIDATES],
        "more": max(candidates.count() - CANDIDATES, 0),
    }
    return render_page(request, "actions/link.html", "actions/_candidates.html", context)


@require_POST
def action_link_add(request, pk, kind, target):
    action = editable_action(request, pk)
    relation, model, _ = kind_or_404(kind)
    subject = get_object_or_404(linkable(request, action, model), pk=target)
    action.link(relation, subject)
    undo = reverse("actions:action_unlink", args=[pk, kind, target])
    messages.success(request, f"« {subject} » est associé à la fiche.", extra_tags=undo)
    return redirect(action)


@require_POST
def action_unlink(request, pk, kind, target):
    action = editable_action(request, pk)
    relation, model, _ = kind_or_404(kind)
    subject = get_object_or_404(linkable(request, action, model), pk=target)
    action.unlink(relation, subject)
    undo = reverse("actions:action_link_add", args=[pk, kind, target])
    messages.success(request, f"« {subject} » est retiré de la fiche.", extra_tags=undo)
    return redirect(action)


@require_http_methods(["GET", "POST"])
def project_panel(request, pk):
    projects = Project.objects.visible_to(request.user).select_related("territory")
    return panel(request, get_object_or_404(projects, pk=pk), "projects", "project_panel")


@require_http_methods(["GET", "POST"])
def organisation_panel(request, pk):
    mine = Organisation.objects.visible_to(request.user).select_related("territory")
    organisation = get_object_or_404(mine, pk=pk)
    return panel(request, organisation, "organisations", "organisation_panel")


def panel(request, subject, relation, name):
    """The fiches of a project or an organisation; the team links and unlinks them in place."""
    actions = Action.objects.visible_to(request.user).filter(plan__territory=subject.territory)
    linked = actions.filter(**{relation: subject})
    free = actions.current().unfinished().exclude(pk__in=linked.values("pk"))
    form = LinkForm(actions=free)
    if request.method == "POST":
        check(can_edit, request.user, subject.territory)
        if "remove" in request.POST:
            removed = get_object_or_404(linked, pk=row_id(request.POST["remove"]))
            removed.unlink(relation, subject)
        else:
            form = LinkForm(request.POST, actions=free)
            if form.is_valid():
                form.cleaned_data["action"].link(relation, subject)
                form = LinkForm(actions=free.all())
        if not form.errors and not is_fragment(request):
            return redirect(subject)
    context = {
        "subject": subject,
        "actions": linked.for_list(),
        "roles": other_roles(subject, actions) if relation == "organisations" else [],
        "synergies": synergies_of(request.user, subject) if relation == "projects" else [],
        "form": form,
        "can_edit": can_edit(request.user, subject.territory),
        "url": reverse(f"actions:{name}", args=[subject.pk]),
    }
    status = 422 if form.errors else 200
    return render_page(request, "actions/panel.html", "actions/_panel.html", context, status)


def synergies_of(viewer, project):
    """Those that a project serves; a project names its holder, so the others wait for the
    agreement of both sides."""
    rows = Synergy.objects.visible_to(viewer).filter(project=project).for_list()
    return rows if can_work_in_team(viewer, project.territory) else rows.with_both_agreements()


def other_roles(organisation, actions):
    """The fiches an organisation carries without being one of those they are for."""
    roles = [
        ("Pilote", actions.filter(pilot=organisation)),
        ("Partenaire technique", actions.filter(partners=organisation)),
        ("Partenaire financier", actions.filter(financial_partners=organisation)),
    ]
    return [(role, action) for role, rows in roles for action in rows.for_list()]
