"""The shared grids, kept as what this version of Établi ships: a change makes a new version."""

from django.db import connections, router, transaction
from django.utils import timezone

from reporting.freezing import fingerprint
from reporting.returns.shipped import APPLIES_FROM, shipped


def install(sender, using="default", **kwargs):
    """After each migration: nothing is written when nothing changed."""
    from reporting.models import MappingVersion, ReturnMapping

    if not router.allow_migrate_model(using, ReturnMapping):
        return
    tables = connections[using].introspection.table_names()
    if MappingVersion._meta.db_table not in tables:  # an older state of the schema
        return
    with transaction.atomic(using=using):
        known = ReturnMapping.objects.using(using).filter(territory=None)
        known = {one.code: one for one in known.prefetch_related("versions")}
        for position, (code, name, recipient, grid) in enumerate(shipped(), start=1):
            mapping = known.get(code) or ReturnMapping(code=code)
            before = mapping.name, mapping.recipient, mapping.position
            mapping.name, mapping.recipient, mapping.position = name, recipient, position
            if mapping.pk is None or before != (name, recipient, position):
                mapping.save(using=using)
            last = mapping.current
            if last is None or fingerprint(last.content) != fingerprint(grid):
                MappingVersion.objects.using(using).create(
                    mapping=mapping,
                    number=last.number + 1 if last else 1,
                    content=grid,
                    applies_from=timezone.localdate() if last else APPLIES_FROM,
                    note="Livrée avec Établi." if last is None else "Grille d’Établi mise à jour.",
                    publisher="Établi",
                )
