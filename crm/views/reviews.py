from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Prefetch
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm import cards_mail
from crm.cards import Cards, give, keep_sighting
from crm.decorators import allow, check, takes
from crm.forms.reviews import AskForm
from crm.htmx import render_panel
from crm.models import PAIR, Interest, Project, ReviewRequest, Role, Sighting
from crm.models.reviews import AlreadyAnswered, MustStepAside
from crm.perms import can_edit, can_read_reviews, can_review

ROLES = [Role(role) for role in PAIR]
SIGNED_IN = Sighting.Via.SIGNED_IN


@require_safe
@allow(can_read_reviews)
@takes()
def review_inbox(request):
    """The pair sees what waits for them, three at a time; the team sees where each one stands."""
    if can_review(request.user, request.territory):
        return render(request, "crm/review_inbox.html", inbox(request.user, request.territory))
    visible = ReviewRequest.objects.visible_to(request.user).filter(
        project__territory=request.territory
    )
    declared = Interest.objects.visible_to(request.user).current()
    declared = declared.filter(organisation__territory=request.territory)
    context = {
        "lines": [line(review, request.user) for review in visible.for_cards()[:100]],
        "members": cards_mail.members(request.territory).prefetch_related(
            Prefetch("user__interests", declared.select_related("organisation"), "declared")
        ),
        "can_edit": can_edit(request.user, request.territory),
        "sends_mail": cards_mail.is_possible(),
    }
    return render(request, "crm/review_list.html", context)


def inbox(user, territory, refused=None):
    cards = Cards(user, territory, refused)
    answered = list(cards.answered())
    rivals = cards.rivals_among(answered)
    return {
        "cards": cards,
        "past": [
            line(review, user) | {"is_rival": review.project.holder_id in rivals}
            for review in answered
        ],
        "today": timezone.localdate(),
        "mail": cards_mail.wanted(user, territory),
        "sends_mail": cards_mail.is_possible(),
    }


def line(item, viewer):
    """A request with what this viewer may know of its answers."""
    return {
        "request": item,
        "reviews": item.readable_reviews(viewer),
        "answered": [(role.label, role in item.answered_roles) for role in ROLES],
        "sightings": list(item.sightings.all()),
        "is_rival": False,
    }


@require_POST
def review_answer(request, pk):
    item = get_object_or_404(ReviewRequest.objects.visible_to(request.user).for_cards(), pk=pk)
    territory = item.project.territory
    check(can_review, request.user, territory)
    cards = Cards(request.user, territory)
    card, form = cards.bind(item, request.POST)
    try:
        if not form.is_valid():
            if not cards.waits_for(item):
                raise AlreadyAnswered
            context = inbox(request.user, territory, refused=form)
            return render(request, "crm/review_inbox.html", context, status=422)
        give(card, form, request.user, territory, via=SIGNED_IN)
    except (AlreadyAnswered, MustStepAside):
        return render(request, "crm/review_answered.html", {"request_": item}, status=409)
    messages.success(request, "Votre avis est enregistré.")
    return redirect("crm:review_inbox")


@require_POST
def review_seen(request, pk):
    """The card came into sight: kept once for each content."""
    item = get_object_or_404(ReviewRequest.objects.visible_to(request.user).for_cards(), pk=pk)
    check(can_review, request.user, item.project.territory)
    (card,) = Cards(request.user, item.project.territory).of([item])
    keep_sighting(card, request.user, via=SIGNED_IN)
    return HttpResponse(status=204)


@require_http_methods(["GET", "POST"])
def review_ask(request, pk):
    project = get_object_or_404(Project.objects.visible_to(request.user).for_list(), pk=pk)
    check(can_edit, request.user, project.territory)
    form = AskForm(request.POST or None, project=project)
    if request.method == "POST" and form.is_valid():
        with transaction.atomic():
            form.save(by=request.user)
        messages.success(request, "La question est posée au binôme.")
        return redirect(project)
    context = {"project": project, "form": form}
    return render(request, "crm/review_ask.html", context, status=422 if form.errors else 200)


@require_safe
def review_panel(request, pk):
    project = get_object_or_404(Project.objects.visible_to(request.user), pk=pk)
    if not can_read_reviews(request.user, project.territory):
        raise PermissionDenied
    requests = ReviewRequest.objects.visible_to(request.user).filter(project=project)
    context = {
        "project": project,
        "lines": [line(item, request.user) for item in requests.for_cards()],
        "can_edit": can_edit(request.user, project.territory),
    }
    return render_panel(request, "crm/_review_panel.html", context)


@require_POST
def review_close(request, pk):
    item = get_object_or_404(
        ReviewRequest.objects.visible_to(request.user).select_related("project__territory"), pk=pk
    )
    check(can_edit, request.user, item.project.territory)
    closed = ReviewRequest.objects.filter(pk=item.pk, closed_at=None)
    if closed.update(closed_at=timezone.now()):
        messages.success(request, "La question est retirée.")
    return redirect(item.project)
