"""A financing plan as the pure rules read it, with what the records know of its holder."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.utils import timezone

from crm.models import Organisation, Role
from funding.appraisal import statuses
from funding.financing import cash, checks, drawing, plan
from funding.financing.verdicts import Status
from funding.models.applications import kind_of
from funding.models.ledger import aids_of, firms_of
from funding.models.plans import FinancingPlan

LOCAL_AUTHORITIES = {
    Organisation.Kind.EPCI,
    Organisation.Kind.PETR,
    Organisation.Kind.COMMUNE,
}
DAYS_A_MONTH = 30.44


class PlanReader:
    """Reads the plans of one project or action; what its holder is and received is read once."""

    def __init__(self, subject, viewer, *, today=None):
        self.subject, self.viewer = subject, viewer
        self.today = today or timezone.localdate()
        self.is_action = kind_of(subject) == "action"

    @cached_property
    def organisation(self):
        return self.subject.pilot if self.is_action else self.subject.holder

    @cached_property
    def holder(self):
        organisation = self.organisation
        if organisation is None:
            return plan.Holder(is_company=False)
        return plan.Holder(
            name=organisation.name,
            is_company=organisation.kind == Organisation.Kind.COMPANY,
            is_local_authority=organisation.kind in LOCAL_AUTHORITIES,
            size=organisation.eu_size or None,
            equity=organisation.equity,
            aids=self._aids(),
        )

    def _aids(self):
        """What its undertaking received; None when the ledger is silent or closed to the viewer."""
        team = self.viewer.territories_as(Role.OFFICER, Role.MANAGER)
        if self.organisation.territory_id not in team:
            return None
        undertaking, firms = firms_of(self.organisation)
        aids = tuple(aid.granted for aid in aids_of(self.organisation)) if firms else ()
        declared = undertaking is not None and undertaking.declared_on is not None
        return aids if aids or declared else None

    @cached_property
    def months(self):
        first, last = self.subject.starts_on, self.subject.ends_on
        return round((last - first).days / DAYS_A_MONTH) if first and last else None

    def rules(self, found):
        """A plan fetched by `with_lines`, as the rules read it."""
        return plan.Plan(
            costs=tuple(cost.as_rule() for cost in found.costs.all()),
            sources=tuple(self.source(source) for source in found.sources.all()),
            holder=self.holder,
            granted_on=found.granted_on,
            first_commitment_on=None if self.is_action else self.subject.first_commitment_on,
            months=self.months,
            jobs=None if self.is_action else self.subject.jobs_created_planned,
        )

    def source(self, line):
        return plan.Source(
            key=line.pk,
            label=line.label,
            kind=line.kind,
            amount=line.amount,
            equivalent=line.equivalent,
            scheme=line.scheme.as_rule() if line.scheme else None,
            program=self.program(line.program) if line.program else None,
            funder=line.program.funder_id if line.program else "",
            basis=line.basis,
            rate=line.rate,
            costs=frozenset(line.aided),
            state=line.state,
            filed_on=line.filed_on,
            granted_on=line.granted_on,
            advance_rate=line.advance_rate,
            advance_on=line.advance_on,
            advance_is_guaranteed=line.advance_is_guaranteed,
            interim_rate=line.interim_rate,
            interim_on=line.interim_on,
            paid_on=line.paid_on,
        )

    def program(self, program):
        """A field that the catalogue marks uncertain makes no ceiling."""
        sure = set(program.uncertain)
        verified = f", vérifié le {program.verified_on:%d/%m/%Y}" if program.verified_on else ""
        return plan.ProgramRules(
            code=program.code,
            name=program.name,
            rate_max=None if "rate_max" in sure else program.rate_max,
            aid_max=None if "aid_max" in sure else program.aid_max,
            incentive_effect=program.incentive_effect,
            incompatible_with=frozenset(program.incompatible_with),
            reference=f"Fiche {program.name}{verified}",
            is_sure=not program.is_uncertain and not program.is_stale(today=self.today),
        )

    def reading(self, found):
        return Reading(found, self.rules(found), self.today)

    def sums(self, found):
        """The same without what was received: for lists, which only balance."""
        return Reading(
            found,
            plan.Plan(
                costs=tuple(cost.as_rule() for cost in found.costs.all()),
                sources=tuple(self.source(source) for source in found.sources.all()),
                jobs=None if self.is_action else self.subject.jobs_created_planned,
            ),
            self.today,
        )

    @cached_property
    def scenarios(self):
        """Every scenario of the subject, the chosen one first."""
        plans = FinancingPlan.objects.of(self.subject).with_lines()
        return [self.reading(found) for found in sorted(plans, key=lambda p: not p.is_chosen)]


@dataclass(frozen=True)
class Reading:
    """What a page shows of a scenario."""

    plan: FinancingPlan
    rules: plan.Plan
    today: object

    @cached_property
    def balance(self):
        return plan.balance(self.rules)

    @cached_property
    def checks(self):
        return checks.check(self.rules, self.today)

    @property
    def standing(self):
        return [one for one in self.checks if one.status is not Status.NOT_CONCERNED]

    @property
    def idle(self):
        """The rules that have nothing to say of this plan."""
        return [one for one in self.checks if one.status is Status.NOT_CONCERNED]

    @cached_property
    def counts(self):
        """{status: how many}, to say « 1 non conforme, 4 à vérifier »."""
        return {
            status.name.lower(): sum(one.status is status for one in self.checks)
            for status in Status
        }

    @property
    def de_minimis(self):
        """The figures of that check, in words; nothing when the plan asks for none."""
        found = next(one for one in self.checks if one.code == "de_minimis")
        figures = dict(found.figures)
        return {"room": figures["reste"], "ceiling": figures["plafond"]} if figures else None

    @cached_property
    def cash(self):
        return cash.cash(self.rules)

    @cached_property
    def curve(self):
        return drawing.curve(self.cash)

    @cached_property
    def bars(self):
        return drawing.bars(self.rules)

    @property
    def grants(self):
        return self.rules.grants

    @property
    def grants_unknown(self):
        return sum(source.amount is None for source in self.rules.of_kind(plan.GRANT))

    @property
    def known_grants(self):
        return plan.known(source.amount for source in self.rules.of_kind(plan.GRANT))

    @property
    def grant_share(self):
        return plan.percent(self.rules.grants, self.rules.uses)

    @property
    def leverage(self):
        return plan.leverage(self.rules)

    @property
    def aid_per_job(self):
        return plan.aid_per_job(self.rules)

    @property
    def eligible(self):
        return self.rules.eligible()

    @property
    def known_eligible(self):
        return plan.known(cost.counted for cost in self.rules.costs)

    @property
    def with_vat(self):
        """Uses with VAT, in euros; None when a rate or an amount is unknown."""
        return plan.total(cost.with_vat for cost in self.plan.costs.all())

    @cached_property
    def funders(self):
        """{source id: who pays, in words}."""
        return {line.pk: line.funder for line in self.plan.sources.all()}


def compared(readings):
    """Scenarios side by side: (label, [(euros or None, difference with the first or None)])."""
    names = {}
    for reading in readings:
        for source in reading.rules.sources:
            names.setdefault(group_of(reading, source), None)
    order = {label: rank for rank, label in enumerate(GROUPS.values())}
    rows = []
    for name in sorted(names, key=lambda label: (order.get(label, len(order)), label)):
        amounts = [
            plan.total(
                source.amount for source in reading.rules.live if group_of(reading, source) == name
            )
            for reading in readings
        ]
        first = amounts[0]
        cells = [
            (amount, None if None in (amount, first) or amount == first else amount - first)
            for amount in amounts
        ]
        rows.append((name, cells))
    return rows


GROUPS = {
    plan.OWN: "Autofinancement",
    plan.BANK_LOAN: "Prêts et avances",
    plan.PUBLIC_LOAN: "Prêts et avances",
    plan.ADVANCE: "Prêts et avances",
    plan.PRIVATE: "Autres financements privés",
    plan.GUARANTEE: "Garanties (hors total)",
}


def group_of(reading, source):
    """Grants go by funder, the rest by kind."""
    if source.kind in GROUPS:
        return GROUPS[source.kind]
    return reading.funders.get(source.key) or source.label


KIND_OF_INSTRUMENT = {
    "grant": plan.GRANT,
    "training_aid": plan.GRANT,
    "advisory": plan.GRANT,
    "recoverable_advance": plan.ADVANCE,
    "loan": plan.PUBLIC_LOAN,
    "guarantee": plan.GUARANTEE,
    "cee": plan.PRIVATE,
    "equity": plan.PRIVATE,
}
STATE_OF_FILE = {
    statuses.ACCEPTED: "granted",
    statuses.REFUSED: "refused",
    statuses.DISMISSED: "refused",
    statuses.WITHDRAWN: "idea",
    statuses.TO_FILE: "to_file",
    statuses.DRAFT: "to_file",
}


def proposed_source(found, program, file, deadline, schemes):
    """What may be written already of a source: from the program, the plan and its file if any.

    `deadline` is the next day to file by, `schemes` the regimes to recognise in its legal basis."""
    size = found.holder.eu_size if found.holder else ""
    by_size = program.rates_by_size or {}
    rate = by_size.get({"micro": "small", "mid_cap": "large"}.get(size, size)) or program.rate_max
    basis = found_basis(found, program)
    kind = KIND_OF_INSTRUMENT.get(next(iter(program.instruments), ""), plan.PRIVATE)
    rate = None if rate is None or not program.rate_on_project else Decimal(rate)
    initial = {
        "program": program,
        "label": program.name[:150],
        "kind": kind,
        "scheme": scheme_in(program.legal_basis, schemes),
        "basis": basis if rate is not None else None,
        "rate": rate,
        "amount": plan.computed_amount(basis, rate, program.aid_max),
        "state": "idea",
        "filed_on": deadline,
    }
    if file is not None:
        initial |= {
            "application": file,
            "state": STATE_OF_FILE.get(file.status, "requested"),
            "amount": file.amount_granted or file.amount_requested or initial["amount"],
            "filed_on": file.filed_on or file.due_on or deadline,
            "granted_on": file.decided_on or file.decision_expected_on,
        }
    return initial


def found_basis(found, program):
    """The eligible costs of the plan, at most what the program counts."""
    basis = plan.total(cost.as_rule().counted for cost in found.costs.all())
    if basis is None or program.costs_max is None:
        return basis
    return min(basis, program.costs_max)


def scheme_in(legal_basis, schemes):
    """The one regime that the legal basis names; None when it names none, or several."""
    text = legal_basis.lower()
    named = [
        scheme
        for scheme in schemes
        if (scheme.number.startswith("SA.") and scheme.number.lower() in text)
        or (scheme.kind == plan.DE_MINIMIS and "de minimis" in text)
        or (
            scheme.number.startswith("SA.")
            and f"651/2014), art. {scheme.code.rpartition('-')[2]}" in text
        )
    ]
    return named[0] if len(named) == 1 else None
