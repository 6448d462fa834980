"""Who brings how much: the shares that the law or a funder asks of each."""

from decimal import Decimal

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
    Source,
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
    names,
    not_concerned,
    percents,
    settle,
    worst,
)


def brought_by_authority(case: Case) -> tuple[Source, ...]:
    """What a local authority brings itself: its own money, and what it borrows and pays back
    (CGCT, art. L1111-10, III). Nothing when the holder is none."""
    if not case.plan.holder.is_local_authority:
        return ()
    return case.plan.of_kind(OWN, BANK_LOAN, PUBLIC_LOAN)


def local_authority_share(case: Case) -> Check:
    """The authority brings 20 % of the public financing, not of the cost (CGCT L1111-10, III); 30 %
    in a field with a lead authority (L1111-9), which somebody must tell."""
    code, title = "local_authority", "Apport minimal du maître d’ouvrage public"
    reference = "CGCT, art. L1111-10, III"
    if not case.plan.holder.is_local_authority:
        return not_concerned(code, title, "Le porteur n’est pas une collectivité.", reference)
    row = legal.limit("local_authority.own_share", case.day())
    led = legal.limit("local_authority.lead_own_share", case.day())
    grants, brought = case.plan.of_kind(GRANT), brought_by_authority(case)
    own, aid = total(s.amount for s in brought), total(s.amount for s in grants)
    if not grants and not case.plan.of_kind(ADVANCE):
        return not_concerned(code, title, "Aucune subvention publique dans ce plan.", reference)
    share = percent(own, own + aid) if own is not None and aid is not None else None
    holds = None if row is None else own_share_holds(row.value, own, aid, brought, grants)
    is_between = bool(
        holds and led and own_share_holds(led.value, own, aid, brought, grants) is not True
    )
    if is_between or (case.plan.of_kind(ADVANCE) and holds):
        holds = None
    culprit = least_advanced(grants) if holds is False else None
    text = (
        f"Apport {euros(own)} sur {euros(None if share is None else own + aid)} de financements "
        f"publics, soit {percents(share)}. "
    )
    if row and aid:
        text += f"Il faut {percents(row.value)}, soit {euros(own_needed(row, aid))} d’apport pour "
        text += "ces aides. "
    if is_between:
        needed = f", soit {euros(own_needed(led, aid))}" if aid else ""
        text += (
            f"Dans un domaine à chef de file ({led.reference}), comme le développement "
            f"économique pour la Région, il faut {percents(led.value)}{needed}, sauf convention "
            "territoriale : vérifiez auprès de la préfecture. "
        )
    text += "La part se compte sur les financements publics, non sur le coût."
    cited = [one.reference for one in (row, led if is_between else None) if one]
    return Check(
        code,
        title,
        case.dated(settle(holds, bool(row and row.is_sure))),
        text + case.undated(),
        " ; ".join(cited) or reference,
        (
            ("apport du maître d’ouvrage", euros(own)),
            ("subventions publiques", euros(aid)),
            ("part", percents(share)),
            ("minimum", percents(row.value if row else None)),
            *((("avec chef de file", percents(led.value)),) if is_between else ()),
        ),
        culprit.label if culprit else "",
    )


def own_needed(row: legal.Limit, aid: Decimal) -> Decimal:
    """Euros of own money that make its share of these grants and itself."""
    return aid * row.value / (HUNDRED - row.value)


def own_share_holds(minimum, own, aid, brought, grants) -> bool | None:
    """own ÷ (own + aid) ≥ minimum; what is unknown only lowers or raises the share."""
    least_own, least_aid = known(s.amount for s in brought), known(s.amount for s in grants)
    if own is not None and own * HUNDRED < minimum * (own + least_aid):
        return False
    if aid is not None and least_own * HUNDRED >= minimum * (least_own + aid):
        return True
    return None


def leader(case: Case) -> Check:
    """LEADER is at most four times the other public money, and has a floor for the project."""
    code, title = "leader", "LEADER et contrepartie publique"
    sources = [source for source in case.plan.aids if source.is_leader]
    maybe = [source for source in case.plan.of_kind(GRANT) if source.may_be_european]
    reference = "PSN 2023-2027, intervention 77.05"
    if not sources and maybe:
        text = (
            f"Financeur à confirmer : {names(maybe)}. Une aide LEADER suit l’autre argent public."
        )
        return Check(code, title, Status.TO_CHECK, text, reference)
    if not sources:
        return not_concerned(code, title, "Aucune aide LEADER dans ce plan.", reference)
    day = case.day(*sources)
    times, floor = (
        legal.limit("leader.other_public_multiple", day),
        legal.limit("leader.floor", day),
    )
    others = [s for s in case.plan.of_kind(GRANT) if not s.is_european]
    others += brought_by_authority(case)
    asked, other = total(s.amount for s in sources), total(s.amount for s in others)
    holds = below = None
    if times and asked is not None:
        if asked <= times.value * known(s.amount for s in others):
            holds = True
        elif other is not None:
            holds = False
    if floor:
        enough = known(s.amount for s in sources) >= floor.value
        below = True if enough else None if asked is None else False
    sure = bool(times and floor and times.is_sure and floor.is_sure)
    status = worst([settle(holds, sure), settle(below, sure)])
    text = f"{euros(asked)} de LEADER pour {euros(other)} d’autre argent public"
    if times:
        text += f" ; maximum {wording.number(times.value)} fois, soit "
        text += f"{euros(None if other is None else other * times.value)}. "
    if floor:
        text += f"Plancher : {euros(floor.value)} par projet."
    if case.plan.holder.is_local_authority:
        text += " L’apport d’une collectivité, emprunts compris, compte comme argent public."
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
    """Loans of a program that ask for as much from a bank; a bank loan answers for one of them, the
    most advanced first."""
    asking = []
    for source in sorted(case.plan.of_kind(PUBLIC_LOAN), key=lambda s: (-s.certainty, s.key)):
        code = source.program.legal_code if source.program else ""
        row = legal.limit(f"match.{code}", case.day(source)) if code else None
        if row is not None:
            needed = None if source.amount is None else source.amount * row.value / HUNDRED
            asking.append((source, row, needed))
    banks = total(s.amount for s in case.plan.of_kind(BANK_LOAN))
    return [
        one_match(case, source, row, needed, banks, asking[:rank])
        for rank, (source, row, needed) in enumerate(asking)
    ]


def one_match(case: Case, source, row, needed, banks, before) -> Check:
    taken = total(needs for _, _, needs in before)
    least = known(needs for _, _, needs in before)
    holds = None
    if banks is not None and needed is not None:
        if banks - least < needed:
            holds = False
        elif taken is not None:
            holds = True
    status = case.dated(settle(holds, row.is_sure), source)
    text = f"{euros(banks)} de prêt bancaire pour {euros(source.amount)}"
    if before:
        text += f", dont {euros(taken)} répondent déjà de {names(one for one, _, _ in before)}"
    return Check(
        f"match-{source.key}",
        f"{source.label} : autant de prêt bancaire",
        status,
        f"{text}." + case.undated(source),
        row.reference,
        (("prêt bancaire", euros(banks)), ("prêt aidé", euros(source.amount))),
        source.label if status is Status.BREACH else "",
    )


def equity(case: Case) -> list[Check] | Check:
    """Loans and aids that may not pass the equity of the firm."""
    caps = []
    for source in case.plan.aids:
        for key in (source.program.legal_code if source.program else "", source.funder):
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
