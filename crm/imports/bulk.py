"""Many rows written at once, each with the history row that a save would have left."""

from crm.models import Contact, Organisation, Site

MODELS = {"organisation": Organisation, "site": Site, "contact": Contact}
CHUNK = 500


def chunks(items):
    items = list(items)
    return [items[start : start + CHUNK] for start in range(0, len(items), CHUNK)]


class Bulk:
    def __init__(self, *, by, reason, now):
        self.by, self.reason, self.now = by, reason, now

    def create(self, model, objects):
        self._derive(objects)
        created = model.objects.bulk_create(objects, batch_size=CHUNK)
        self._remember(model, created, is_update=False)
        return [instance.pk for instance in created]

    def update(self, model, objects, fields):
        """An upsert by key: on 20 000 rows `bulk_update` takes five times as long."""
        fields = set(fields)
        fields |= {"search", "updated_at"} if model is Organisation else set()
        fields |= {"provenance"} if model is not Contact else set()
        self._derive(objects)
        # History first: an upsert resets `created_at` on the object, though not in the table.
        self._remember(model, objects, is_update=True)
        model.objects.bulk_create(
            objects,
            batch_size=CHUNK,
            update_conflicts=True,
            unique_fields=["pk"],
            update_fields=sorted(fields),
        )

    def delete(self, model, pks):
        """Rows that nothing points to any more: no cascade is looked for, and no signal is sent."""
        for chunk in chunks(pks):
            rows = model.objects.filter(pk__in=chunk)
            self._remember_deletion(model, rows)
            if model is Organisation:
                model.sectors.through.objects.filter(organisation__in=chunk).delete()
            rows._raw_delete(rows.db)

    def _derive(self, objects):
        for instance in objects:
            if isinstance(instance, Organisation):
                instance.derive()
                instance.updated_at = self.now

    def _remember(self, model, objects, *, is_update):
        for chunk in chunks(objects):  # 20 000 histories at once would weigh as much as the plan
            model.history.bulk_history_create(
                chunk,
                batch_size=CHUNK,
                update=is_update,
                default_user=self.by,
                default_change_reason=self.reason,
                default_date=self.now,
            )

    def _remember_deletion(self, model, objects):
        history = model.history.model
        history.objects.bulk_create(
            history(
                history_type="-",
                history_date=self.now,
                history_user=self.by,
                history_change_reason=self.reason,
                **{f.attname: getattr(instance, f.attname) for f in history.tracked_fields},
            )
            for instance in objects
        )

    def copy_sectors_to_history(self, pks):
        """Bulk history leaves many-to-many out: without its rows a later diff would lie."""
        history = Organisation.history.model
        links, through = history.sectors.model, Organisation.sectors.through
        for chunk in chunks(pks):
            written = history.objects.filter(
                id__in=chunk, history_change_reason=self.reason, history_date=self.now
            )
            rows = dict(written.values_list("id", "history_id"))
            links.objects.bulk_create(
                links(
                    history_id=rows[link.organisation_id],
                    id=link.pk,
                    organisation_id=link.organisation_id,
                    sector_id=link.sector_id,
                )
                for link in through.objects.filter(organisation__in=rows)
            )
