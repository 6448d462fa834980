from django.db import models, transaction
from django.db.models import F
from django.utils import timezone
from django.utils.crypto import salted_hmac


class UsageQuerySet(models.QuerySet):
    def spend(self, what, who, *, window, now=None):
        """(how often `who` did `what` in this window, this time included; what is left of it).

        The window begins with the first time. Two processes never miss each other’s count: one
        holds the row from its update until it has read it.
        """
        now = now or timezone.now()
        key = salted_hmac("crm.usage", f"{what} {who}", algorithm="sha256").hexdigest()
        mine = self.filter(key=key)
        with transaction.atomic():
            if not (
                mine.filter(ends_at__gt=now).update(count=F("count") + 1)
                # The first process after the end starts the next one.
                or mine.filter(ends_at__lte=now).update(count=1, ends_at=now + window)
            ):
                self.bulk_create([Usage(key=key, ends_at=now + window)], ignore_conflicts=True)
                mine.update(count=F("count") + 1)
                self.forget_ended(now)
            row = mine.get()
        return row.count, row.ends_at - now

    def forget_ended(self, now):
        """Those that another process is starting again are left to it: nobody waits for anybody."""
        ended = self.filter(ends_at__lte=now).select_for_update(skip_locked=True)
        self.filter(pk__in=ended.values("pk")).delete()


class Usage(models.Model):
    """How often someone did something that is limited, told to all server processes.

    Names nobody: `key` is a keyed hash of what was done and by whom.
    """

    key = models.CharField(max_length=64, unique=True)
    count = models.PositiveIntegerField(default=0)
    ends_at = models.DateTimeField(db_index=True)

    objects = UsageQuerySet.as_manager()

    class Meta:
        verbose_name = "usage compté"
        verbose_name_plural = "usages comptés"

    def __str__(self):
        return f"{self.count} jusqu’à {self.ends_at:%H:%M}"
