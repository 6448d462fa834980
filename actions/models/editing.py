"""What two people edit at once, and what one removes and puts back."""

from django.db import models, transaction
from django.db.models import F


class EditConflict(Exception):
    """Someone saved the row between the moment it was read and this save."""


class Versioned(models.Model):
    """Each save of a form adds one to `version`, and names the version that it read."""

    version = models.PositiveIntegerField(default=1, editable=False)

    class Meta:
        abstract = True

    @transaction.atomic
    def save_over(self, version):
        """Save only if the row is still at the version that was read, else raise EditConflict."""
        rows = type(self).objects
        if not rows.filter(pk=self.pk, version=version).update(version=F("version") + 1):
            raise EditConflict
        self.version = version + 1
        self.save()


class RemovalRefused(Exception):
    """A French sentence: why this row stays."""


class Removable(models.Model):
    """A row whose removal leaves its last state in the history, from where it comes back whole."""

    class Meta:
        abstract = True

    def why_it_stays(self):
        """A French sentence when the row may not be removed, else nothing."""
        return ""

    @transaction.atomic
    def remove(self):
        """Delete the row and return the history row that `restore` puts back, or RemovalRefused."""
        row = type(self).objects.select_for_update().get(pk=self.pk)
        if reason := row.why_it_stays():
            raise RemovalRefused(reason)
        row.delete()
        return removed(type(self)).get(id=self.pk)

    @classmethod
    @transaction.atomic
    def restore(cls, trace):
        """Put back the row of `trace` as it was, once; a second click finds it.

        IntegrityError when another row took its place since.
        """
        found = cls.objects.filter(pk=trace.id).first()
        if found:
            return found
        row = trace.instance
        row.save(force_insert=True)
        if hasattr(trace, "created_at"):  # which the save has just set to now
            cls.objects.filter(pk=row.pk).update(created_at=trace.created_at)
        return row


def removed(model):
    """The history rows of what was removed and has not come back, latest first."""
    last = model.history.filter(id=models.OuterRef("id")).order_by("-history_id")
    return model.history.filter(
        history_type="-", history_id=models.Subquery(last.values("history_id")[:1])
    ).order_by("-history_id")
