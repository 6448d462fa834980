"""Ceilings of aid: each source against its regime and its program.

Intensities count the gross grant equivalent against the eligible costs (Règl. (UE) 651/2014,
art. 4 à 7). Those of several aids on the same costs stand in `cumulation`.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from funding.eligibility import wording
from funding.financing import legal
from funding.financing.plan import (
    AID_SIZES,
    DE_MINIMIS,
    EXEMPTED,
    GRANT,
    HUNDRED,
    NO_AID,
    ZERO,
    Scheme,
    Source,
    percent,
)
from funding.financing.verdicts import (
    Case,
    Check,
    Status,
    all_or_none,
    euros,
    percents,
    settle,
    worst,
)
from funding.financing.zones import Bonus, bonus, only_in

SIZES = ("small", "medium", "large")
SIZE_WORDS = {"small": "petite", "medium": "moyenne", "large": "grande"}


def aid_size(size: str) -> str:
    return AID_SIZES.get(size, size)


@dataclass(frozen=True, slots=True)
class Ceiling:
    """What a source may reach. `rates` are percents by possible size (one empty key when the
    size does not matter), None when no text is in force; `euros` is an absolute maximum, and
    `basis_max` the most eligible euros that the rates apply to."""

    label: str
    reference: str
    is_sure: bool
    rates: dict[str, Decimal | None] | None = None
    euros: Decimal | None = None
    why: tuple[str, ...] = ()  # sentences
    bonus: Bonus | None = None
    basis_max: Decimal | None = None

    def raised(self) -> "Ceiling":
        """The same with the points that a zone may add."""
        rates = {
            size: None if rate is None else rate + self.bonus.points
            for size, rate in self.rates.items()
        }
        return replace(self, rates=rates, bonus=None)

    def in_its_zone(self, bonus: Bonus | None) -> "Ceiling":
        """With the bonus of the zone: counted when it is certain, in doubt otherwise."""
        if bonus is None or self.rates is None:
            return self
        found = replace(
            self,
            reference=" ; ".join(filter(None, (self.reference, bonus.reference))),
            why=sentences(*self.why, bonus.text),
            bonus=bonus,
        )
        return found.raised() if bonus.is_settled else found

    def counted(self, basis: Decimal | None) -> Decimal | None:
        """The euros of a basis that its rates apply to."""
        return min((x for x in (basis, self.basis_max) if x is not None), default=None)

    def limits(self, basis: Decimal | None) -> dict[str, Decimal | None]:
        """Euros by size; None when unknown."""
        if self.rates is None:
            return {"": self.euros}
        basis = self.counted(basis)
        return {
            size: None if rate is None or basis is None else basis * rate / HUNDRED
            for size, rate in self.rates.items()
        }

    def holds(self, aid: Decimal | None, basis: Decimal | None) -> bool | None:
        limits = self.limits(basis).values()
        if aid is None:
            return None
        held = all_or_none(None if limit is None else aid <= limit for limit in limits)
        if self.bonus is None or held:
            return held
        # Over the ceiling, but a zone may raise it: a breach only if it is one there too.
        return False if self.bonus.is_sure and self.raised().holds(aid, basis) is False else None

    def tightest(self, basis: Decimal | None) -> Decimal | None:
        return min((x for x in self.limits(basis).values() if x is not None), default=None)


def sentences(*found: str) -> tuple[str, ...]:
    """Those that say something, each once."""
    return tuple(dict.fromkeys(filter(None, found)))


def said(ceilings: Iterable[Ceiling]) -> str:
    return " ".join(sentences(*(sentence for c in ceilings for sentence in c.why)))


def possible_sizes(case: Case) -> tuple[str, ...]:
    size = case.plan.holder.size
    return (aid_size(size),) if size else SIZES


def intensities(
    rule: str, sizes: Iterable[str], day: dt.date
) -> tuple[dict[str, Decimal | None], legal.Limit | None, bool]:
    """Percents by size, a row to cite, and whether they hold for sure on that day.

    A regime that has rows but none for a size is closed to that size: zero. When none is in force,
    the last ones known are given, to argue with, and nothing is sure."""
    rows = {size: legal.limit(f"{rule}.{size}", day) for size in SIZES}
    in_force = any(rows.values())
    if not in_force:
        rows = {size: legal.last_known(f"{rule}.{size}", day) for size in SIZES}
    found = [row for row in rows.values() if row]
    if not found:
        return dict.fromkeys(sizes), None, False
    rates = {size: rows[size].value if rows[size] else ZERO for size in sizes}
    return rates, found[0], in_force and all(row.is_sure for row in found)


def regime_ceiling(case: Case, scheme: Scheme, day: dt.date) -> Ceiling | None:
    """The intensity of a regime on that day; None for de minimis, which has none."""
    if scheme.kind == DE_MINIMIS:
        return None
    if scheme.kind == NO_AID:
        row = legal.limit("public_aid.max", day)
        return Ceiling(
            "dépense subventionnable",
            row.reference if row else "Décret 2018-514",
            bool(row and row.is_sure),
            {"": row.value if row else None},
        )
    rates, row, sure = intensities(scheme.ceiling, possible_sizes(case), day)
    in_force = scheme.holds_on(day)
    why = ""
    if row is None:
        why = "Aucun plafond n’est connu pour ce régime."
    elif not row.holds_on(day) or not in_force:
        ends = [end for end in (row.ends_on, scheme.ends_on) if end and end < day]
        why = (
            f"Le texte connu s’arrête au {wording.day(min(ends))}, avant l’octroi."
            if ends
            else "Le régime n’était pas encore en vigueur."
        )
    elif not sure or not scheme.is_sure:
        why = "Ce plafond n’a pas été relu à la source."
    name, zones = scheme.ceiling.removeprefix("intensity."), case.plan.zones
    closing, only = only_in(name, zones, day)
    if closing:
        return Ceiling(
            f"régime {scheme.label}",
            closing.reference,
            closing.is_sure,
            {"": ZERO},
            why=sentences(only),
        )
    ceiling = Ceiling(
        f"régime {scheme.label}",
        scheme.reference or (row.reference if row else ""),
        sure and in_force and scheme.is_sure,
        rates,
        why=sentences(why, only),
    )
    return ceiling.in_its_zone(bonus(name, zones, day))


def program_ceilings(case: Case, source: Source) -> list[Ceiling]:
    program = source.program
    if program is None or source.kind != GRANT:
        return []
    why = "" if program.is_sure else "Ce plafond du dispositif n’est pas vérifié."
    found = []
    if rates := program_rates(case, source):
        is_of_its_own = not any(rate is not None for rate in rates.values())
        ask = f"Le taux de {program.name} porte sur une dépense propre : donnez son assiette."
        found.append(
            Ceiling(
                f"taux de {program.name}",
                program.reference,
                program.is_sure,
                rates,
                why=sentences(ask if is_of_its_own else why),
                basis_max=program.costs_max,
            )
        )
    if program.aid_max is not None:
        found.append(
            Ceiling(
                f"montant maximum de {program.name}",
                program.reference,
                program.is_sure,
                euros=program.aid_max,
                why=sentences(why),
            )
        )
    return found


def program_rates(case: Case, source: Source) -> dict[str, Decimal | None]:
    """Percents by possible size, or under one empty key; nothing when the program tells none. A
    rate that is not that of the project is unknown until the source says what it counts."""
    program = source.program
    sizes = possible_sizes(case) if program.rates_by_size else ("",)
    rates = {size: program.rate_for(size) for size in sizes}
    if not any(rate is not None for rate in rates.values()):
        return {}
    if program.rate_on_project or source.basis is not None or case.plan.says_costs(source):
        return rates
    return dict.fromkeys(rates)


def source_ceilings(case: Case) -> list[Check]:
    """One check for each public aid: its regime and its program, the tightest of them named."""
    return [one_source(case, source) for source in case.plan.aids if source.kind == GRANT] + [
        one_source(case, source)
        for source in case.plan.aids
        if source.kind != GRANT and source.scheme and source.scheme.kind == EXEMPTED
    ]


def one_source(case: Case, source: Source) -> Check:
    day, basis = case.day(source), case.plan.basis_of(source)
    zones = case.plan.zones
    ceilings = [
        ceiling.in_its_zone(bonus(source.program.legal_code, zones, day))
        for ceiling in program_ceilings(case, source)
    ]
    if source.scheme and (regime := regime_ceiling(case, source.scheme, day)):
        ceilings.insert(0, regime)
    statuses = [settle(c.holds(source.aid, basis), c.is_sure) for c in ceilings]
    if source.scheme is None:
        statuses.append(Status.TO_CHECK)
    if source.aid is None or basis is None:
        statuses.append(Status.TO_CHECK)
    is_over = whole_cost(day).holds(source.aid, basis) is False
    if is_over:
        statuses.append(Status.BREACH)
    share = percent(source.aid, basis)
    text = f"{euros(source.aid)} sur {eligible_words(basis)}"
    text += f", soit {percents(share)}. " if share is not None else ". "
    text += verdict_of_tightest(ceilings, statuses, source, basis)
    if is_over:
        text += " L’aide dépasse la dépense elle-même."
    if case.plan.has_lost_costs(source):
        text += " Les dépenses qu’elle aidait ne sont plus dans le plan : cochez-en d’autres."
    if source.scheme is None:
        text += " Le régime d’aide n’est pas indiqué : son plafond n’a pas été appliqué."
    status = case.dated(worst(statuses) if statuses else Status.CONFORM, source)
    return Check(
        code=f"ceiling-{source.key}",
        title=f"Plafond : {source.label}",
        status=status,
        text=text.strip() + case.undated(source),
        reference=reference_of(ceilings, source),
        figures=(
            ("aide (équivalent-subvention)", euros(source.aid)),
            ("dépenses éligibles", euros(basis)),
            *((c.label, ceiling_words(c, basis)) for c in ceilings),
            ("octroi", wording.day(day)),
        ),
        source=source.label if status is Status.BREACH else "",
        asks=asked_of(ceilings, basis),
    )


def asked_of(ceilings: list[Ceiling], basis: Decimal | None) -> str:
    """The fact that would settle these ceilings: the size of the firm, then the zone."""
    if any(len(c.limits(basis)) > 1 for c in ceilings):
        return "size"
    return "zone" if any(c.bonus and c.bonus.inside is None for c in ceilings) else ""


def reference_of(ceilings: list[Ceiling], source: Source) -> str:
    cited = [c.reference for c in ceilings if c.reference]
    if not cited and source.scheme:
        cited = [source.scheme.reference]
    return " ; ".join(dict.fromkeys(cited)) or "Régime à indiquer"


def verdict_of_tightest(ceilings, statuses, source, basis) -> str:
    """The ceiling that decides, with its euros, and why it does not settle when it does not."""
    if not ceilings:
        return (
            "De minimis : pas de taux propre, le plafond est celui des trois ans."
            if source.scheme and source.scheme.kind == DE_MINIMIS
            else ""
        )
    ranked = sorted(
        zip(ceilings, statuses, strict=False),
        key=lambda pair: (
            pair[0].tightest(basis) is None,
            pair[0].tightest(basis) or ZERO,
        ),
    )
    tightest, status = ranked[0]
    limit = tightest.tightest(basis)
    if limit is None:
        return said(ceilings) or "Plafond à confirmer."
    text = f"Plafond le plus serré : {tightest.label}, {ceiling_words(tightest, basis)}. "
    if len(set(tightest.limits(basis).values())) > 1:
        text += "Il dépend de la taille européenne du porteur, à confirmer. "
    elif source.aid is not None and source.aid > limit:
        would = "Il serait dépassé" if status is Status.TO_CHECK else "Dépassé"
        text += f"{would} de {euros(source.aid - limit)}. "
    return text + said(ceilings)


def eligible_words(basis: Decimal | None) -> str:
    if basis is None:
        return "des dépenses éligibles à confirmer"
    return f"{euros(basis)} de dépenses éligibles"


def ceiling_words(ceiling: Ceiling, basis: Decimal | None) -> str:
    """« 50 %, soit 260 000 € »; when the size matters, « 50 % pour une petite entreprise, 40 % pour
    une moyenne », sizes of one rate together."""
    if ceiling.rates is None:
        return euros(ceiling.euros)
    by_rate: dict[Decimal | None, list[str]] = {}
    for size, rate in ceiling.rates.items():
        by_rate.setdefault(rate, []).append(size)
    if len(by_rate) == 1:
        (rate,) = by_rate
        if rate is None:
            return "inconnu"
        who = f" pour une {sizes_words(by_rate[rate])}" if any(by_rate[rate]) else ""
        counted = ceiling.counted(basis)
        worth = "" if basis is None else f", soit {euros(counted * rate / HUNDRED)}"
        if basis is not None and counted < basis:
            worth = f" de {euros(counted)} au plus{worth}"
        return f"{percents(rate)}{who}{worth}"
    return ", ".join(
        f"{'inconnu' if rate is None else percents(rate) if rate else 'rien'} pour une "
        f"{sizes_words(sizes)}"
        for rate, sizes in by_rate.items()
    )


def sizes_words(sizes: list[str]) -> str:
    return f"{wording.listing([SIZE_WORDS[size] for size in sizes])} entreprise"


def whole_cost(day: dt.date) -> Ceiling:
    """Aids never pass the cost itself."""
    row = legal.limit("public_aid.max", day)
    return Ceiling(
        "dépense elle-même",
        row.reference if row else "",
        bool(row and row.is_sure),
        {"": row.value if row else HUNDRED},
    )


def breaker(sources: Iterable[Source], limit: Decimal | None) -> Source | None:
    """The source that goes over the limit, the most advanced being served first."""
    if limit is None:
        return None
    level = ZERO
    for source in sorted(sources, key=lambda s: (-s.certainty, s.key)):
        level += source.aid or ZERO
        if level > limit:
            return source
    return None
