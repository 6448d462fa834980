"""What a personal link opens: the points that wait for its owner, and nothing else."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from crm import cards_mail
from crm.cards import Cards, give, keep_sighting
from crm.decorators import allow, takes
from crm.models import CardsLink, CardsMail, Sighting
from crm.models.reviews import AlreadyAnswered, MustStepAside
from crm.perms import can_edit, can_review

LINK = Sighting.Via.LINK
NOBODY = (
    "Aucun courriel n’est parti\u00a0: rien n’attend le binôme, il vient d’en recevoir un, ou n’en "
    "veut pas."
)


def by_link(view):
    """view(request, link, …) for a live link whose owner still sits in the pair; else say so."""

    @login_not_required
    @never_cache
    def opened(request, secret, **kwargs):
        link = CardsLink.objects.find(secret)
        if link is None or not can_review(link.user, link.territory):
            return render(request, "crm/cards_link_ended.html", status=410)
        response = view(request, link, secret=secret, **kwargs)
        # Without its path: the address is the secret. A form needs the origin.
        response["Referrer-Policy"] = "strict-origin"
        return response

    return opened


@require_safe
@by_link
@takes()
def cards_link(request, link, *, secret):
    return page(request, link, secret)


def page(request, link, secret, refused=None):
    context = {
        "cards": Cards(link.user, link.territory, refused),
        "link": link,
        "secret": secret,
        "today": timezone.localdate(),
    }
    return render(request, "crm/cards_link.html", context, status=422 if refused else 200)


@require_POST
@by_link
def cards_link_answer(request, link, *, secret, pk):
    cards = Cards(link.user, link.territory)
    item = cards.find(pk)
    if item is None:
        return render(request, "404.html", status=404)
    card, form = cards.bind(item, request.POST)
    try:
        if not form.is_valid():
            if not cards.waits_for(item):
                raise AlreadyAnswered
            return page(request, link, secret, refused=form)
        give(card, form, link.user, link.territory, via=LINK)
    except (AlreadyAnswered, MustStepAside):
        context = {"request_": item, "secret": secret}
        return render(request, "crm/cards_link_answered.html", context, status=409)
    return redirect("crm:cards_link", secret)


@require_POST
@by_link
def cards_link_seen(request, link, *, secret, pk):
    """The card came into sight: a robot that follows the links of a mail sees nothing."""
    cards = Cards(link.user, link.territory)
    item = cards.find(pk)
    if item is None:
        return HttpResponse(status=404)
    (card,) = cards.of([item])
    keep_sighting(card, link.user, via=LINK)
    CardsLink.objects.filter(pk=link.pk, opened_at=None).update(opened_at=timezone.now())
    return HttpResponse(status=204)


@require_POST
@allow(can_edit)
def cards_send(request):
    """The team writes to the pair now, without waiting for the weekly mail."""
    if not cards_mail.is_possible():
        messages.error(request, "Cette installation n’envoie pas de courriel : rien n’est parti.")
        return redirect("crm:review_inbox")
    counts = cards_mail.send_all(territory=request.territory, at_once=True)
    if counts.failed:
        messages.error(request, "Le serveur de courriel a refusé un envoi : réessayez plus tard.")
    if counts.sent:
        messages.success(request, f"Courriels envoyés : {counts.sent}.")
    elif not counts.failed:
        messages.info(request, NOBODY)
    return redirect("crm:review_inbox")


@require_POST
@allow(can_review)
def cards_mail_choice(request):
    """A member of the pair turns the weekly mail on or off."""
    wanted = request.POST.get("wanted") == "1"
    CardsMail.objects.update_or_create(
        user=request.user, territory=request.territory, defaults={"is_wanted": wanted}
    )
    messages.success(
        request,
        "Vous recevrez le courriel de la semaine."
        if wanted
        else "Vous ne recevrez plus ce courriel.",
    )
    return redirect("crm:review_inbox")


@require_POST
@allow(can_edit)
def cards_links_revoke(request, pk):
    """The links of a member stop opening anything: a mail went to the wrong place."""
    member = get_object_or_404(request.territory.memberships, pk=pk)
    live = CardsLink.objects.live().filter(territory=request.territory, user=member.user_id)
    live.update(revoked_at=timezone.now())
    messages.success(request, "Les liens envoyés à cette personne n’ouvrent plus rien.")
    return redirect("crm:review_inbox")
