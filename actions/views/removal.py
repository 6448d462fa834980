"""What is removed, after a confirmation, and put back whole: nothing that proves or decides."""

from dataclasses import dataclass

from django.contrib import messages
from django.db import IntegrityError, transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from actions.models import (
    Action,
    AgendaItem,
    Amendment,
    Attendance,
    Body,
    BudgetLine,
    Commitment,
    Contract,
    Document,
    Evaluation,
    FrameworkCode,
    Indicator,
    IndicatorTarget,
    IndicatorValue,
    Meeting,
    Milestone,
    Party,
    Payment,
    PublicContract,
    RemovalRefused,
    Seat,
    removed,
)
from crm.decorators import check
from crm.models import Project, Territory
from crm.perms import can_edit
from crm.templatetags.french import plural

SHOWN = 20
OWNERS = (Action, Body, Contract, Meeting)


@dataclass(frozen=True)
class Kind:
    """`parent` is what the row belongs to, `path` the way to its fiche or its territory.

    `taken` says why it does not come back when another one took its place.
    """

    model: type
    words: str
    parent: tuple
    path: str
    taken: str = "Une autre ligne a pris sa place depuis\u00a0: retirez-la d’abord."

    def of(self, viewer):
        rows = self.model.objects.visible_to(viewer).select_related(self.path)
        return rows.exclude(**{self.parent[0]: None})

    def owner(self, row):
        """The fiche, the convention or the meeting of the row, or else its territory."""
        for name in self.path.split("__"):
            row = getattr(row, name)
            if isinstance(row, OWNERS):
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
        IndicatorTarget,
        "la cible",
        ("indicator", Indicator),
        "indicator__action__plan__territory",
        "Cette année a une autre cible depuis\u00a0: retirez-la d’abord.",
    ),
    "budget": Kind(BudgetLine, "la ligne de budget", ("action", Action), "action__plan__territory"),
    "marche": Kind(PublicContract, "le marché", ("action", Action), "action__plan__territory"),
    "cadre": Kind(
        FrameworkCode,
        "l’inscription",
        ("action", Action),
        "action__plan__territory",
        "La fiche porte déjà ce code dans ce cadre\u00a0: retirez-le d’abord.",
    ),
    "point": Kind(AgendaItem, "le point", ("territory", Territory), "territory"),
    "membre": Kind(
        Seat,
        "le membre",
        ("body", Body),
        "body__territory",
        "Cette personne siège de nouveau dans cette instance, ou n’est plus un contact.",
    ),
    "presence": Kind(
        Attendance,
        "la présence",
        ("meeting", Meeting),
        "meeting__territory",
        "Sa présence a été notée de nouveau\u00a0: retirez-la d’abord.",
    ),
    "convention": Kind(Contract, "la convention", ("territory", Territory), "territory"),
    "partie": Kind(
        Party,
        "la partie",
        ("contract", Contract),
        "contract__territory",
        "L’organisme a été supprimé depuis, ou est de nouveau partie à la convention.",
    ),
    "avenant": Kind(
        Amendment,
        "l’avenant",
        ("contract", Contract),
        "contract__territory",
        "Un autre avenant porte ce numéro depuis\u00a0: retirez-le d’abord.",
    ),
    "engagement": Kind(Commitment, "l’engagement", ("contract", Contract), "contract__territory"),
    "versement": Kind(Payment, "le versement", ("contract", Contract), "contract__territory"),
    "evaluation": Kind(
        Evaluation,
        "l’évaluation",
        ("contract", Contract),
        "contract__territory",
        "Cette année a une autre évaluation depuis\u00a0: retirez-la d’abord.",
    ),
    "document-fiche": Kind(Document, "le document", ("action", Action), "action__plan__territory"),
    "document-convention": Kind(
        Document, "le document", ("contract", Contract), "contract__territory"
    ),
    "document-reunion": Kind(Document, "le document", ("meeting", Meeting), "meeting__territory"),
}


def kind_or_404(kind):
    if kind not in KINDS:
        raise Http404
    return KINDS[kind]


def editable(request, kind, pk):
    row = get_object_or_404(kind.of(request.user), pk=pk)
    owner = kind.owner(row)
    check(can_edit, request.user, territory_of(owner))
    return row, owner


def home(row, owner):
    """Where the row is, or was, shown."""
    if isinstance(owner, OWNERS):
        return owner.get_absolute_url()
    if isinstance(row, Contract):
        return reverse("actions:contract_list")
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
    if isinstance(row, Contract):
        count = len(row.parts)
        return f"{plural(count, 'élément part,éléments partent')} avec elle." if count else ""
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
        with transaction.atomic():
            of.model.restore(trace)
    except IntegrityError:
        messages.warning(request, of.taken)
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
    if isinstance(parent, Body | Contract | Meeting):
        return parent.territory
    return parent.plan.territory if isinstance(parent, Action) else parent


def of_action(action):
    """What was removed from a fiche, latest first, in eight queries."""
    rows = [
        *traces("jalon", removed(Milestone).filter(action=action.pk)),
        *traces("indicateur", removed(Indicator).filter(action=action.pk)),
        *traces("cadre", removed(FrameworkCode).filter(action=action.pk)),
        *traces("valeur", removed(IndicatorValue).filter(indicator__in=action.indicators.all())),
        *traces("cible", removed(IndicatorTarget).filter(indicator__in=action.indicators.all())),
        *traces("budget", removed(BudgetLine).filter(action=action.pk)),
        *traces("marche", removed(PublicContract).filter(action=action.pk)),
        *traces("document-fiche", removed(Document).filter(action=action.pk)),
    ]
    return latest(rows)


def latest(rows):
    return sorted(rows, key=lambda row: row["trace"].history_date, reverse=True)[:SHOWN]


def of_contract(contract):
    """What was removed from a convention, latest first; what left with it is not there."""
    return latest(
        [
            *traces("partie", removed(Party).filter(contract=contract.pk)),
            *traces("avenant", removed(Amendment).filter(contract=contract.pk)),
            *traces("engagement", removed(Commitment).filter(contract=contract.pk)),
            *traces("versement", removed(Payment).filter(contract=contract.pk)),
            *traces("evaluation", removed(Evaluation).filter(contract=contract.pk)),
            *traces("document-convention", removed(Document).filter(contract=contract.pk)),
        ]
    )


def contracts_of(territory):
    return traces("convention", removed(Contract).filter(territory=territory.pk))


def of_body(body):
    return traces("membre", removed(Seat).filter(body=body.pk))


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
