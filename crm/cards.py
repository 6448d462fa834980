"""The points that wait for a member of the pair: three at a time, as they may see them."""

import hashlib
import json
from functools import cached_property

from django.db.models import F
from django.utils import timezone

from crm.forms.reviews import AnswerForm
from crm.models import PAIR, ReviewRequest, Role, Sighting
from crm.models.interests import holders_at_stake, rivals_of
from crm.perms import role_in

SHOWN = 3
HIDDEN = "masqué"


class Card:
    """A question with what this member may see of it."""

    def __init__(self, request, form, *, number, total, is_rival, steps_aside):
        self.request = request
        self.form = form
        self.number, self.total = number, total
        self.is_rival, self.steps_aside = is_rival, steps_aside

    @property
    def is_last(self):
        return self.number == self.total

    @property
    def other_answered(self):
        return bool(self.request.answered_roles)

    @property
    def investment(self):
        return None if self.is_rival else self.request.project.planned_investment

    @property
    def jobs(self):
        return None if self.is_rival else self.request.project.jobs_created_planned

    @property
    def context(self):
        """The team’s own words may tell a competitor’s figures."""
        return "" if self.is_rival else self.request.context

    @property
    def shown(self):
        """What is displayed, as `Sighting` keeps it."""
        project = self.request.project
        kept = {
            "projet": project.title,
            "porteur": project.holder.name,
            "lieu": str(project.place) if project.place else None,
            "étape": project.stage.short,
            "question": self.request.question,
            "à savoir": self.context,
            "proposition": self.request.proposal,
            "réponse souhaitée le": _text(self.request.due_on),
        }
        if self.is_rival:
            return kept | {"montants": HIDDEN}
        return kept | {
            "investissement prévu": _text(self.investment),
            "emplois créés prévus": _text(self.jobs),
        }


def _text(value):
    return None if value is None else str(value)


class Cards:
    """What waits for `user` in a territory; `refused` is the answer that a form sent back."""

    def __init__(self, user, territory, refused=None):
        self.user, self.territory, self.refused = user, territory, refused

    @property
    def role(self):
        return role_in(self.user, self.territory.pk)

    @property
    def other_role(self):
        return next(Role(role) for role in PAIR if role != self.role)

    @cached_property
    def requests(self):
        """All that they may read in the territory, answered or not."""
        return ReviewRequest.objects.visible_to(self.user).filter(project__territory=self.territory)

    @cached_property
    def waiting(self):
        mine = self.requests.waiting_for(self.user).for_cards()
        return list(mine.order_by(F("due_on").asc(nulls_last=True), "asked_at"))

    @property
    def total(self):
        return len(self.waiting)

    @cached_property
    def shown(self):
        return self.of(self.waiting[:SHOWN])

    def rivals_among(self, requests):
        """The ids of the holders that are competitors of this member."""
        holders = [request.project.holder_id for request in requests]
        return set(rivals_of(self.user).filter(pk__in=holders).values_list("pk", flat=True))

    def of(self, requests):
        rivals = self.rivals_among(requests)
        holders = [request.project.holder_id for request in requests]
        stakes = holders_at_stake(self.user).filter(organisation__in=holders)
        at_stake = set(stakes.values_list("organisation", flat=True))
        return [
            Card(
                request,
                self._form(request, request.project.holder_id in at_stake),
                number=number,
                total=self.total,
                is_rival=request.project.holder_id in rivals,
                steps_aside=request.project.holder_id in at_stake,
            )
            for number, request in enumerate(requests, start=1)
        ]

    def _form(self, request, steps_aside):
        form = AnswerForm(prefix=f"p{request.pk}", steps_aside=steps_aside)
        refused = self.refused
        return refused if refused is not None and refused.prefix == form.prefix else form

    def answered(self):
        return self.requests.filter(reviews__reviewer=self.user).for_cards()[:20]

    def find(self, pk):
        """The request that one answers, or None: someone else’s is nobody’s business."""
        return self.requests.for_cards().filter(pk=pk).first()

    def waits_for(self, request):
        """Whether their answer is still awaited: another of the same role may have given it."""
        return request.closed_at is None and self.role not in request.answered_roles

    def bind(self, request, data):
        """The form of what was sent for this request."""
        (card,) = self.of([request])
        form = AnswerForm(data, prefix=f"p{request.pk}", steps_aside=card.steps_aside)
        return card, form


def keep_sighting(card, user, *, via, now=None):
    """Once for each content: a second look at the same card adds nothing."""
    shown = card.shown
    digest = hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()
    Sighting.objects.get_or_create(
        request=card.request,
        user=user,
        digest=digest,
        defaults={"shown": shown, "via": via, "seen_at": now or timezone.now()},
    )


def give(card, form, user, territory, *, via):
    """Record the answer of a valid form, and what was before their eyes."""
    keep_sighting(card, user, via=via)
    return card.request.answer(
        by=user,
        role=role_in(user, territory.pk),
        answer=form.cleaned_data["answer"],
        comment=form.cleaned_data["comment"],
    )
