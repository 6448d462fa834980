"""The collective projects that nobody declared, and what the team makes of each."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import IntegrityError, transaction
from django.http import QueryDict
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.collective import detection
from actions.collective.detected import CIRCULAR, FLOW, Detection, programs_url
from actions.collective.detection_forms import (
    ELSEWHERE,
    EVERYWHERE,
    PRIORITIES,
    DecideForm,
    DetectionForm,
    ProposeForm,
    free_code,
)
from actions.models import Action, ActionPlan, ClusterDecision, Synergy
from crm.decorators import allow
from crm.htmx import render_page
from crm.models import Organisation, Territory
from crm.perms import can_edit
from crm.query import row_id

RADIUS = "20"
JOURNAL = 20
PARTS = [
    ("examiner", "À examiner"),
    ("surveiller", "Surveillés"),
    ("retenir", "Retenus"),
    ("ecarter", "Écartés"),
]
STALE = "Quelqu’un a donné une autre suite entre-temps\u00a0: relisez-la avant de décider."


@require_safe
def clusters(request):
    """What several companies ask for, in parts by what was decided of it."""
    reading, form = read(request)
    rows = reading.found(**form.asked) if form.is_valid() else []
    context = {
        "form": form,
        "parts": [(key, label, [row for row in rows if row.state == key]) for key, label in PARTS],
        "count": len(rows),
        "has_points": reading.has_points,
        "can_edit": can_edit(request.user, request.territory),
        "journal": journal(request),
        "query": request.GET.urlencode(),
    }
    status = 200 if form.is_valid() else 400
    return render_page(
        request, "actions/detection.html", "actions/_detected.html", context, status=status
    )


def read(request):
    """What may be read, since the day that is asked, and the form of the filters."""
    reading = Detection(request.user, request.territory)
    divisions = {one.division for one in reading.voices.companies.values()} - {""}
    form = DetectionForm(
        request.GET,
        territory=request.territory,
        needs={voice.need for voice in reading.voices.all},
        divisions=divisions,
        radius=RADIUS if reading.has_points else EVERYWHERE,
    )
    if form.is_valid() and form.cleaned_data["depuis"]:
        reading.voices.keep_since(form.cleaned_data["depuis"])
    return reading, form


def journal(request):
    """The last decisions, those that were undone or replaced among them."""
    mine = ClusterDecision.objects.visible_to(request.user).filter(territory=request.territory)
    return mine.select_related("by", "ended_by", "action")[:JOURNAL]


@require_safe
def detection_panel(request):
    """On the page of the day: how many wait to be looked at, and the first of them."""
    reading = Detection(request.user, request.territory)
    radius = int(RADIUS) if reading.has_points else None
    waiting = [row for row in reading.found(radius=radius) if row.state == "examiner"]
    context = {"waiting": waiting[:3], "more": max(len(waiting) - 3, 0)}
    return render_page(
        request, "actions/detection_page.html", "actions/_detection_panel.html", context
    )


@require_POST
@allow(can_edit)
def detection_decide(request):
    form = DecideForm(request.POST)
    if not form.is_valid():
        for errors in form.errors.values():
            messages.error(request, errors[0])
        return back(request)
    data = form.cleaned_data
    heard = Heard(request, data["besoin"], data["entreprises"])
    decision = ClusterDecision(
        choice=data["suite"], reason=data["motif"], said=data["dit"], **heard.values
    )
    if heard.write(decision, seen=row_id(data["precedente"])):
        undo = reverse("actions:detection_undo", args=[decision.pk])
        messages.success(
            request, f"{decision.get_choice_display()}\u00a0: {decision.said}.", extra_tags=undo
        )
    else:
        messages.error(request, STALE)
    return back(request)


class Heard:
    """A decision about some companies, beside all that is known of their need today."""

    def __init__(self, request, need, companies):
        self.request = request
        everybody, facts = Detection(request.user, request.territory).heard(need)
        if not companies <= everybody:
            raise BadRequest("Ces entreprises ne sont pas celles de ce besoin.")
        self.values = {
            "territory": request.territory,
            "need": need,
            "companies": sorted(companies),
            "heard_companies": sorted(everybody),
            "heard_facts": sorted(facts),
            "by": request.user,
        }

    @transaction.atomic
    def write(self, decision, *, seen):
        """False, and nothing written, when the decision in force is not the one that was read."""
        Territory.objects.select_for_update().get(pk=self.request.territory.pk)
        mine = ClusterDecision.objects.visible_to(self.request.user).in_force()
        current = self.current(mine.filter(territory=self.request.territory, need=decision.need))
        if (current.pk if current else 0) != seen:
            return False
        if current:
            return current.replace(decision)
        decision.save()
        return True

    def current(self, decisions):
        """The decision in force about these companies, by the rule that the page follows."""
        of_pk = {one.pk: one for one in decisions}
        alone = detection.Standing(self.values["need"], frozenset(self.values["companies"]))
        pairs = detection.paired([alone], [one.as_decided for one in of_pk.values()])
        return of_pk[pairs[0].pk] if pairs else None


@require_POST
@allow(can_edit)
def detection_undo(request, pk):
    mine = ClusterDecision.objects.visible_to(request.user)
    decision = get_object_or_404(mine, pk=pk, territory=request.territory)
    if decision.undo(by=request.user):
        stays = f" La fiche {decision.action.code} reste." if decision.action else ""
        messages.success(request, f"La suite est annulée\u00a0: {decision.said}.{stays}")
    else:
        messages.error(request, STALE)
    return back(request)


def back(request):
    """To the list with the filters that were on; nothing else comes from the address."""
    asked = QueryDict(request.POST.get("filtres", ""), mutable=True)
    query = asked.urlencode()
    return redirect(f"{reverse('actions:detection')}{f'?{query}' if query else ''}")


@require_http_methods(["GET", "POST"])
@allow(can_edit)
def detection_propose(request):
    """A new fiche of the plan, filled with what was detected: title, companies, what is known."""
    if not (request.POST or request.GET):
        return redirect("actions:detection")
    asked = DecideForm({**(request.POST or request.GET).dict(), "suite": "surveillee"})
    if not asked.is_valid():
        raise BadRequest("Ce projet collectif ne se lit pas.")
    plan = ActionPlan.objects.visible_to(request.user).filter(territory=request.territory).current()
    if request.method == "GET" and not plan.exists():
        return redirect("actions:plan")
    need, said = asked.cleaned_data["besoin"], asked.cleaned_data["dit"]
    heard = Heard(request, need, asked.cleaned_data["entreprises"])
    form = propose_form(request, need, said, heard)
    if request.method == "POST" and form.is_valid():
        decision = ClusterDecision(choice="acceptee", said=said, **heard.values)
        try:
            action = accept(form, heard, decision, seen=row_id(asked.cleaned_data["precedente"]))
        except IntegrityError:  # someone else’s fiche came between the look and the write
            form.add_error("code", "Quelqu’un vient de donner ce code à une autre fiche.")
        else:
            if action is None:
                form.add_error(None, STALE)
                return propose_page(request, form, asked)
            undo = reverse("actions:detection_undo", args=[decision.pk])
            messages.success(request, f"La fiche {action.code} est créée.", extra_tags=undo)
            return redirect(action)
    return propose_page(request, form, asked)


def propose_page(request, form, asked):
    need, said = asked.cleaned_data["besoin"], asked.cleaned_data["dit"]
    context = {
        "form": form,
        "asked": asked,
        "said": said,
        "programs_url": programs_url(themes(need)),
    }
    status = 422 if form.errors else 200
    return render(request, "actions/detection_propose.html", context, status=status)


def themes(need):
    return [CIRCULAR] if need.startswith(FLOW) else [need]


def propose_form(request, need, said, heard):
    is_of_flows = need.startswith(FLOW)
    title = request.GET.get("titre", "")[:200]
    plan = ActionPlan.objects.open_for(request.territory)
    wanted = PRIORITIES.get(themes(need)[0], ELSEWHERE)
    return ProposeForm(
        request.POST or None,
        instance=Action(plan=plan, owner=request.user, maturity=Action.Maturity.IDEA),
        companies=nameable(request, need, heard).order_by("search"),
        is_of_flows=is_of_flows,
        initial={
            "code": free_code(plan),
            "title": title,
            "priority": wanted,
            "context": f"{title if is_of_flows else said}. Détecté à partir de ce que les "
            "entreprises ont dit à l’équipe.",
        },
    )


def nameable(request, need, heard):
    """Whom the fiche may name to all its readers; a site that gives something out, only where both
    sides of a synergy agreed to it."""
    mine = Organisation.objects.visible_to(request.user).filter(territory=request.territory)
    mine = mine.filter(pk__in=heard.values["companies"])
    if not need.startswith(FLOW):
        return mine
    agreed = Synergy.objects.visible_to(request.user).with_both_agreements()
    agreed = agreed.filter(need=row_id(need.removeprefix(FLOW)))
    return mine.filter(pk__in=agreed.values("source__site__organisation"))


@transaction.atomic
def accept(form, heard, decision, *, seen):
    """The fiche with its companies and its theme, or None when another decision came first."""
    if not heard.write(decision, seen=seen):
        return None
    action = form.save()
    action.organisations.set(form.cleaned_data["organisations"])
    action.themes.set(themes(decision.need))
    ClusterDecision.objects.filter(pk=decision.pk).update(action=action)
    return action
