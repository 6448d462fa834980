"""What is removed, after a confirmation, and put back whole: nothing that proves or decides."""

from dataclasses import dataclass

from django.contrib import messages
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from actions.models import (
    Action,
    AgendaItem,
    BudgetLine,
    FrameworkCode,
    Indicator,
    IndicatorTarget,
    IndicatorValue,
    Milestone,
    PublicContract,
    RemovalRefused,
    removed,
)
from crm.decorators import check
from crm.models import Project, Territory
from crm.perms import can_edit
from crm.templatetags.french import plural

SHOWN = 20


@dataclass(frozen=True)
class Kind:
    """`parent` is what the row belongs to, `path` the way to its fiche or its territory."""

    model: type
    words: str
    parent: tuple
    path: str

    def of(self, viewer):
        return self.model.objects.visible_to(viewer).select_related(self.path)

    def owner(self, row):
        """The fiche of the row, or the territory of a point."""
        for name in self.path.split("__"):
            row = getattr(row, name)
            if isinstance(row, Action):
                break
        return row


# What the address calls a row.
KINDS = {
    "jalon": Kind(Milestone, "le jalon", ("action", Action), "action__plan__territory"),
    "indicateur": Kind(Indicator, "l’indicateur", ("action", Action), "action__plan__territory"),
    "valeur": Kind(
        IndicatorValue, "la valeur", ("indicator", Indicator), "indicator__action__plan__territory"
    ),
    "cible": Kind(
        IndicatorTarget, "la cible", ("indicator", Indicator), "indicator__action__plan__territory"
    ),
    "budget": Kind(BudgetLine, "la ligne de budget", ("action", Action), "action__plan__territory"),
    "marche": Kind(PublicContract, "le marché", ("action", Action), "action__plan__territory"),
    "cadre": Kind(FrameworkCode, "l’inscription", ("action", Action), "action__plan__territory"),
    "point": Kind(AgendaItem, "le point", ("territory", Territory), "territory"),
}


def kind_or_404(kind):
    if kind not in KINDS:
        raise Http404
    return KINDS[kind]


def editable(request, kind, pk):
    row = get_object_or_404(kind.of(request.user), pk=pk)
    owner = kind.owner(row)
    check(can_edit, request.user, owner.plan.territory if isinstance(owner, Action) else owner)
    return row, owner


def home(row, owner):
    """Where the row is, or was, shown."""
    if isinstance(owner, Action):
        return owner.get_absolute_url()
    return row.meeting.get_absolute_url() if row.meeting else reverse("actions:meeting_list")


@require_http_methods(["GET", "POST"])
def remove(request, kind, pk):
    row, owner = editable(request, kind_or_404(kind), pk)
    if request.method == "GET" or row.why_it_stays():
        return ask(request, kind, row, owner, refusal=row.why_it_stays())
    try:
        trace = row.remove()
    except RemovalRefused as refusal:
        return ask(request, kind, row, owner, refusal=str(refusal))
    told(owner)
    undo = reverse("actions:restore", args=[kind, trace.pk])
    messages.success(request, f"Retiré : {KINDS[kind].words} « {row} ».", extra_tags=undo)
    return redirect(home(row, owner))


def ask(request, kind, row, owner, *, refusal):
    context = {
        "row": row,
        "words": KINDS[kind].words,
        "loss": loss(row),
        "back": home(row, owner),
        "refusal": refusal,
    }
    return render(request, "actions/remove.html", context, status=409 if refusal else 200)


def loss(row):
    """What goes with the row, as the confirmation says it."""
    if not isinstance(row, Indicator):
        return ""
    lost = (
        (row.values.count(), "valeur datée part,valeurs datées partent"),
        (row.targets.count(), "cible annuelle part,cibles annuelles partent"),
    )
    return " ".join(f"{plural(count, words)} avec lui." for count, words in lost if count)


def told(owner):
    """Whoever reads what changed since a date is told that a part of the fiche changed."""
    if isinstance(owner, Action):
        owner.touch()


@require_POST
def restore(request, kind, pk):
    """Put back what was removed, once; without what it belongs to, there is nothing to put back."""
    of = kind_or_404(kind)
    trace = get_object_or_404(of.model.history.filter(history_type="-"), pk=pk)
    name, model = of.parent
    parents = model.objects.visible_to(request.user)
    parent = get_object_or_404(parents, pk=getattr(trace, f"{name}_id"))
    if getattr(trace, "project_id", None):
        get_object_or_404(Project.objects.visible_to(request.user), pk=trace.project_id)
    check(can_edit, request.user, territory_of(parent))
    try:
        of.model.restore(trace)
    except RemovalRefused as refusal:
        messages.error(request, str(refusal))
        return redirect(parent_page(parent))
    row, owner = editable(request, of, trace.id)
    told(owner)
    messages.success(request, f"Rétabli : {of.words} « {row} ».")
    return redirect(home(row, owner))


def parent_page(parent):
    """Where one reads why it did not come back."""
    return (parent.action if isinstance(parent, Indicator) else parent).get_absolute_url()


def territory_of(parent):
    if isinstance(parent, Indicator):
        parent = parent.action
    return parent.plan.territory if isinstance(parent, Action) else parent


def of_action(action):
    """What was removed from a fiche, latest first, in seven queries."""
    rows = [
        *traces("jalon", removed(Milestone).filter(action=action.pk)),
        *traces("indicateur", removed(Indicator).filter(action=action.pk)),
        *traces("cadre", removed(FrameworkCode).filter(action=action.pk)),
        *traces("valeur", removed(IndicatorValue).filter(indicator__in=action.indicators.all())),
        *traces("cible", removed(IndicatorTarget).filter(indicator__in=action.indicators.all())),
        *traces("budget", removed(BudgetLine).filter(action=action.pk)),
        *traces("marche", removed(PublicContract).filter(action=action.pk)),
    ]
    return sorted(rows, key=lambda row: row["trace"].history_date, reverse=True)[:SHOWN]


def of_territory(territory):
    return traces("point", removed(AgendaItem).filter(territory=territory.pk))[:SHOWN]


def traces(kind, rows):
    return [
        {
            "trace": row,
            "name": str(row.instance),
            "words": KINDS[kind].words,
            "url": reverse("actions:restore", args=[kind, row.pk]),
        }
        for row in rows.select_related("history_user")[:SHOWN]
    ]
