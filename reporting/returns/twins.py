"""Jobs that two projects may both count: the same company, the same site, the same period. Pure."""

from collections import defaultdict
from itertools import combinations

MEASURES = {
    "jobs_created_planned": "emplois créés, prévus",
    "jobs_created_observed": "emplois créés, constatés",
    "jobs_maintained_planned": "emplois maintenus, prévus",
    "jobs_maintained_observed": "emplois maintenus, constatés",
}


def overlap(one, other):
    """Whether their periods meet; a date that nobody said leaves the question open."""
    ends_before = one.ends_on and other.starts_on and one.ends_on < other.starts_on
    starts_after = one.starts_on and other.ends_on and other.ends_on < one.starts_on
    return not (ends_before or starts_after)


def same_site(one, other):
    """The site is the same, or one of the two projects does not say which."""
    return one.site_id is None or other.site_id is None or one.site_id == other.site_id


def counts(one, other, field):
    return all((getattr(project, field) or 0) > 0 for project in (one, other))


def twins(projects):
    """{id: [(other project, what both count)]} among projects that are not closed."""
    found, by_holder = defaultdict(list), defaultdict(list)
    for project in projects:
        if not project.is_closed:
            by_holder[project.holder_id].append(project)
    for rows in by_holder.values():
        for one, other in combinations(rows, 2):
            both = [label for field, label in MEASURES.items() if counts(one, other, field)]
            if both and same_site(one, other) and overlap(one, other):
                found[one.pk].append((other, both))
                found[other.pk].append((one, both))
    return dict(found)
