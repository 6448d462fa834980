"""The calendar of the demonstration: every date of the files is so many days from today."""

import datetime as dt

from django.utils import timezone


class Clock:
    """Offsets in days → dates that keep their order, whatever the day of the loading."""

    def __init__(self, today):
        self.today = today

    def exact(self, days):
        """For what does not care about week-ends: a closing date, a birthday."""
        return None if days is None else self.today + dt.timedelta(days=days)

    def day(self, days):
        """A working day: a past one moves back to the Friday, a future one on to the Monday."""
        if not days:
            return None if days is None else self.today
        date = self.exact(days)
        while date.weekday() > 4:
            date += dt.timedelta(days=1 if days > 0 else -1)
        return date

    def at(self, days, hour=10, minute=0):
        """The same working day as an instant; only for what is past."""
        return timezone.make_aware(dt.datetime.combine(self.day(days), dt.time(hour, minute)))
