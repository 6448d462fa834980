"""What is missing, as an edition keeps it: where it stands, why it counts, which pages mend it."""

from django.urls import reverse

from actions.models import AgendaItem
from reporting.completeness import MISSING

# Of a point of decision: what a committee cannot do without.
OF_POINTS = (
    ("question", "Question posée", "Le comité doit savoir ce qu’on lui demande."),
    ("recommendation", "Proposition", "Sans elle, le comité part de rien."),
    ("amount", "Montant en jeu", "Écrivez 0 si la décision n’engage rien."),
)


def as_gap(gap, url):
    """`url` is the page that its readers may open, and `edit` the form of those who write."""
    return {
        "nature": gap.nature,
        "of": f"{gap.nature}-{gap.row.pk}",
        "reference": gap.reference,
        "title": gap.title,
        "kind": gap.kind,
        "field": gap.field,
        "why": gap.why,
        "url": url,
        "edit": gap.url,
    }


def of_point(item):
    if item.kind != AgendaItem.Kind.DECISION or item.is_decided:
        return []
    options = item.options.all()
    return [
        {
            "nature": "point",
            "of": f"point-{item.pk}",
            "reference": "",
            "title": item.title,
            "kind": MISSING,
            "field": label,
            "why": why,
            "url": item.meeting.get_absolute_url() if item.meeting else "",
            "edit": reverse("actions:agenda_item_edit", args=[item.pk]),
        }
        for field, label, why in OF_POINTS
        if getattr(item, field) in {None, ""}
        and not (field == "recommendation" and any(one.is_recommended for one in options))
    ]


def by_field(gaps):
    """[(kind, field, why, gaps)], what is missing most often first; no « why » where each has its
    own."""
    found = {}
    for gap in gaps:
        found.setdefault((gap["kind"], gap["field"]), []).append(gap)
    groups = []
    for (kind, field), rows in found.items():
        reasons = {gap["why"] for gap in rows}
        groups.append((kind, field, reasons.pop() if len(reasons) == 1 else "", rows))
    return sorted(groups, key=lambda group: (-len(group[3]), group[1]))
