"""A financing plan as the pure rules read it, with what the records know of its holder."""

from dataclasses import dataclass
from decimal import Decimal
from functools import cached_property

from django.db.models import Count, Q
from django.utils import timezone

from crm.models import Organisation, Role
from crm.search import normalise
from funding.financing import cash, checks, deminimis, drawing, plan
from funding.financing.payments import months_begun
from funding.financing.verdicts import Doubt, Status
from funding.ledger import Position
from funding.models.plans import FinancingPlan, SourceLine
from funding.models.subjects import is_action
from funding.models.zones import lists_on, zones_of

LOCAL_AUTHORITIES = {
    Organisation.Kind.EPCI,
    Organisation.Kind.PETR,
    Organisation.Kind.COMMUNE,
}


class PlanReader:
    """Reads the plans of one project or action; what its holder is and received is read once."""

    def __init__(self, subject, viewer, *, today=None, zone_lists=None):
        self.subject, self.viewer = subject, viewer
        # {day: its lists}, shared by whoever reads many plans.
        self.zone_lists = {} if zone_lists is None else zone_lists
        self.today = today or timezone.localdate()
        self.is_action = is_action(subject)

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
            **self._ledger(),
        )

    def _ledger(self):
        """What its undertaking received, with what makes it doubtful; nothing when the ledger is
        silent or closed to the viewer."""
        team = self.viewer.territories_as(Role.OFFICER, Role.MANAGER)
        if self.organisation.territory_id not in team:
            return {}
        position = Position(self.organisation, self.today)
        if not position.granted and not position.are_firms_declared:
            return {}
        return {
            "aids": tuple(position.granted),
            "are_firms_declared": position.are_firms_declared,
            "unrecorded": frozenset(row.application.pk for row in position.unrecorded),
        }

    @cached_property
    def months(self):
        first, last = self.subject.starts_on, self.subject.ends_on
        return months_begun(first, last) if first and last else None

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
            zones=self.zones(found.granted_on or self.today),
        )

    @cached_property
    def commune(self):
        """That of a project, else that of its site; none for an action, which covers several."""
        if self.is_action:
            return None
        project = self.subject
        site = project.site or next(iter(project.holder.sites.all()), None)
        return project.commune or (site and site.commune)

    def zones(self, day):
        """{zone: whether the commune is in it} on that day; nothing when in doubt."""
        commune = self.commune
        if commune is None:
            return {}
        if day not in self.zone_lists:
            self.zone_lists[day] = lists_on(day)
        said = zones_of(self.zone_lists[day], commune.pk, commune.departement_id)
        return {code: inside for code, (inside, _) in said.items()}

    def source(self, line):
        current = line.current
        follows = line.application is not None and not line.is_hypothesis
        return plan.Source(
            key=line.pk,
            label=line.label,
            kind=line.kind,
            amount=current.amount,
            equivalent=line.equivalent,
            scheme=line.scheme.as_rule() if line.scheme else None,
            program=self.program(line.program) if line.program else None,
            funder=line.program.funder_id if line.program else "",
            funder_label=line.funder,
            application=line.application_id,
            basis=line.basis,
            rate=line.rate,
            costs=frozenset(line.aided),
            state=current.state,
            filed_on=current.filed_on,
            received_on=line.application.received_on if follows else None,
            granted_on=current.granted_on,
            advance_rate=line.advance_rate,
            advance_on=line.advance_on,
            advance_is_guaranteed=line.advance_is_guaranteed,
            interim_rate=line.interim_rate,
            interim_on=line.interim_on,
            paid_on=current.paid_on,
            instalments=current.instalments,
        )

    def program(self, program):
        """A field that the catalogue marks uncertain makes no ceiling."""
        unsure = set(program.uncertain)
        verified = f", vérifié le {program.verified_on:%d/%m/%Y}" if program.verified_on else ""
        return plan.ProgramRules(
            code=program.code,
            name=program.name,
            national=program.legal_code,
            rate_max=None if "rate_max" in unsure else program.rate_max,
            rates_by_size={} if "rates_by_size" in unsure else by_size(program),
            rate_on_project=program.rate_on_project,
            costs_max=None if "costs_max" in unsure else program.costs_max,
            aid_max=None if "aid_max" in unsure else program.aid_max,
            incentive_effect=program.incentive_effect,
            incompatible_with=frozenset(program.incompatible_with),
            reference=f"Fiche {program.name}{verified}",
            is_sure=not program.is_uncertain and not program.is_stale(today=self.today),
        )

    def reading(self, found):
        return Reading(found, self.rules(found), self.today, self.commune)

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
    commune: object = None  # that the zones are those of

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
    def urgent(self):
        """Breaches, then what a fact of the officer would settle."""
        open_ones = (Status.BREACH, Status.TO_CHECK)
        return [one for one in self.checks if one.status in open_ones and one.doubt is None]

    @property
    def settled(self):
        return [one for one in self.checks if one.status is Status.CONFORM]

    @property
    def undated(self):
        """Those that hold today: the day of grant would settle them all at once."""
        return [one for one in self.standing if one.doubt is Doubt.UNDATED]

    @property
    def unread(self):
        """Those that hold by a text that nobody read at its source, or that has expired."""
        return [one for one in self.standing if one.doubt is Doubt.UNREAD]

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
        """Uses with VAT, in euros; None when a rate or an amount is unknown, or when the amounts
        have it already."""
        if self.plan.vat_basis == FinancingPlan.VatBasis.INCLUDED:
            return None
        return plan.total(cost.with_vat for cost in self.plan.costs.all())

    @property
    def hypotheses(self):
        """The sources that this scenario supposes otherwise than their file says."""
        return [line for line in self.plan.sources.all() if line.supposes]

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


def lines_waiting_for(subject, program):
    """The sources of its scenarios that count on this program, follow no file yet and are not said
    decided; where a scenario has two, nobody knows which."""
    found = SourceLine.objects.filter(
        Q(program=program.filed_as) | Q(program__national=program.filed_as),
        plan__in=FinancingPlan.objects.of(subject),
        application=None,
    ).exclude(state__in=plan.DECIDED)
    several = found.order_by().values("plan").annotate(n=Count("pk")).filter(n__gt=1)
    return found.exclude(plan__in=several.values("plan"))


def proposed_source(found, program, file, deadline, schemes):
    """What may be written already of a source: from the program, the plan and its file if any.

    `deadline` is the next day to file by, `schemes` the regimes to recognise in its legal basis."""
    terms = plan.ProgramRules(
        program.code,
        program.name,
        rate_max=program.rate_max,
        rates_by_size=by_size(program),
        costs_max=program.costs_max,
    )
    size = found.holder.eu_size if found.holder else ""
    rate = terms.rate_for(size) if program.rate_on_project else None
    costs = [cost.as_rule().counted for cost in found.costs.all()]
    basis = terms.counted(plan.total(costs)) if costs else None
    kind = KIND_OF_INSTRUMENT.get(next(iter(program.instruments), ""), plan.PRIVATE)
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
        # State, amount and days then come from the file, and are not written a second time.
        initial["application"] = file
    return initial


def by_size(program):
    """Its rates by size, as amounts; the catalogue keeps them as text."""
    return {size: Decimal(rate) for size, rate in (program.rates_by_size or {}).items()}


def scheme_in(legal_basis, schemes):
    """The one regime that the legal basis names; None when it names none, or several."""
    text = legal_basis.lower()
    if "minimis" in text and not deminimis.is_alone(normalise(legal_basis)):
        return None
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
