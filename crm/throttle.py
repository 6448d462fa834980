"""So many tries an hour, counted by each server process (as the API’s own limit is)."""

import hashlib

from django.core.cache import cache

HOUR = 60 * 60


def spend(what, who, limit):
    """Whether `who` may do it once more; the hour begins with the first try."""
    digest = hashlib.sha256(who.encode()).hexdigest()  # an address is not written in clear
    key = f"{what}-{digest}"
    cache.add(key, 0, timeout=HOUR)
    return cache.incr(key) <= limit
