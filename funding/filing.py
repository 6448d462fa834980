"""What the page of a file says: pieces, calendar, money, delays, and the next thing to do."""

from dataclasses import dataclass
from functools import cached_property

from django.db.models import Min, OuterRef, Subquery
from django.urls import reverse
from django.utils import timezone

from crm.templatetags.french import day as in_figures
from crm.templatetags.french import euros
from funding.appraisal import calendar, durations, payments, pieces, statuses
from funding.catalogue import rules_of
from funding.financing.payments import months_begun
from funding.models import Application, Tranche

PAST = 500  # the latest files of a funder that delays are learnt from


NAMES = {
    payments.ADVANCE: ("l’avance", "de l’avance"),
    payments.INTERIM: ("l’acompte", "de l’acompte"),
    payments.FINAL: ("le solde", "du solde"),
}


@dataclass(frozen=True)
class NextThing:
    """One sentence, its tone (« bad » late, « ask » to do, « ahead » for later, « » waiting for
    others, « ok » nothing left), and where one does it."""

    text: str
    tone: str = ""
    url: str = ""


class FilingReader:
    """One application as `viewer` reads it on the day `today`; a fixed number of queries."""

    def __init__(self, application, viewer, *, today=None):
        self.application = application
        self.viewer = viewer
        self.today = today or timezone.localdate()

    # Before filing --------------------------------------------------------------------------

    @cached_property
    def window(self):
        return rules_of(self.application.program).window

    @cached_property
    def closing_on(self):
        """The next day on which the program takes files, as eligibility reads its window."""
        return self.window.next_deadline(self.today)

    @cached_property
    def too_late(self):
        """A sentence when the program takes no file on the day aimed at, else nothing."""
        day, window = self.application.due_on, self.window
        if self.application.is_filed or day is None:
            return ""
        if not (window.is_over(day) or window.lacks_next_deadline(day)):
            return ""
        last = max((*window.deadlines, *filter(None, [window.closes_on])), default=None)
        if last is None or last >= day:
            return "Faire confirmer que le dispositif, fermé, prendra ce dossier."
        return (
            "Avancer le dépôt, ou faire confirmer une autre date\u00a0: il est visé le "
            f"{in_figures(day)}, après la dernière date connue du dispositif, le "
            f"{in_figures(last)}."
        )

    @cached_property
    def due_on(self):
        """The day to file by: the one noted, else the next closing of the program."""
        return self.application.due_on or self.closing_on

    @cached_property
    def filing_day(self):
        """The day on which the pieces are judged: that of the filing, done or to come."""
        return self.application.filed_on or self.due_on

    @cached_property
    def pieces(self):
        """[(piece, its state)], in the order of the list."""
        rows = self.application.pieces.all()
        return [(row, row.state(self.filing_day, today=self.today)) for row in rows]

    @cached_property
    def tally(self):
        return pieces.tally(state for row, state in self.pieces if row.is_required)

    @property
    def pieces_left(self):
        """Required pieces that lack, or that will no longer be taken."""
        return sum(count for state, count in self.tally.items() if state != pieces.RECEIVED)

    @cached_property
    def steps(self):
        return [
            calendar.Step(
                key=row,
                label=row.label,
                days=row.days,
                rank=row.position,
                is_done=row.done_on is not None or self._all_pieces_are_in(row),
            )
            for row in self.application.steps.all()
        ]

    def _all_pieces_are_in(self, step):
        return step.code == "pieces" and bool(self.pieces) and not self.pieces_left

    @cached_property
    def calendar(self):
        """[(dated step, its state, « mardi 1er décembre »)], nothing without a day to file by."""
        if self.due_on is None:
            return []
        return [
            (dated, dated.state(self.today), calendar.in_words(dated.ends_on, self.today))
            for dated in calendar.backwards(self.steps, self.due_on)
        ]

    @property
    def next_step(self):
        """The first of the calendar that is left to do, or None."""
        return next((row for row in self.calendar if row[1] != calendar.DONE), None)

    @cached_property
    def missing_days(self):
        if self.application.is_filed or self.due_on is None:
            return 0
        return calendar.missing_days(self.steps, self.due_on, self.today)

    @cached_property
    def due_in_words(self):
        return self.due_on and calendar.in_words(self.due_on, self.today)

    @property
    def shows_corrections(self):
        """While the funder may still ask something, or once it has."""
        application = self.application
        asks = application.is_filed and application.status not in statuses.FINAL
        return bool(self.corrections) or asks

    # The appraisal --------------------------------------------------------------------------

    @cached_property
    def corrections(self):
        return list(self.application.corrections.all())

    @cached_property
    def waiting_correction(self):
        """The correction to answer first; those without a date come last."""
        waiting = [row for row in self.corrections if row.answered_on is None]
        return min(waiting, key=lambda row: (row.due_on is None, row.due_on, row.pk), default=None)

    @cached_property
    def delays(self):
        """How long the funder took for the files that the viewer may read, this one apart."""
        others = Application.objects.visible_to(self.viewer).exclude(pk=self.application.pk)
        return delays_of(others, self.application.program.funder_id)

    @cached_property
    def expected_decision(self):
        """An estimate, unless the funder gave a day or has decided."""
        given = self.application.decision_expected_on or self.application.decided_on
        if given or self.application.status in statuses.FINAL:
            return None
        filed_on = self.application.filed_on or self.due_on
        return durations.expected_decision(self.delays, filed_on, self.application.received_on)

    @cached_property
    def expected_payment(self):
        paid = any(row.is_paid for row in self.tranches)
        if paid or self.application.status != statuses.ACCEPTED:
            return None
        return durations.expected_payment(self.delays, self.application.decided_on)

    # The money ------------------------------------------------------------------------------

    @cached_property
    def agreement(self):
        return getattr(self.application, "agreement", None)

    @cached_property
    def amendments(self):
        return list(self.agreement.amendments.all()) if self.agreement else []

    @cached_property
    def tranches(self):
        return list(self.application.tranches.all())

    @cached_property
    def granted(self):
        """What the payments are judged against: the agreement as amended, else the decision."""
        amount = self.agreement.current_amount if self.agreement else None
        return amount if amount is not None else self.application.amount_granted

    @cached_property
    def final_grant(self):
        return self.agreement.final_grant if self.agreement else None

    @cached_property
    def rules(self):
        return [row.as_rule() for row in self.tranches]

    @cached_property
    def left_to_pay(self):
        """Of the final grant once it is known, of the grant before."""
        due = self.final_grant if self.final_grant is not None else self.granted
        return payments.left_to_pay(due, self.rules) if self.tranches else None

    @cached_property
    def planned(self):
        """What the tranches come to, paid and to come; None while one amount is unknown."""
        amounts = [rule.amount for rule in self.rules if rule.state != payments.REJECTED]
        return sum(amounts) if amounts and None not in amounts else None

    @property
    def planned_in_excess(self):
        """What is still planned above the grant: the last request will be cut by as much."""
        due = self.final_grant if self.final_grant is not None else self.granted
        if due is None or self.planned is None or self.to_give_back is not None:
            return None
        return self.planned - due if self.planned > due else None

    @cached_property
    def to_give_back(self):
        left = self.left_to_pay
        return -left if left is not None and left < 0 else None

    @cached_property
    def limits(self):
        """Advance and interim payments against the rules of the day of the agreement."""
        agreement, application = self.agreement, self.application
        signed_on = agreement.signed_on if agreement else None
        return payments.limits(
            self.granted,
            self.rules,
            program=application.program.legal_code,
            funder=application.program.funder_id,
            day=signed_on or application.decided_on or self.today,
            months=self._months(),
            guaranteed=bool(agreement and agreement.advance_is_guaranteed),
        )

    def _months(self):
        agreement = self.agreement
        if not agreement or not agreement.current_end:
            return None
        start = agreement.starts_on or agreement.signed_on
        return months_begun(start, agreement.current_end) if start else None

    @property
    def is_settled(self):
        return any(row.kind == payments.FINAL and row.is_paid for row in self.tranches)

    # The whole ------------------------------------------------------------------------------

    @cached_property
    def stepper(self):
        """[(label, « done », « current » or « ahead », the day it happened)]"""
        application, agreement = self.application, self.agreement
        at = statuses.step_of(
            application.status, is_agreed=agreement is not None, is_settled=self.is_settled
        )
        days = [
            None,
            application.filed_on,
            application.received_on,
            None,
            application.decided_on,
            agreement and agreement.signed_on,
            max((row.paid_on for row in self.tranches if row.paid_on), default=None)
            if self.is_settled
            else None,
        ]
        places = ["done" if n < at else "current" if n == at else "ahead" for n in range(len(days))]
        labels = list(statuses.STEPS)
        if at < 5:
            labels[at] = application.get_status_display()
        return list(zip(labels, places, days, strict=True))

    @cached_property
    def next_thing(self):
        """The one thing to do now, or to wait for."""
        application = self.application
        if self.waiting_correction:
            return self._correct()
        if not application.is_filed:
            return self._prepare()
        if application.status == statuses.ACCEPTED:
            return self._get_paid()
        if application.status in statuses.FINAL:
            return NextThing("Rien à faire\u00a0: le dossier est clos.", "ok")
        return self._wait()

    def _correct(self):
        row = self.waiting_correction
        url = reverse("funding:application_row_edit", args=["correction", row.pk])
        if row.due_on is None:
            return NextThing("Répondre à la demande de correction, sans date limite.", "ask", url)
        by = calendar.in_words(row.due_on, self.today)
        late = row.due_on < self.today
        return NextThing(
            f"Répondre à la demande de correction\u00a0: au plus tard {by}.",
            "bad" if late else "ask",
            url,
        )

    def _prepare(self):
        if self.due_on is None:
            url = reverse("funding:application_edit", args=[self.application.pk])
            return NextThing("Donner la date de dépôt visée.", "ask", f"{url}#id_due_on")
        if self.too_late:
            url = reverse("funding:application_edit", args=[self.application.pk])
            return NextThing(self.too_late, "ask", f"{url}#id_due_on")
        if self.due_on < self.today:
            return NextThing(f"La date de dépôt est passée\u00a0: {self.due_in_words}.", "bad")
        if self.next_step is None:
            return NextThing(f"Déposer le dossier, au plus tard {self.due_in_words}.", "ask")
        dated, state, by = self.next_step
        tone = {calendar.LATE: "bad", calendar.NOW: "ask"}.get(state, "ahead")
        return NextThing(f"{dated.step.label}\u00a0: au plus tard {by}.", tone, "#calendrier")

    def _wait(self):
        application = self.application
        expected = application.decision_expected_on
        if expected:
            late = expected < self.today
            return NextThing(
                f"Décision attendue vers le {in_figures(expected)}"
                + ("\u00a0: relancer le financeur." if late else "."),
                "bad" if late else "",
            )
        if application.status in {statuses.FILED, statuses.IN_CONSTRUCTION}:
            return NextThing("Obtenir l’accusé de réception ou la complétude.", "ask")
        if application.status == statuses.INCOMPLETE:
            return NextThing("Compléter le dossier.", "ask", "#pieces")
        return NextThing("Attendre la décision\u00a0: le financeur n’a pas donné de date.")

    def _get_paid(self):
        application = self.application
        if self.agreement is None:
            url = reverse("funding:application_row_new", args=[application.pk, "convention"])
            return NextThing("Noter la convention, ou l’arrêté attributif.", "ask", url)
        if self.is_settled:
            return NextThing("Rien à faire\u00a0: le solde est versé.", "ok")
        waiting = [row for row in self.tranches if not row.is_paid and not row.is_rejected]
        if not waiting:
            url = reverse("funding:application_row_new", args=[application.pk, "tranche"])
            text = "Prévoir la prochaine tranche\u00a0: avance, acompte ou solde."
            return NextThing(text, "ask", url)
        return self._next_tranche(waiting[0])

    def _next_tranche(self, row):
        url = reverse("funding:application_row_edit", args=["tranche", row.pk])
        name, of_it = NAMES[row.kind]
        amount = row.amount
        if row.kind == payments.FINAL and self.final_grant is not None:
            amount = self.left_to_pay  # the balance is what is left, whatever was planned
        much = f" ({euros(amount)})" if amount is not None else ""
        if row.state != Tranche.State.PLANNED:
            return NextThing(f"Attendre le versement {of_it}{much}.", "", url)
        if row.due_on is None:
            return NextThing(f"Demander {name}{much}.", "ask", url)
        by = calendar.in_words(row.due_on, self.today)
        tone = "bad" if row.due_on < self.today else "ask"
        return NextThing(f"Demander {name}{much}\u00a0: au plus tard {by}.", tone, url)


def delays_of(applications, funder):
    """The delays of a funder over these files, the latest ones; one query."""
    first_paid = Tranche.objects.filter(
        application=OuterRef("pk"), state=Tranche.State.PAID
    ).order_by()
    rows = (
        applications.filter(program__funder=funder, filed_on__isnull=False)
        .order_by("-filed_on", "-pk")
        .annotate(
            first_paid_on=Subquery(
                first_paid.values("application").annotate(first=Min("paid_on")).values("first")
            )
        )
        .values_list("filed_on", "received_on", "decided_on", "first_paid_on")
    )
    return durations.learn(durations.Past(*row) for row in rows[:PAST])
