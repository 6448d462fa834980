"""Does the plan hold in law? Each rule answers conforme, non conforme, à vérifier or sans objet.

`check(plan, today)` runs them all, the breaches first. Figures come from the dated table (`legal`),
at the day of grant. A rule expired, or that nobody read at its source, answers « à vérifier ».
"""

import datetime as dt
from decimal import Decimal
from itertools import combinations

from funding.eligibility import wording
from funding.financing import deminimis, legal
from funding.financing.ceilings import breaker, cumulated, source_ceilings
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
    Status,
    euros,
    least_advanced,
    names,
    not_concerned,
    settle,
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


def incentive_effect(case: Case) -> Check:
    """The application precedes the first firm commitment (Règl. (UE) 651/2014, art. 6)."""
    code, title = "incentive_effect", "Effet incitatif"
    asking = [source for source in case.plan.aids if asks_to_wait(source)]
    if not asking:
        return not_concerned(
            code, title, "Aucune source n’exige une demande avant les travaux.", INCENTIVE
        )
    started, unsure, row = case.plan.first_commitment_on, [], None
    for source in asking:
        if not (source.program and source.program.incentive_effect and source.program.is_sure):
            row = legal.limit("incentive_effect", case.day(source))
            if row is None or not row.is_sure:
                unsure.append(source)
    unfiled = [source for source in asking if source.filed_on is None]
    late = [
        source
        for source in asking
        if started
        and (
            source.filed_on >= started
            if source.filed_on
            else started <= case.today and source.state in NOT_FILED
        )
    ]
    filed = [source.filed_on for source in asking if source.filed_on]
    if late:
        culprit = least_advanced(late)
        when = f"le {wording.day(culprit.filed_on)}" if culprit.filed_on else "pas encore déposée"
        text = (
            f"Premier engagement ferme le {wording.day(started)} ; demande de {culprit.label} "
            f"{when} : elle doit le précéder."
        )
        status = settle(False, culprit not in unsure)
    elif started is None or unfiled:
        lacks = ["la date du premier engagement ferme"] if started is None else []
        lacks += [f"la date de dépôt de {names(unfiled)}"] if unfiled else []
        text = f"Il manque {wording.listing(lacks, 'et')}. Ne signez aucun devis d’ici là."
        status, culprit = Status.TO_CHECK, None
    else:
        margin = (started - max(filed)).days
        text = (
            f"Premier engagement prévu le {wording.day(started)}, après le dernier dépôt, le "
            f"{wording.day(max(filed))}. Marge : {wording.counted(margin, 'jour')}."
        )
        status, culprit = settle(True, not unsure), None
        if unsure:
            text += f" Règle à relire pour {names(unsure)}."
    return Check(
        code,
        title,
        status,
        text,
        row.reference if row else INCENTIVE,
        (
            ("premier engagement", wording.day(started) if started else "à confirmer"),
            *(
                (f"dépôt, {source.label}", wording.day(source.filed_on))
                for source in asking
                if source.filed_on
            ),
        ),
        culprit.label if culprit and status is Status.BREACH else "",
        asks="first_commitment_on" if started is None else "",
    )


def asks_to_wait(source: Source) -> bool:
    """A program that says so, or an exempted regime unless the program says it does not."""
    said = source.program.incentive_effect if source.program else None
    exempted = source.scheme is not None and source.scheme.kind == EXEMPTED
    return bool(said) or (said is None and exempted)


def de_minimis(case: Case) -> Check:
    """Room over three years rolling to the day (Règl. (UE) 2023/2831, art. 3)."""
    code, title = "de_minimis", "De minimis"
    reference = "Règl. (UE) 2023/2831, art. 3"
    sources = [s for s in case.plan.aids if s.scheme and s.scheme.kind == DE_MINIMIS]
    if not sources:
        return not_concerned(code, title, "Aucune aide de minimis dans ce plan.", reference)
    day = case.day(*sources)
    row = deminimis.ceiling(day)
    asked, least = total(s.aid for s in sources), known(s.aid for s in sources)
    aids = case.plan.holder.aids
    if aids is not None:
        aids = without_these(aids, sources)
    before = None if aids is None else deminimis.received(deminimis.counted(aids, day))
    left = None if row is None or before is None else max(row.value - before, Decimal(0))
    holds = None if left is None or asked is None else asked <= left
    limit = row.value if row else None
    if limit is not None and (least > limit or (left is not None and least > left)):
        holds = False
    text = f"{euros(asked)} demandés au titre du de minimis"
    if aids is None:
        text += ", aides déjà reçues par l’entreprise unique à confirmer : remplissez le registre."
    else:
        text += received_words(asked, before, limit)
        text += when_it_reopens(aids, day, limit, asked, holds)
    culprit = breaker(sources, left if left is not None else limit) if holds is False else None
    status = case.dated(settle(holds, bool(row and row.is_sure)), *sources)
    return Check(
        code,
        title,
        status,
        text + case.undated(*sources),
        row.reference if row else reference,
        (
            ("reçu en trois ans", euros(before)),
            ("demandé", euros(asked)),
            ("reste", euros(left)),
            ("plafond", euros(limit)),
            ("octroi", wording.day(day)),
        ),
        culprit.label if culprit and status is Status.BREACH else "",
        asks="aids" if aids is None else "",
    )


def received_words(asked, before, limit) -> str:
    if before is None:
        return ", en plus d’aides de trois ans dont un montant est à confirmer dans le registre."
    sum_of_both = None if asked is None else asked + before
    return f", plus {euros(before)} reçus en trois ans : {euros(sum_of_both)} sur {euros(limit)}."


def without_these(aids, sources):
    """A source of the plan already granted stands in the ledger too: it counts once."""
    left = list(aids)
    for source in sources:
        if source.state not in DECIDED:
            continue
        same = (a for a in left if a.amount == source.aid and a.granted_on == source.granted_on)
        if twin := next(same, None):
            left.remove(twin)
    return tuple(left)


def when_it_reopens(aids, day, limit, asked, holds) -> str:
    if holds is False and limit is not None and asked is not None:
        reopens = deminimis.reopens_on(aids, day, limit, wanted=asked)
        if reopens:
            return f" Assez de place à partir du {wording.day(reopens)}."
    if release := deminimis.next_release(aids, day):
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
        (one, other) for one, other in combinations(sources, 2) if exclude_each_other(one, other)
    ]
    if not clashes:
        unsure = [source for source in sources if not source.program.is_sure]
        text = f"{wording.counted(len(sources), 'dispositif')}, aucun n’en exclut un autre."
        if unsure:
            text += f" À relire : {names(unsure)}."
        return Check(code, title, settle(True, not unsure), text, reference)
    one, other = clashes[0]
    said_by = [s for s in (one, other) if s.program.is_sure]
    culprit = least_advanced((one, other))
    text = " ".join(f"{a.label} et {b.label} s’excluent." for a, b in clashes)
    return Check(
        code,
        title,
        settle(False, bool(said_by)),
        text,
        " ; ".join(s.program.reference for s in said_by if s.program.reference) or reference,
        source=culprit.label if said_by else "",
    )


def exclude_each_other(one: Source, other: Source) -> bool:
    if one.is_european and other.is_european:
        return False
    return (
        other.program.code in one.program.incompatible_with
        or one.program.code in other.program.incompatible_with
    )


def european_funds(case: Case) -> Check:
    """One European fund on a cost (Règl. (UE) 2021/1060, art. 63)."""
    code, title = "eu_funds", "Deux fonds européens sur une dépense"
    sources = [source for source in case.plan.aids if source.is_european]
    row = legal.limit("eu_funds.one_per_cost", case.day(*sources))
    reference = row.reference if row else "Règl. (UE) 2021/1060, art. 63"
    if len(sources) < 2:
        text = "Un seul fonds européen." if sources else "Aucun fonds européen dans ce plan."
        status = Status.CONFORM if sources and row else Status.NOT_CONCERNED
        return Check(code, title, status, text, reference)
    met, unsaid = [], []
    for one, other in combinations(sources, 2):
        if not (one.costs and other.costs):
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
    return Check(
        code,
        title,
        settle(holds, bool(row and row.is_sure)),
        text,
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
