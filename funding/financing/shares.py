"""Who brings how much: the shares that the law or a funder asks of each."""

from funding.eligibility import wording
from funding.financing import legal
from funding.financing.plan import (
    ADVANCE,
    BANK_LOAN,
    GRANT,
    HUNDRED,
    OWN,
    PRIVATE,
    PUBLIC_LOAN,
    known,
    percent,
    total,
)
from funding.financing.verdicts import (
    Case,
    Check,
    Status,
    euros,
    least_advanced,
    not_concerned,
    percents,
    settle,
    worst,
)


def local_authority_share(case: Case) -> Check:
    """The authority brings 20 % of the public financing, not of the cost (CGCT L1111-10, III)."""
    code, title = "local_authority", "Apport minimal du maître d’ouvrage public"
    reference = "CGCT, art. L1111-10, III"
    if not case.plan.holder.is_local_authority:
        return not_concerned(code, title, "Le porteur n’est pas une collectivité.", reference)
    row = legal.limit("local_authority.own_share", case.day())
    grants = case.plan.of_kind(GRANT)
    brought = case.plan.of_kind(OWN, BANK_LOAN, PUBLIC_LOAN)
    own, aid = total(s.amount for s in brought), total(s.amount for s in grants)
    if not grants and not case.plan.of_kind(ADVANCE):
        return not_concerned(code, title, "Aucune subvention publique dans ce plan.", reference)
    share = percent(own, own + aid) if own is not None and aid is not None else None
    holds = None
    if row is not None:
        holds = own_share_holds(row.value, own, aid, brought, grants)
    if case.plan.of_kind(ADVANCE) and holds:
        holds = None
    culprit = least_advanced(grants) if holds is False else None
    text = (
        f"Apport {euros(own)} sur {euros(None if share is None else own + aid)} de financements "
        f"publics, soit {percents(share)}. "
    )
    if row and aid:
        needed = aid * row.value / (HUNDRED - row.value)
        text += f"Il faut {percents(row.value)}, soit {euros(needed)} d’apport pour ces aides. "
    text += "La part se compte sur les financements publics, non sur le coût."
    return Check(
        code,
        title,
        case.dated(settle(holds, bool(row and row.is_sure))),
        text + case.undated(),
        row.reference if row else reference,
        (
            ("apport du maître d’ouvrage", euros(own)),
            ("subventions publiques", euros(aid)),
            ("part", percents(share)),
            ("minimum", percents(row.value if row else None)),
        ),
        culprit.label if culprit else "",
    )


def own_share_holds(minimum, own, aid, brought, grants) -> bool | None:
    """own ÷ (own + aid) ≥ minimum; what is unknown only lowers or raises the share."""
    least_own, least_aid = known(s.amount for s in brought), known(s.amount for s in grants)
    if own is not None and own * HUNDRED < minimum * (own + least_aid):
        return False
    if aid is not None and least_own * HUNDRED >= minimum * (least_own + aid):
        return True
    return None


def leader(case: Case) -> Check:
    """LEADER is at most four times the other public money, and has a floor."""
    code, title = "leader", "LEADER et contrepartie publique"
    sources = [source for source in case.plan.aids if source.is_leader]
    reference = "PSN 2023-2027, intervention 77.05"
    if not sources:
        return not_concerned(code, title, "Aucune aide LEADER dans ce plan.", reference)
    day = case.day(*sources)
    times, floor = (
        legal.limit("leader.other_public_multiple", day),
        legal.limit("leader.floor", day),
    )
    others = [s for s in case.plan.of_kind(GRANT) if not s.is_european] + list(
        case.plan.of_kind(OWN) if case.plan.holder.is_local_authority else ()
    )
    asked, other = total(s.amount for s in sources), total(s.amount for s in others)
    holds = below = None
    if times and asked is not None:
        if asked <= times.value * known(s.amount for s in others):
            holds = True
        elif other is not None:
            holds = False
    if floor:
        too_small = [s for s in sources if s.amount is not None and s.amount < floor.value]
        below = False if too_small else True if asked is not None else None
    sure = bool(times and floor and times.is_sure and floor.is_sure)
    status = worst([settle(holds, sure), settle(below, sure)])
    text = f"{euros(asked)} de LEADER pour {euros(other)} d’autre argent public"
    if times:
        text += f" ; maximum {wording.number(times.value)} fois, soit "
        text += f"{euros(None if other is None else other * times.value)}. "
    if floor:
        text += f"Plancher : {euros(floor.value)} par projet."
    if case.plan.holder.is_local_authority:
        text += " L’autofinancement d’une collectivité compte comme argent public."
    return Check(
        code,
        title,
        case.dated(status, *sources),
        text + case.undated(*sources),
        times.reference if times else reference,
        (
            ("LEADER", euros(asked)),
            ("autre argent public", euros(other)),
            ("plancher", euros(floor.value if floor else None)),
        ),
        least_advanced(sources).label if status is Status.BREACH else "",
    )


def own_contribution(case: Case) -> Check:
    """25 % of the costs free of public aid in an AFR zone (Règl. (UE) 651/2014, art. 14)."""
    code, title = "own_contribution", "Contribution sans aide publique (AFR)"
    reference = "Règl. (UE) 651/2014, art. 14"
    sources = [s for s in case.plan.aids if s.scheme and s.scheme.ceiling == "intensity.regional_c"]
    if not sources:
        return not_concerned(code, title, "Aucune aide à finalité régionale.", reference)
    row = legal.limit("afr.own_contribution", case.day(*sources))
    last = row or legal.last_known("afr.own_contribution", case.day(*sources))
    free = total(s.amount for s in case.plan.of_kind(OWN, BANK_LOAN, PRIVATE))
    basis = case.plan.eligible()
    share = percent(free, basis)
    holds = None if share is None or last is None else share >= last.value
    text = (
        f"{euros(free)} sans aide publique sur {euros(basis)} éligibles, soit {percents(share)} ; "
        f"minimum {percents(last.value if last else None)}."
    )
    if row is None or not row.is_sure:
        text += " La règle applicable à l’octroi n’a pas été relue à la source."
    return Check(
        code,
        title,
        case.dated(settle(holds, bool(row and row.is_sure)), *sources),
        text,
        last.reference if last else reference,
        (("contribution", euros(free)), ("dépenses éligibles", euros(basis))),
        least_advanced(sources).label if holds is False and row and row.is_sure else "",
    )


def bank_match(case: Case) -> list[Check]:
    """Loans of a program that ask for as much from a bank."""
    found = []
    banks = total(s.amount for s in case.plan.of_kind(BANK_LOAN))
    for source in case.plan.of_kind(PUBLIC_LOAN):
        code = source.program.code if source.program else ""
        row = legal.limit(f"match.{code}", case.day(source)) if code else None
        if row is None:
            continue
        needed = None if source.amount is None else source.amount * row.value / HUNDRED
        holds = None if banks is None or needed is None else banks >= needed
        status = case.dated(settle(holds, row.is_sure), source)
        found.append(
            Check(
                f"match-{source.key}",
                f"{source.label} : autant de prêt bancaire",
                status,
                f"{euros(banks)} de prêt bancaire pour {euros(source.amount)}."
                + case.undated(source),
                row.reference,
                (("prêt bancaire", euros(banks)), ("prêt aidé", euros(source.amount))),
                source.label if status is Status.BREACH else "",
            )
        )
    return found


def equity(case: Case) -> list[Check] | Check:
    """Loans and aids that may not pass the equity of the firm."""
    caps = []
    for source in case.plan.aids:
        for key in (source.program.code if source.program else "", source.funder):
            row = legal.limit(f"equity.{key}", case.day(source)) if key else None
            if row is not None:
                caps.append((source, row))
                break
    reference = "Règles de Bpifrance et de la Région"
    if not caps or not case.plan.holder.is_company:
        return not_concerned(
            "equity", "Aides et fonds propres", "Aucune source n’est limitée ainsi.", reference
        )
    sources = [source for source, _ in caps]
    rows = [row for _, row in caps]
    asked, own = total(s.amount for s in sources), case.plan.holder.equity
    statuses = [
        settle(
            None if s.amount is None or own is None else s.amount * HUNDRED <= own * row.value,
            row.is_sure,
        )
        for s, row in caps
    ]
    status = case.dated(worst(statuses), *sources)
    breaking = [s for s, one in zip(sources, statuses, strict=True) if one is Status.BREACH]
    listed = wording.listing([f"{s.label}, {euros(s.amount)}" for s in sources], "et")
    text = f"{listed}. Fonds propres : {euros(own)}."
    if not all(row.is_sure for row in rows):
        text += " La règle du financeur n’a pas été relue à la source."
    return Check(
        "equity",
        "Aides et fonds propres",
        status,
        text + case.undated(*sources),
        " ; ".join(dict.fromkeys(row.reference for row in rows)),
        (("aides et prêts limités", euros(asked)), ("fonds propres", euros(own))),
        breaking[0].label if breaking else "",
        asks="equity" if own is None else "",
    )


def indirect_aid(case: Case) -> list[Check]:
    """A public operation that serves firms may be aid at the second level: somebody must look."""
    if case.plan.holder.is_company or not case.plan.aids:
        return []
    return [
        Check(
            "indirect_aid",
            "Aide indirecte à des entreprises",
            Status.TO_CHECK,
            "Si l’opération profite à des entreprises (loyer, vente, services au-dessous du prix "
            "du marché), c’est une aide d’État au second niveau, à rattacher à un régime.",
            "TFUE, art. 107, § 1",
        )
    ]
