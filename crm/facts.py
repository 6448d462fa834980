"""What is known of an organisation, with its source, and what is left to ask."""

from dataclasses import dataclass
from typing import Any

from crm.models import NafCode


@dataclass(frozen=True)
class Fact:
    """`format` is text, code, money, count, day or link; an unknown value is None or empty."""

    label: str
    value: Any
    source: str
    format: str = "text"


@dataclass(frozen=True)
class Question:
    """A missing fact as one asks it; `field` is where its answer is typed."""

    text: str
    field: str
    form: str = "organisation"


def facts(organisation, site, *, with_amounts=True):
    """The facts of the page, `site` being the one that stands for the organisation, or None."""

    def own(label, name, value, format="text"):
        return Fact(label, value, organisation.source_of(name), format)

    rows = [
        own("SIREN", "siren", organisation.siren, "code"),
        own("Catégorie juridique", "legal_form", organisation.legal_form),
    ]
    if organisation.is_company:
        amounts = [
            own("Chiffre d’affaires", "turnover", organisation.turnover, "money"),
            own("Total du bilan", "balance_sheet", organisation.balance_sheet, "money"),
            own("Fonds propres", "equity", organisation.equity, "money"),
        ]
        rows += [
            own("Créée le", "created_on", organisation.created_on, "day"),
            *site_facts(site),
            own("Effectif", "headcount", organisation.headcount, "count"),
            *(amounts if with_amounts else []),
            own("Taille européenne", "eu_size", organisation.get_eu_size_display()),
            own("Catégorie INSEE", "insee_category", organisation.get_insee_category_display()),
        ]
    sectors = ", ".join(sector.label for sector in organisation.sectors.all())
    rows.append(own("Filières", "sectors", sectors))
    if organisation.website:
        rows.append(own("Site internet", "website", organisation.website, "link"))
    return rows


def site_facts(site):
    """The activity with its vintage and the band with its year: SIRENE gives both by site."""
    if site is None:
        return [Fact("Activité", "", ""), Fact("Tranche d’effectif", "", "")]
    activity = f"{site.naf_rev2} {site.naf_label}".strip()
    vintage = joined(NafCode.Vintage.REV2.label, site.source_of("naf_rev2"))
    band, source = site.workforce_band, site.source_of("workforce_band")
    if site.workforce_year and str(site.workforce_year) not in source:
        source = joined(source, f"tranche {site.workforce_year}")
    return [
        Fact("Activité", activity, vintage if activity else ""),
        Fact("Tranche d’effectif", band, source if band else ""),
    ]


def joined(*parts):
    return ", ".join(part for part in parts if part)


def questions(organisation, site, *, has_contact):
    """What to ask next, the most useful for matching programs first."""
    asked = []
    if organisation.is_company:
        if site is None or site.commune is None:
            asked.append(Question("Dans quelle commune est le site\u00a0?", "commune", "site"))
        if site is None or not site.naf_rev2:
            asked.append(Question("Quelle est son activité (code NAF)\u00a0?", "naf_rev2", "site"))
        for name, text in COMPANY_QUESTIONS.items():
            if getattr(organisation, name) in (None, ""):
                asked.append(Question(text, name))
    elif not organisation.siren:
        asked.append(Question("Quel est son SIREN\u00a0?", "siren"))
    if not has_contact:
        asked.append(Question("Qui est la personne à contacter\u00a0?", "last_name", "contact"))
    return asked


COMPANY_QUESTIONS = {
    "siren": "Quel est son SIREN\u00a0?",
    "headcount": "Combien de salariés aujourd’hui\u00a0?",
    "eu_size": "Appartient-elle à un groupe\u00a0? De quelle taille, au sens européen\u00a0?",
    "turnover": "Quel chiffre d’affaires au dernier exercice clos\u00a0?",
    "balance_sheet": "Quel total de bilan au dernier exercice clos\u00a0?",
    "created_on": "Depuis quand existe-t-elle\u00a0?",
}
