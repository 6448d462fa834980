"""Does the plan hold in law? Each rule answers conforme, non conforme, à vérifier or sans objet.

`check(plan, today)` runs them all, the breaches first. Figures come from the dated table (`legal`),
at the day of grant. A rule expired, or that nobody read at its source, answers « à vérifier ».
"""

import datetime as dt
from dataclasses import dataclass, replace
from decimal import Decimal
from itertools import combinations

from funding.eligibility import wording
from funding.financing import deminimis, legal
from funding.financing.ceilings import breaker, source_ceilings
from funding.financing.cumulation import cumulated
from funding.financing.payments import payment_limits
from funding.financing.plan import (
    DE_MINIMIS,
    DECIDED,
    EXEMPTED,
    Plan,
    Source,
    known,
    total,
)
from funding.financing.shares import (
    bank_match,
    equity,
    indirect_aid,
    leader,
    local_authority_share,
    own_contribution,
)
from funding.financing.verdicts import (
    ORDER,
    Case,
    Check,
    Doubt,
    Status,
    euros,
    least_advanced,
    names,
    not_concerned,
    settle,
    worst,
)

# Beyond these, it was filed even if nobody noted the day.
NOT_FILED = frozenset({"idea", "to_file"})
INCENTIVE = "Règl. (UE) 651/2014, art. 6"


def check(plan: Plan, today: dt.date) -> list[Check]:
    """Every rule, the breaches first, then what is to check, then the rest."""
    case = Case(plan, today)
    found = []
    for rule in RULES:
        answer = rule(case)
        found += answer if isinstance(answer, list) else [answer]
    return sorted(found, key=lambda one: ORDER.index(one.status))


@dataclass(frozen=True, slots=True)
class Wait:
    """A source that must be asked for before the works. `since` is the day from which one may
    commit, None when unknown; `is_late` that the commitment came first, None when unknown."""

    source: Source
    since: dt.date | None
    is_late: bool | None
    is_sure: bool
    reference: str
    is_of_completeness: bool


def incentive_effect(case: Case) -> Check:
    """The application precedes the first firm commitment (Règl. (UE) 651/2014, art. 6)."""
    code, title = "incentive_effect", "Effet incitatif"
    asking = [source for source in case.plan.aids if asks_to_wait(source)]
    waits = [wait_for(case, as_filed(source, case.today)) for source in asking]
    silent = [source for source in case.plan.aids if may_ask_to_wait(source)]
    if not waits and not silent:
        return not_concerned(
            code, title, "Aucune source n’exige une demande avant les travaux.", INCENTIVE
        )
    started = case.plan.first_commitment_on
    late = [wait for wait in waits if wait.is_late]
    culprit, asks = None, ""
    if late:
        # A breach that is sure does not hide behind one that is not.
        culprit = blamed([wait for wait in late if wait.is_sure] or late)
        text, status = late_words(culprit, started), settle(False, culprit.is_sure)
    elif waits and (started is None or any(wait.since is None for wait in waits)):
        text, status = lacking_words(waits, started), Status.TO_CHECK
        asks = "first_commitment_on" if started is None else ""
    elif waits:
        text = margin_words(waits, started)
        unsure = [wait.source for wait in waits if not wait.is_sure]
        status = settle(True, not unsure)
        if unsure:
            text += f" Règle à relire pour {names(unsure)}."
    else:
        text, status = "Aucun devis ne devrait être signé d’ici là.", Status.TO_CHECK
    if silent:
        told = f"{names(silent)} : rien ne dit si la demande doit précéder les travaux."
        text = f"{text} {told}" if waits else f"{told} {text}"
        status = worst([status, Status.TO_CHECK])
    cited = [culprit] if culprit else waits
    return Check(
        code,
        title,
        status,
        text,
        " ; ".join(dict.fromkeys(wait.reference for wait in cited)) or INCENTIVE,
        (
            ("premier engagement", wording.day(started) if started else "à confirmer"),
            *(
                (f"dépôt, {wait.source.label}", wording.day(wait.source.filed_on))
                for wait in waits
                if wait.source.filed_on
            ),
            *(
                (f"complétude, {wait.source.label}", wording.day(wait.since))
                for wait in waits
                if wait.is_of_completeness and wait.since
            ),
        ),
        culprit.source.label if culprit and status is Status.BREACH else "",
        asks=asks,
    )


def as_filed(source: Source, today: dt.date) -> Source:
    """A day planned for the filing filed nothing once it is over."""
    is_over = source.state in NOT_FILED and source.filed_on is not None and source.filed_on < today
    return replace(source, filed_on=None) if is_over else source


def wait_for(case: Case, source: Source) -> Wait:
    program, filed_on = source.program, source.filed_on
    # The edition of a call is that of the day of filing, whenever it is granted.
    rule = f"incentive_effect.completeness.{program.legal_code}" if program else ""
    asked_on = filed_on or case.today
    row = legal.last_known(rule, asked_on)
    is_of_completeness = row is not None
    is_sure = is_of_completeness and row.is_sure and row.holds_on(asked_on)
    since = source.received_on if is_of_completeness else filed_on
    is_late = came_late(case, source, since)
    if filed_on is None or not is_of_completeness or came_late(case, source, filed_on):
        # Not even filed: the general rule is enough, and needs no other.
        is_sure = bool(program and program.incentive_effect and program.is_sure)
        if not is_sure:
            general = legal.limit("incentive_effect", case.day(source))
            is_sure, row = bool(general and general.is_sure), row or general
    return Wait(
        source, since, is_late, is_sure, row.reference if row else INCENTIVE, is_of_completeness
    )


def came_late(case: Case, source: Source, since: dt.date | None) -> bool | None:
    """Whether the commitment came before, or on, the day from which it may; None when unknown."""
    started = case.plan.first_commitment_on
    if started is None:
        return None
    if source.filed_on and source.filed_on >= started:
        return True
    if since is not None:
        return since >= started
    unfiled = source.filed_on is None and source.state in NOT_FILED
    return True if unfiled and started <= case.today else None


def asks_to_wait(source: Source) -> bool:
    """A program that says so, or an exempted regime unless the program says it does not."""
    said = source.program.incentive_effect if source.program else None
    exempted = source.scheme is not None and source.scheme.kind == EXEMPTED
    return bool(said) or (said is None and exempted)


def may_ask_to_wait(source: Source) -> bool:
    """Its program does not tell, or neither its program nor its regime is known."""
    if asks_to_wait(source):
        return False
    if source.program is None:
        return source.scheme is None
    return source.program.incentive_effect is None


def blamed(waits: list[Wait]) -> Wait:
    source = least_advanced(wait.source for wait in waits)
    return next(wait for wait in waits if wait.source == source)


def late_words(culprit: Wait, started: dt.date) -> str:
    source, text = culprit.source, f"Premier engagement ferme le {wording.day(started)} ; "
    if culprit.is_of_completeness and source.filed_on and source.filed_on < started:
        text += f"dossier de {source.label} complet le {wording.day(culprit.since)} : "
        return text + "la complétude doit le précéder."
    when = f"le {wording.day(source.filed_on)}" if source.filed_on else "pas encore déposée"
    return text + f"demande de {source.label} {when} : elle doit le précéder."


def lacking_words(waits: list[Wait], started: dt.date | None) -> str:
    unfiled = [wait.source for wait in waits if wait.source.filed_on is None]
    incomplete = [
        wait.source
        for wait in waits
        if wait.is_of_completeness and wait.since is None and wait.source.filed_on
    ]
    lacks = ["la date du premier engagement ferme"] if started is None else []
    lacks += [f"la date de dépôt de {names(unfiled)}"] if unfiled else []
    lacks += [f"la date de complétude de {names(incomplete)}"] if incomplete else []
    return f"Il manque {wording.listing(lacks, 'et')}. Ne signez aucun devis d’ici là."


def margin_words(waits: list[Wait], started: dt.date) -> str:
    last = max(waits, key=lambda wait: wait.since)
    margin = wording.counted((started - last.since).days, "jour")
    step = "la dernière complétude" if last.is_of_completeness else "le dernier dépôt"
    return (
        f"Premier engagement prévu le {wording.day(started)}, après {step}, le "
        f"{wording.day(last.since)}. Marge : {margin}."
    )


@dataclass(frozen=True, slots=True)
class Window:
    """The three years that end on the day of grant of a source. `before` is what the ledger counts
    in them, `asked` what the plan adds up to that day, `least` what is known of both."""

    day: dt.date
    sources: tuple[Source, ...]
    before: Decimal | None
    asked: Decimal | None
    least: Decimal
    row: legal.Limit | None
    status: Status | Doubt = Status.TO_CHECK
    holds: bool | None = None

    @property
    def limit(self) -> Decimal | None:
        return self.row.value if self.row else None

    @property
    def left(self) -> Decimal | None:
        if self.limit is None or self.before is None:
            return None
        return max(self.limit - self.before, Decimal(0))

    @property
    def excess(self) -> Decimal:
        """What is known beyond the ceiling."""
        over = Decimal(0) if self.limit is None else self.least - self.limit
        return max(over, Decimal(0))

    @property
    def severity(self):
        """To sort: the worst answer first, then the least room, then the latest day."""
        tight = self.left is not None and self.asked is not None
        margin = self.left - self.asked if tight else Decimal("-Infinity")
        return ORDER.index(self.status), margin, -self.day.toordinal()


def de_minimis(case: Case) -> Check:
    """Room over three years rolling to the day of each grant (Règl. (UE) 2023/2831, art. 3)."""
    code, title = "de_minimis", "De minimis"
    reference = "Règl. (UE) 2023/2831, art. 3"
    sources = [s for s in case.plan.aids if s.scheme and s.scheme.kind == DE_MINIMIS]
    if not sources:
        return not_concerned(code, title, "Aucune aide de minimis dans ce plan.", reference)
    aids = case.plan.holder.aids
    if aids is not None:
        aids = without_these(aids, sources)
    days = sorted({case.day(source) for source in sources})
    windows = [window_of(case, day, sources, aids) for day in days]
    found = min(windows, key=lambda window: window.severity)
    status, doubts = found.status, ledger_doubts(case, sources)
    text = f"{euros(found.asked)} demandés au titre du de minimis"
    if aids is None:
        text += ", aides déjà reçues par l’entreprise unique à confirmer : remplissez le registre."
    else:
        text += received_words(found) + when_it_reopens(case, found, aids)
        if doubts:
            text += f" À vérifier : {wording.listing(doubts, 'et')}."
            status = worst([status, Status.TO_CHECK])
    if len(windows) > 1:
        text += f" Au {wording.day(found.day)}, l’octroi le plus serré des {len(windows)}."
    culprit = None
    if found.holds is False:
        culprit = breaker(found.sources, found.left if found.left is not None else found.limit)
    return Check(
        code,
        title,
        status,
        text + case.undated(*found.sources),
        found.row.reference if found.row else reference,
        (
            ("reçu en trois ans", euros(found.before)),
            ("demandé", euros(found.asked)),
            ("reste", euros(found.left)),
            ("plafond", euros(found.limit)),
            ("octroi", wording.day(found.day)),
        ),
        culprit.label if culprit and status is Status.BREACH else "",
        asks="aids" if aids is None or doubts else "",
    )


def window_of(case: Case, day: dt.date, sources, aids) -> Window:
    """Each source counts in the window of those granted the same day or within three years."""
    since = deminimis.three_years_before(day)
    inside = tuple(s for s in sources if since < case.day(s) <= day)
    counted = [] if aids is None else deminimis.counted(aids, day)
    window = Window(
        day,
        inside,
        before=None if aids is None else deminimis.received(counted),
        asked=total(source.aid for source in inside),
        least=known([*(aid.amount for aid in counted), *(source.aid for source in inside)]),
        row=deminimis.ceiling(day),
    )
    left = window.left
    holds = None if left is None or window.asked is None else window.asked <= left
    # What is known is already too much, whatever the rest.
    if window.excess:
        holds = False
    status = case.dated(settle(holds, bool(window.row and window.row.is_sure)), *inside)
    return replace(window, status=status, holds=holds)


def received_words(window: Window) -> str:
    if window.before is None:
        said = ", en plus d’aides de trois ans dont un montant est à confirmer dans le registre."
        if window.excess:
            over, limit = euros(window.excess), euros(window.limit)
            said += f" Ce qui est connu dépasse déjà de {over} le plafond de {limit}."
        return said
    both = None if window.asked is None else window.asked + window.before
    return (
        f", plus {euros(window.before)} reçus en trois ans : {euros(both)} sur "
        f"{euros(window.limit)}."
    )


def ledger_doubts(case: Case, sources) -> list[str]:
    """Why the ledger may not hold everything; files of this plan count in the plan already."""
    holder = case.plan.holder
    missing = holder.unrecorded - {source.application for source in sources}
    return deminimis.doubts(holder.are_firms_declared, len(missing))


def without_these(aids, sources):
    """A source of the plan that stands in the ledger too counts once: the same file, or, when one
    of the two names no file, the same amount on the same day."""
    left = list(aids)
    for source in sources:
        twin = next(
            (a for a in left if a.application is not None and a.application == source.application),
            None,
        ) or next((a for a in left if looks_like(a, source)), None)
        if twin:
            left.remove(twin)
    return tuple(left)


def looks_like(aid, source: Source) -> bool:
    named = aid.application is not None and source.application is not None
    same = aid.amount == source.aid and aid.granted_on == source.granted_on
    return source.state in DECIDED and not named and same


def when_it_reopens(case: Case, window: Window, aids) -> str:
    """When what is granted that day would fit, after the ledger and the earlier sources."""
    earlier = [s for s in window.sources if case.day(s) < window.day]
    aids = [*aids, *(deminimis.GrantedAid("", s.aid, case.day(s)) for s in earlier)]
    wanted = total(s.aid for s in window.sources if case.day(s) == window.day)
    if window.holds is False and window.limit is not None and wanted is not None:
        reopens = deminimis.reopens_on(aids, window.day, window.limit, wanted=wanted)
        if reopens:
            return f" Assez de place à partir du {wording.day(reopens)}."
    if release := deminimis.next_release(aids, window.day):
        return f" {euros(release[1])} se libèrent le {wording.day(release[0])}."
    return ""


def exclusions(case: Case) -> Check:
    """Programs that the catalogue says exclude each other; European funds have their own rule."""
    code, title = "exclusions", "Dispositifs qui s’excluent"
    sources = [source for source in case.plan.live if source.program]
    reference = "Cahiers des charges des dispositifs"
    if len(sources) < 2:
        return not_concerned(code, title, "Moins de deux dispositifs dans ce plan.", reference)
    clashes = [
        (pair, said_by)
        for pair in combinations(sources, 2)
        if (said_by := saying_they_exclude(*pair))
    ]
    if not clashes:
        unsure = [source for source in sources if not source.program.is_sure]
        text = f"{wording.counted(len(sources), 'dispositif')}, aucun n’en exclut un autre."
        if unsure:
            text += f" À relire : {names(unsure)}."
        return Check(code, title, settle(True, not unsure), text, reference)
    # A clash is as sure as the record that tells it; the sure ones first.
    clashes.sort(key=lambda clash: not any(s.program.is_sure for s in clash[1]))
    pair, said_by = clashes[0]
    read = [source for source in said_by if source.program.is_sure]
    text = " ".join(f"{one.label} et {other.label} s’excluent." for (one, other), _ in clashes)
    if not read:
        text += f" À relire : {names(said_by)}."
    return Check(
        code,
        title,
        settle(False, bool(read)),
        text,
        " ; ".join(s.program.reference for s in read or said_by if s.program.reference)
        or reference,
        source=least_advanced(pair).label if read else "",
    )


def saying_they_exclude(one: Source, other: Source) -> list[Source]:
    """Those of the two whose record names the other."""
    if one.is_european and other.is_european:
        return []
    return [
        source
        for source, against in ((one, other), (other, one))
        if against.program.codes & source.program.incompatible_with
    ]


def european_funds(case: Case) -> Check:
    """One European fund on a cost (Règl. (UE) 2021/1060, art. 63)."""
    code, title = "eu_funds", "Deux fonds européens sur une dépense"
    sources = [source for source in case.plan.aids if source.is_european]
    maybe = [source for source in case.plan.aids if source.may_be_european]
    row = legal.limit("eu_funds.one_per_cost", case.day(*sources))
    reference = row.reference if row else "Règl. (UE) 2021/1060, art. 63"
    who = f" Financeur à confirmer : {names(maybe)}." if maybe else ""
    if len(sources) < 2:
        text = "Un seul fonds européen." if sources else "Aucun fonds européen dans ce plan."
        status = Status.CONFORM if sources and row else Status.NOT_CONCERNED
        if maybe and len(sources) + len(maybe) > 1:
            text, status = "Un fonds européen au plus sur chaque dépense." + who, Status.TO_CHECK
        return Check(code, title, status, text, reference)
    met, unsaid = [], []
    for one, other in combinations(sources, 2):
        if not (case.plan.says_costs(one) and case.plan.says_costs(other)):
            unsaid.append((one, other))
        elif case.plan.aided(one) & case.plan.aided(other):
            met.append((one, other))
    holds = False if met else None if unsaid else True
    text = "Chacun sur ses propres dépenses."
    if met:
        one, other = met[0]
        shared = case.plan.aided(one) & case.plan.aided(other)
        labels = [cost.label for cost in case.plan.costs if cost.key in shared]
        text = f"{one.label} et {other.label} sur {wording.listing(labels, 'et')}."
    elif unsaid:
        text = f"Dites quelles dépenses aident {names(unsaid[0])}."
    status = settle(holds, bool(row and row.is_sure))
    return Check(
        code,
        title,
        worst([status, Status.TO_CHECK]) if maybe else status,
        text + who,
        reference,
        source=least_advanced(met[0]).label if met else "",
    )


RULES = (
    source_ceilings,
    cumulated,
    incentive_effect,
    de_minimis,
    local_authority_share,
    leader,
    own_contribution,
    bank_match,
    equity,
    european_funds,
    exclusions,
    payment_limits,
    indirect_aid,
)
