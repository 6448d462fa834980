from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import F
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.decorators import allow, check, takes
from crm.forms.reviews import AnswerForm, AskForm
from crm.htmx import render_panel
from crm.models import PAIR, Project, ReviewRequest, Role
from crm.models.reviews import AlreadyAnswered
from crm.perms import can_edit, can_read_reviews, can_review, role_in

CARDS = 3
ROLES = [Role(role) for role in PAIR]


@require_safe
@allow(can_read_reviews)
@takes()
def review_inbox(request):
    """The pair sees what waits for them, three at a time; the team sees where each one stands."""
    visible = ReviewRequest.objects.visible_to(request.user).filter(
        project__territory=request.territory
    )
    if can_review(request.user, request.territory):
        return render(request, "crm/review_inbox.html", inbox(request, visible))
    lines = [line(review, request.user) for review in visible.for_cards()[:100]]
    return render(request, "crm/review_list.html", {"lines": lines})


def inbox(request, visible, refused=None):
    mine = (
        visible.waiting_for(request.user)
        .for_cards()
        .order_by(F("due_on").asc(nulls_last=True), "asked_at")
    )
    waiting = list(mine)
    cards = [
        {
            "request": item,
            "form": refused if refused and refused.prefix == f"p{item.pk}" else form_for(item),
            "other_answered": bool(item.answered_roles),
            "is_last": number == len(waiting),
        }
        for number, item in enumerate(waiting[:CARDS], start=1)
    ]
    answered = visible.filter(reviews__reviewer=request.user).for_cards()[:20]
    return {
        "cards": cards,
        "total": len(waiting),
        "past": [line(review, request.user) for review in answered],
        "other_role": next(role for role in ROLES if role != request.role),
        "today": timezone.localdate(),
    }


def form_for(item, data=None):
    return AnswerForm(data, prefix=f"p{item.pk}")


def line(item, viewer):
    """A request with what this viewer may know of its answers."""
    return {
        "request": item,
        "reviews": item.readable_reviews(viewer),
        "answered": [(role.label, role in item.answered_roles) for role in ROLES],
    }


@require_POST
def review_answer(request, pk):
    item = get_object_or_404(ReviewRequest.objects.visible_to(request.user).for_cards(), pk=pk)
    check(can_review, request.user, item.project.territory)
    form = form_for(item, request.POST)
    if not form.is_valid():
        visible = ReviewRequest.objects.visible_to(request.user).filter(
            project__territory=request.territory
        )
        context = inbox(request, visible, refused=form)
        return render(request, "crm/review_inbox.html", context, status=422)
    try:
        item.answer(
            by=request.user,
            role=role_in(request.user, item.project.territory_id),
            answer=form.cleaned_data["answer"],
            comment=form.cleaned_data["comment"],
        )
    except AlreadyAnswered:
        return render(request, "crm/review_answered.html", {"request_": item}, status=409)
    messages.success(request, "Votre avis est enregistré.")
    return redirect("crm:review_inbox")


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
