"""Which files each figure counts: a sum, a count and the list that they open read it here."""

from django.db.models import Count, Q, Sum

from funding.appraisal.statuses import ACCEPTED, DECIDED

# An amount that nobody has noted is asked for once the file has come that far.
OWED = {
    "requested": Q(),
    "granted": Q(status=ACCEPTED),
    "committed": Q(status=ACCEPTED),
    "paid": Q(status=ACCEPTED),
}
MEASURES = {
    "requested": "demandé",
    "granted": "accordé",
    "committed": "engagé",
    "paid": "versé",
}
DECISION = Q(status__in=DECIDED)
GRANT = Q(status=ACCEPTED)
# Asked for in euros and, once accepted, granted in euros: what a rate in euros can compare.
PRICED = (
    DECISION
    & Q(amount_requested__isnull=False)
    & (Q(amount_granted__isnull=False) | Q(status__in=set(DECIDED) - {ACCEPTED}))
)
TIMED = DECISION & Q(filed_on__isnull=False, decided_on__isnull=False)


def known(measure):
    return Q(**{f"amount_{measure}__isnull": False})


def unknown(measure):
    return OWED[measure] & Q(**{f"amount_{measure}": None})


AMONG = {
    **{measure: (f"montant {word} connu", known(measure)) for measure, word in MEASURES.items()},
    **{
        f"{measure}_unknown": (f"montant {word} à confirmer", unknown(measure))
        for measure, word in MEASURES.items()
    },
    "decided": ("décidés", DECISION),
    "accepted": ("acceptés", GRANT),
    "priced": ("décidés, montants connus", PRICED),
    "unpriced": ("décidés, montants à confirmer", DECISION & ~PRICED),
    "timed": ("décidés, dates connues", TIMED),
    "untimed": ("décidés, dates à confirmer", DECISION & ~TIMED),
    "not_filed": ("sans date de dépôt", Q(filed_on=None)),
    "not_dated": ("sans date de décision", Q(decided_on=None)),
}

# Known amounts, and how many files do not say theirs.
SUMS = {
    **{measure: Sum(f"amount_{measure}") for measure in MEASURES},
    **{f"{measure}_unknown": Count("pk", filter=unknown(measure)) for measure in MEASURES},
}
DECISIONS = {
    "decided": Count("pk", filter=DECISION),
    "accepted": Count("pk", filter=GRANT),
    "priced": Count("pk", filter=PRICED),
    "priced_requested": Sum("amount_requested", filter=PRICED),
    "priced_granted": Sum("amount_granted", filter=PRICED & GRANT),
    "timed": Count("pk", filter=TIMED),
}
