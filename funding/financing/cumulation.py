"""Aids on the same costs: together they may not pass the intensity of the most favourable regime
among them (Règl. (UE) 651/2014, art. 8); de minimis has no intensity of its own but adds up with
the others.
"""

from funding.eligibility import wording
from funding.financing.ceilings import (
    Ceiling,
    breaker,
    ceiling_words,
    eligible_words,
    regime_ceiling,
    said,
    sentences,
    whole_cost,
)
from funding.financing.plan import ZERO, Source, known, percent, total
from funding.financing.verdicts import Case, Check, Status, euros, names, percents, settle, worst

# Unions of overlapping costs: more than that is no plan any more.
MOST_GROUPS = 64


def groups(case: Case) -> tuple[list[frozenset[int]], list[frozenset[int]]]:
    """Sets of costs on which public aids meet: the widest, and those within them.

    Two aids on a cost belong to one wide group, however they overlap."""
    sets = {case.plan.aided(source) for source in case.plan.aids} - {frozenset()}
    wide: list[frozenset[int]] = []
    for keys in sets:
        met = [group for group in wide if group & keys]
        wide = [group for group in wide if not group & keys] + [keys.union(*met)]
    narrow = sets - set(wide)
    while len(narrow) < MOST_GROUPS:
        unions = {a | b for a in narrow for b in narrow if a & b} - narrow - set(wide)
        if not unions:
            break
        narrow |= set(sorted(unions, key=sorted)[: MOST_GROUPS - len(narrow)])
    return sorted(wide, key=sorted), sorted(narrow, key=lambda keys: (len(keys), sorted(keys)))


def cumulated(case: Case) -> list[Check]:
    """Aids on the same costs together: a check for each wide group, and for the smallest groups
    within it that are over their ceiling while the whole may not be."""
    wide, narrow = groups(case)
    over: dict[frozenset[int], Check] = {}
    for keys in narrow:
        if any(smaller <= keys for smaller in over):
            continue
        found = check_of(case, keys)
        if found and found.status is Status.BREACH:
            over[keys] = found
    return [*over.values(), *(one for keys in wide if (one := check_of(case, keys)))]


def check_of(case: Case, keys: frozenset[int]) -> Check | None:
    sources = tuple(
        source
        for source in case.plan.aids
        if case.plan.aided(source) <= keys and not case.plan.has_lost_costs(source)
    )
    return one_group(case, keys, sources) if len(sources) > 1 else None


def one_group(case: Case, keys: frozenset[int], sources: tuple[Source, ...]) -> Check:
    day = case.day(*sources)
    basis, aid = case.plan.eligible(keys), total(source.aid for source in sources)
    least = known(source.aid for source in sources)
    schemes = {s.scheme.code: s.scheme for s in sources if s.scheme}.values()
    ceilings = [c for c in (regime_ceiling(case, scheme, day) for scheme in schemes) if c]
    if not ceilings:
        ceilings = [whole_cost(day)]
    best = most_favourable(ceilings)
    # What is known is already too much, whatever the rest: an unknown only adds.
    holds = best.holds(aid, basis)
    if holds is None and best.holds(least, basis) is False:
        holds = False
    sure = best.is_sure and all(c.is_sure for c in ceilings)
    statuses = [settle(holds, sure)]
    unnamed = [source for source in sources if source.scheme is None]
    if unnamed and statuses[0] is not Status.CONFORM:
        statuses = [Status.TO_CHECK]
    over = whole_cost(day).holds(least, basis) is False
    if over:
        statuses = [Status.BREACH]
    elif unnamed or any(case.plan.has_lost_costs(source) for source in case.plan.aids):
        statuses.append(Status.TO_CHECK)
    status = case.dated(worst(statuses), *sources)
    limit = basis if over else best.tightest(basis)
    culprit = breaker(sources, limit) if status is Status.BREACH or over else None
    return Check(
        code=f"cumul-{'-'.join(str(key) for key in sorted(keys))}",
        title=f"Cumul des aides sur {cost_names(case, keys)}",
        status=status,
        text=group_text(sources, aid, least, basis, best, unnamed, over, culprit)
        + case.undated(*sources),
        reference=" ; ".join(dict.fromkeys(c.reference for c in ceilings if c.reference))
        or "Texte du régime à indiquer",
        figures=(
            *((source.label, euros(source.aid)) for source in sources),
            ("dépenses éligibles", euros(basis)),
            ("plafond", ceiling_words(best, basis)),
            ("octroi", wording.day(day)),
        ),
        source=culprit.label if culprit else "",
    )


def most_favourable(ceilings: list[Ceiling]) -> Ceiling:
    """Size by size, the highest rate; a rate that is unknown may be the highest."""
    if len(ceilings) == 1:
        return ceilings[0]
    bonuses = [c.bonus for c in ceilings if c.bonus]
    sizes = dict.fromkeys(size for c in ceilings for size in c.rates if size) or {"": None}
    rates = {}
    for size in sizes:
        found = [c.rates.get(size, c.rates.get("")) for c in ceilings]
        rates[size] = None if None in found else max(found)
    top = max(
        ceilings, key=lambda c: max((r for r in c.rates.values() if r is not None), default=ZERO)
    )
    return Ceiling(
        top.label,
        top.reference,
        all(c.is_sure for c in ceilings),
        rates,
        why=sentences(*(sentence for c in ceilings for sentence in c.why)),
        # The most that any of them may add: too generous only where the answer is in doubt.
        bonus=max(bonuses, key=lambda one: (not one.is_sure, one.points), default=None),
    )


def cost_names(case: Case, keys: frozenset[int]) -> str:
    labels = [cost.label for cost in case.plan.costs if cost.key in keys]
    eligible = [cost for cost in case.plan.costs if cost.eligible != "no"]
    if len(labels) > 1 and len(labels) == len(eligible):
        return "toutes les dépenses éligibles"
    return wording.listing(labels, "et") if len(labels) <= 2 else f"{len(labels)} dépenses"


def group_text(sources, aid, least, basis, best, unnamed, over, culprit) -> str:
    text = f"{names(sources)} : {euros(aid)}"
    missing = [source for source in sources if source.aid is None]
    if missing:
        text = (
            f"{names(sources)} : {euros(least)} connus ; équivalent-subvention de "
            f"{names(missing)} à confirmer"
        )
    text += f" sur {eligible_words(basis)}"
    share = percent(aid, basis)
    text += f", soit {percents(share)}. " if share is not None else ". "
    if over:
        text += "Les aides dépassent la dépense elle-même. "
    else:
        text += f"Plafond le plus favorable : {best.label}, {ceiling_words(best, basis)}. "
        if best.holds(least, basis) is False and culprit is None:
            text += "Il serait dépassé. "
    if unnamed:
        text += f"Régime à indiquer : {names(unnamed)}. "
    return (text + said([best])).strip()
