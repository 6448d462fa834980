"""Where a file may go from where it is.

`DEMARCHE` is the state machine of Démarche numérique, word for word (documentation of its API:
« brouillon », « en construction », « en instruction », then one of three decisions, each of which
may be reopened). The other funders have no common one: `ELSEWHERE` is what their letters say.
"""

TO_FILE, DRAFT = "a_deposer", "brouillon"
FILED, INCOMPLETE, COMPLETE = "depose", "incomplet", "complet"
IN_CONSTRUCTION, APPRAISAL = "en_construction", "en_instruction"
ADJOURNED, WAITING_LIST = "ajourne", "liste_d_attente"
ACCEPTED, REFUSED, DISMISSED, WITHDRAWN = "accepte", "refuse", "sans_suite", "retire"

NOT_FILED = (TO_FILE, DRAFT)
FINAL = (ACCEPTED, REFUSED, DISMISSED, WITHDRAWN)
DECIDED = (ACCEPTED, REFUSED, DISMISSED)
# The appraisal has begun: completeness or receipt is obtained.
RECEIVED = (COMPLETE, APPRAISAL, ADJOURNED, WAITING_LIST)

# An acceptance straight from « en construction » is the automatic one that a procedure may have.
DEMARCHE: dict[str, tuple[str, ...]] = {
    DRAFT: (IN_CONSTRUCTION,),
    IN_CONSTRUCTION: (APPRAISAL, ACCEPTED),
    APPRAISAL: (IN_CONSTRUCTION, ACCEPTED, REFUSED, DISMISSED),
    ACCEPTED: (APPRAISAL,),
    REFUSED: (APPRAISAL,),
    DISMISSED: (APPRAISAL,),
}
ELSEWHERE: dict[str, tuple[str, ...]] = {
    TO_FILE: (DRAFT, FILED),
    DRAFT: (TO_FILE, FILED),
    FILED: (INCOMPLETE, COMPLETE, APPRAISAL, ADJOURNED, ACCEPTED, REFUSED, DISMISSED),
    INCOMPLETE: (COMPLETE, APPRAISAL, DISMISSED),
    COMPLETE: (INCOMPLETE, APPRAISAL, ADJOURNED, WAITING_LIST, ACCEPTED, REFUSED, DISMISSED),
    APPRAISAL: (INCOMPLETE, ADJOURNED, WAITING_LIST, ACCEPTED, REFUSED, DISMISSED),
    ADJOURNED: (APPRAISAL, WAITING_LIST, ACCEPTED, REFUSED, DISMISSED),
    WAITING_LIST: (APPRAISAL, ACCEPTED, REFUSED, DISMISSED),
    ACCEPTED: (APPRAISAL,),
    REFUSED: (APPRAISAL,),
    DISMISSED: (APPRAISAL,),
    WITHDRAWN: (TO_FILE,),
}
OF_DEMARCHE = frozenset({DRAFT, IN_CONSTRUCTION, APPRAISAL, *DECIDED})


def moves(before: str, *, on_demarche: bool = False) -> tuple[str, ...]:
    """The statuses that may follow `before`, in the order in which a file goes through them.

    A file with a number at Démarche numérique follows its machine alone; one whose portal nobody
    has noted may take either road. Its holder may withdraw it until it is decided.
    """
    if on_demarche and before in OF_DEMARCHE:
        found = list(DEMARCHE[before])
    elif on_demarche and before == TO_FILE:
        found = [DRAFT, IN_CONSTRUCTION]
    else:
        found = [*DEMARCHE.get(before, ()), *ELSEWHERE.get(before, ())]
        if before == TO_FILE:
            found.append(IN_CONSTRUCTION)
    if before not in FINAL:
        found.append(WITHDRAWN)
    return tuple(sorted(set(found), key=ORDER.index))


ORDER = (
    TO_FILE,
    DRAFT,
    FILED,
    IN_CONSTRUCTION,
    INCOMPLETE,
    COMPLETE,
    APPRAISAL,
    ADJOURNED,
    WAITING_LIST,
    ACCEPTED,
    REFUSED,
    DISMISSED,
    WITHDRAWN,
)


def is_ahead(after: str, before: str) -> bool:
    """Whether a move goes forward, and not back to what was."""
    return ORDER.index(after) > ORDER.index(before)


def date_of(after: str) -> str:
    """Which date of the file a move to `after` gives: « filed_on », « received_on », …, or none."""
    if after in {FILED, IN_CONSTRUCTION}:
        return "filed_on"
    if after in {COMPLETE, APPRAISAL}:
        return "received_on"
    return "decided_on" if after in DECIDED else ""


# The stepper of a page: what a file has behind it, and what lies ahead.
STEPS = ("À préparer", "Déposé", "Complet", "En instruction", "Décision", "Convention", "Soldé")


def step_of(status: str, *, is_agreed: bool = False, is_settled: bool = False) -> int:
    """The rank in STEPS; an agreement and the final payment are facts beside the status."""
    if status == ACCEPTED:
        return 6 if is_settled else 5 if is_agreed else 4
    ranks = {TO_FILE: 0, DRAFT: 0, FILED: 1, IN_CONSTRUCTION: 1, INCOMPLETE: 1, COMPLETE: 2}
    return ranks.get(status, 4 if status in FINAL else 3)
