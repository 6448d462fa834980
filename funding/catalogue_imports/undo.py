"""Take an import back: what it created goes, what it changed returns, unless touched since."""

from functools import cached_property

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from crm.imports.undo import TooLate, relations_to
from crm.imports.wording import typeset
from funding import catalogue, watch
from funding.models import (
    CatalogueImport,
    CatalogueLink,
    DeclaredFact,
    Funder,
    Program,
    ProgramCheck,
    ProgramVersion,
    WatchNotice,
)

__all__ = ["TooLate", "undo"]


@transaction.atomic
def undo(batch, *, by=None, now=None):
    """Return the sentences that say what stays, and why; raise TooLate when it cannot be undone."""
    now = now or timezone.now()
    if not batch.can_be_undone(now=now):
        raise TooLate
    if not CatalogueImport.objects.filter(pk=batch.pk, undone_at=None).update(undone_at=now):
        raise TooLate
    work = Undoing(batch, by, timezone.localdate(now))
    work.run()
    watch.catch_up(now=now)
    batch.undone_at = now
    batch.undo = {"kept": work.kept}
    batch.save()
    return work.kept


class Undoing:
    def __init__(self, batch, by, today):
        self.batch, self.by, self.today = batch, by, today
        self.kept = []

    def run(self):
        done = self.batch.undo
        self.uncheck(done["checked"])
        for pk, before, after in done["updated"]:
            if program := Program.objects.filter(pk=pk).first():
                self.restore(program, before, after)
        self.unlink(done["linked"])
        self.delete(done["created"])
        self.delete_funders(done["funders"])

    def uncheck(self, pks):
        for check in ProgramCheck.objects.filter(pk__in=pks).select_related("version__program"):
            try:
                with transaction.atomic():
                    catalogue.unverify(check, by=self.by)
            except catalogue.Conflict:
                self.keep(check.version.program, "vérifié de nouveau depuis, gardé")

    @cached_property
    def later(self):
        """What imports since wrote over: the programs, and the links to programs alike. To return
        to what this import found would undo them halfway."""
        since = CatalogueImport.objects.filter(
            committed_at__gt=self.batch.committed_at, undone_at=None
        )
        programs, links = set(), set()
        for done in since.values_list("undo", flat=True):
            programs |= {pk for pk, *_ in done["updated"]}
            links |= {pk for pk, _ in done["linked"]}
        return programs, links

    def restore(self, program, before, after):
        """The fields that still say what the import wrote return to what they said."""
        if program.pk in self.later[0]:
            self.keep(program, "repris depuis par un autre import, gardé")
            return
        standing = program.as_version()
        back = {n: v for n, v in before["values"].items() if standing[n] == after[n]}
        if len(back) < len(before["values"]):
            self.keep(program, "modifié depuis l’import, ces champs sont gardés")
        if not back:
            Program.objects.filter(pk=program.pk).update(imported=before["imported"])
            return
        try:
            with transaction.atomic():
                catalogue.publish(
                    program,
                    {**back, "imported": before["imported"]},
                    source=before["source"],
                    applies_from=self.today,
                    by=self.by,
                    origin=self.batch.origin,
                    note=typeset(f"Annulation de l’import de « {self.batch.file_name[:120]} »"),
                    today=self.today,
                )
        except ValidationError:
            self.keep(program, "les anciennes valeurs ne sont plus permises, gardé")

    def unlink(self, linked):
        for pk, said in linked:
            if pk in self.later[1]:
                link = CatalogueLink.objects.filter(pk=pk).select_related("program").first()
                self.keep(link.program, "relié de nouveau depuis par un autre import, gardé")
            elif said is None:
                CatalogueLink.objects.filter(pk=pk).delete()
            else:
                CatalogueLink.objects.filter(pk=pk).update(said=said)

    # ── What was created ──

    def delete(self, pks):
        touched = self.touched(pks)
        for program in Program.objects.filter(pk__in=touched):
            self.keep(program, "modifié ou utilisé depuis l’import, gardé")
        Program.objects.filter(pk__in=set(pks) - touched).delete()

    def delete_funders(self, codes):
        """But those that something names since: a program, an envelope, a version to come."""
        versions = ProgramVersion.objects.filter(values__funder__in=codes)
        used = set(versions.values_list("values__funder", flat=True))
        for relation in relations_to(Funder):
            name = relation.field.attname
            rows = relation.related_model._base_manager.filter(**{f"{name}__in": codes})
            used |= set(rows.values_list(name, flat=True))
        Funder.objects.filter(pk__in=set(codes) - used).delete()

    def touched(self, pks):
        """Those with another version, those that other rows point to or name by their code."""
        programs = dict(Program.objects.filter(pk__in=pks).values_list("pk", "code"))
        found = set(
            ProgramVersion.objects.filter(program__in=programs, number__gt=1).values_list(
                "program", flat=True
            )
        )
        for relation in relations_to(Program):
            model, name = relation.related_model, relation.field.attname
            if model not in (ProgramVersion, WatchNotice):
                rows = model._base_manager.filter(**{f"{name}__in": programs})
                found |= set(rows.values_list(name, flat=True))
        for pk, code in programs.items():
            named = Q(incompatible_with__icontains=f'"{code}"')
            named |= Q(required_studies__icontains=f'"{code}"')
            judged = DeclaredFact.objects.filter(key__startswith=f"judgement:{code}:")
            if Program.objects.filter(named).exists() or judged.exists():
                found.add(pk)
        return found

    def keep(self, program, why):
        self.kept.append(typeset(f"Dispositif « {program} » : {why}."))
