"""A meeting as an event of a diary: the same in a file, in a feed and in an invitation."""

from urllib.parse import urlsplit

from django.conf import settings

from actions.calendar import Event


def event_of(meeting, items, *, site=None, **more):
    """With the points that its reader may read; without a site, it links to no page."""
    return Event(
        uid=f"reunion-{meeting.pk}@{urlsplit(settings.SITE_URL).hostname}",
        on=meeting.held_on,
        title=meeting.title,
        starts_at=meeting.starts_at,
        ends_at=meeting.ends_at,
        place=meeting.place,
        text="\n".join(numbered(items)),
        url=f"{site}{meeting.get_absolute_url()}" if site else "",
        revision=meeting.version - 1,
        is_cancelled=meeting.is_cancelled,
        **more,
    )


def numbered(items):
    return [
        f"{n}. {item.title} ({item.get_kind_display().lower()})" for n, item in enumerate(items, 1)
    ]
