"""The figures that stand first: the reports page and the Synthèse sheet show the same ones."""

from dataclasses import dataclass
from decimal import Decimal

from reporting.figures import JOBS


@dataclass(frozen=True)
class Headline:
    """`unknown` is how many rows do not say; None where nothing can be unknown."""

    key: str
    label: str
    value: Decimal | int | None
    format: str
    meaning: str
    unknown: int | None = None


def headlines(figures):
    total, open_, aid, plan = figures.total, figures.portfolio, figures.aid, figures.plan
    done = total.count - open_.count
    closed = sum(line.count for line in figures.by_stage) - total.count
    return [
        Headline("open", "Projets en cours", open_.count, "integer",
                 f"suspendus compris ; s’y ajoutent {done} réalisés et {closed} clos"),
        Headline("investment", "Investissement prévu, projets en cours", open_.investment, "money",
                 "montants connus, hors taxes", open_.unknown),
        Headline("done", "Projets réalisés", done, "integer",
                 "travaux finis, résultats constatés"),
        *(
            Headline(field, label, getattr(total, field), "number",
                     "équivalents temps plein, projets comptés")
            for field, label in JOBS.items()
        ),
        Headline("requested", "Aides demandées", aid["requested"], "money",
                 "montants connus de tous les dossiers", aid["requested_unknown"]),
        Headline("granted", "Aides accordées", aid["granted"], "money",
                 "décisions favorables ; à confirmer : acceptées sans montant",
                 aid["granted_unknown"]),
        Headline("paid", "Aides versées", aid["paid"], "money",
                 "avances, acomptes et soldes connus ; à confirmer : acceptées sans montant versé",
                 aid["paid_unknown"]),
        Headline("actions", "Fiches du plan d’actions", plan["count"], "integer",
                 "plan en vigueur"),
        Headline("budget", "Budget prévu du plan", plan["planned"], "money", "montants connus",
                 plan["unknown"]),
        Headline("to_decide", "Points à décider", len(figures.to_decide), "integer",
                 "sans décision à ce jour"),
        Headline("reviews", "Avis rendus par le binôme", len(figures.reviews), "integer",
                 "les deux membres ont répondu"),
    ]  # fmt: skip
