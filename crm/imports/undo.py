"""Take an import back: what it created goes, what it changed returns, unless touched since."""

from django.db import transaction
from django.utils import timezone

from crm.imports.bulk import MODELS, Bulk, chunks
from crm.imports.commit import frozen
from crm.models import ImportBatch, Organisation


class TooLate(Exception):
    """The batch is not imported, already undone, or older than the delay."""


@transaction.atomic
def undo(batch, *, by=None, now=None):
    """Return the sentences that say what stays, and why; raise TooLate when it cannot be undone."""
    now = now or timezone.now()
    if not batch.can_be_undone(now=now):
        raise TooLate
    if not ImportBatch.objects.filter(pk=batch.pk, undone_at=None).update(undone_at=now):
        raise TooLate
    reason = f"Annulation : {batch.reason}"[:100]
    work = Undoing(batch, Bulk(by=by, reason=reason, now=now))
    work.restore()
    work.delete()
    batch.undone_at = now
    batch.undo = {"kept": work.kept}
    batch.save()
    return work.kept


class Undoing:
    def __init__(self, batch, bulk):
        self.batch, self.bulk, self.kept = batch, bulk, []

    # ── What was changed ──

    def restore(self):
        links = self._unlink_sectors()
        for name, model in MODELS.items():
            changes = {}
            for pk, *change in self.batch.undo[name]["updated"]:
                changes.setdefault(pk, []).append(change)
            if model is Organisation:
                changes |= {pk: [] for pk in links if pk not in changes}
            groups = {}
            for chunk in chunks(changes):
                for instance in model.objects.filter(pk__in=chunk):
                    fields = frozenset(self._restore_one(instance, changes[instance.pk]))
                    if is_linked := model is Organisation and instance.pk in links:
                        self._forget_sectors(instance)
                    if fields or is_linked:
                        groups.setdefault(fields, []).append(instance)
            for fields, objects in groups.items():
                self.bulk.update(model, objects, fields)
                if model is Organisation:
                    self.bulk.copy_sectors_to_history([instance.pk for instance in objects])

    def _restore_one(self, instance, changes):
        """Put the old values back on the object; return the names of those that were."""
        for field, before, after, source in changes:
            meta = instance._meta.get_field(field)
            if frozen(getattr(instance, meta.attname)) != after:
                self._keep(instance, f"{meta.verbose_name} changé depuis l’import, gardé")
                continue
            setattr(instance, meta.attname, meta.to_python(before))
            if hasattr(instance, "provenance"):
                instance.provenance.pop(field, None)
                instance.provenance |= {field: source} if source else {}
            yield meta.name

    def _forget_sectors(self, instance):
        if instance.provenance.get("sectors", {}).get("source") == self.batch.source:
            del instance.provenance["sectors"]

    def _unlink_sectors(self):
        """Remove the sectors added to companies that were there before; return which."""
        created = set(self.batch.undo["organisation"]["created"])
        pairs = [pair for pair in self.batch.undo["sectors"] if pair[0] not in created]
        through = Organisation.sectors.through
        for chunk in chunks(pairs):
            wanted = {tuple(pair) for pair in chunk}
            links = through.objects.filter(organisation__in={one for one, _ in wanted})
            found = links.values_list("pk", "organisation_id", "sector_id")
            through.objects.filter(
                pk__in=[pk for pk, one, other in found if (one, other) in wanted]
            ).delete()
        return {one for one, _ in pairs}

    # ── What was created ──

    def delete(self):
        """A company that someone worked with since the import stays, with all that came with it."""
        created = {name: set(self.batch.undo[name]["created"]) for name in MODELS}
        touched = {name: self._touched(model, created) for name, model in MODELS.items()}
        owners = {name: owners_of(MODELS[name], created[name]) for name in ("site", "contact")}
        kept = set(touched["organisation"])
        for name, owner in owners.items():
            kept |= {owner[pk] for pk in touched[name]} & created["organisation"]
        for name in ("contact", "site"):
            stay = touched[name] | {pk for pk, owner in owners[name].items() if owner in kept}
            self.bulk.delete(MODELS[name], created[name] - stay)
            self._tell(MODELS[name], {pk for pk in touched[name] if owners[name][pk] not in kept})
        self.bulk.delete(Organisation, created["organisation"] - kept)
        self._tell(Organisation, kept)

    def _touched(self, model, created):
        """Those with another history than this import, or that other rows point to."""
        name = next(name for name, mine in MODELS.items() if mine is model)
        touched = set()
        for chunk in chunks(created[name]):
            others = model.history.filter(id__in=chunk).exclude(
                history_change_reason=self.batch.reason
            )
            touched |= set(others.values_list("id", flat=True))
            for relation in relations_to(model):
                touched |= pointed_at(relation, chunk, created)
        return touched & set(owners_of(model, created[name]))

    def _tell(self, model, pks):
        for chunk in chunks(pks):
            for instance in model.objects.filter(pk__in=chunk):
                self._keep(instance, "modifié ou utilisé depuis l’import, gardé")

    def _keep(self, instance, why):
        kind = instance._meta.verbose_name
        self.kept.append(f"{kind[:1].upper()}{kind[1:]} « {instance} » : {why}.")


def owners_of(model, pks):
    """{pk: organisation} of the rows that still exist."""
    organisation = "pk" if model is Organisation else "organisation_id"
    owners = {}
    for chunk in chunks(pks):
        owners |= dict(model.objects.filter(pk__in=chunk).values_list("pk", organisation))
    return owners


def relations_to(model):
    """Every foreign key and many-to-many to `model`, from any app, histories left out."""
    return [
        field
        for field in model._meta.get_fields(include_hidden=True)
        if field.auto_created
        and not field.concrete
        and not field.related_model._meta.auto_created
        and not hasattr(field.related_model, "history_id")
        and not hasattr(field.related_model, "m2m_history_id")
    ]


def pointed_at(relation, pks, created):
    """Those of `pks` that something else than this import’s own rows refers to."""
    model, name = relation.related_model, relation.field.name
    own = next((created[key] for key, mine in MODELS.items() if mine is model), set())
    found = model._base_manager.filter(**{f"{name}__in": pks}).values_list("pk", name)
    return {target for pk, target in found if pk not in own}
