"""Rows that nobody changes once they are written: the model refuses, and so does the database."""

import hashlib
import json
import tomllib
from contextlib import contextmanager
from functools import cache

from django.apps import apps
from django.conf import settings
from django.db import models, transaction
from django.db.backends.ddl_references import Statement, Table
from django.utils import timezone

CREATE = {
    "sqlite": (
        "CREATE TRIGGER %(name)s BEFORE %(verb)s ON %(table)s "
        "BEGIN SELECT RAISE(ABORT, '%(why)s'); END"
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION %(name)s() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION '%(why)s' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$; "
        "CREATE TRIGGER %(name)s BEFORE %(verb)s ON %(table)s "
        "FOR EACH ROW EXECUTE FUNCTION %(name)s()"
    ),
}
REMOVE = {
    "sqlite": "DROP TRIGGER IF EXISTS %(name)s",
    "postgresql": (
        "DROP TRIGGER IF EXISTS %(name)s ON %(table)s; DROP FUNCTION IF EXISTS %(name)s()"
    ),
}


class FrozenRows(models.BaseConstraint):
    """No UPDATE of any row, whoever asks: a trigger, since no CHECK knows what the row was.

    It is a constraint so that SQLite, which makes a table anew to alter it, gets it back.
    """

    verb, why = "UPDATE", "a frozen row is never updated"

    def constraint_sql(self, model, schema_editor):
        """Nothing within CREATE TABLE: the trigger comes once the table exists."""
        schema_editor.deferred_sql.append(self.create_sql(model, schema_editor))

    def create_sql(self, model, schema_editor):
        return self._statement(CREATE, model, schema_editor)

    def remove_sql(self, model, schema_editor):
        return self._statement(REMOVE, model, schema_editor)

    def validate(self, model, instance, exclude=None, using=None):
        """A row to insert breaks nothing; any other is refused by `save`."""

    def _statement(self, sql, model, schema_editor):
        return Statement(
            sql[schema_editor.connection.vendor],
            table=Table(model._meta.db_table, schema_editor.quote_name),
            name=schema_editor.quote_name(self.name),
            verb=self.verb,
            why=self.why,
        )

    def __eq__(self, other):
        return type(other) is type(self) and self.name == other.name

    def __hash__(self):
        return hash(self.name)


class NeverDeleted(FrozenRows):
    """No DELETE of any row either: `flush`, which empties a database on purpose, lifts it."""

    verb, why = "DELETE", "a frozen row is never deleted"


@contextmanager
def emptied_on_purpose(connection):
    """Within it rows that are never deleted may be; PostgreSQL empties by TRUNCATE, which does not
    ask, and SQLite has no other way than a DELETE."""
    if connection.vendor != "sqlite":
        yield
        return
    tables = set(connection.introspection.table_names())
    kept = [
        (model, constraint)
        for model in apps.get_models()
        for constraint in model._meta.constraints
        if isinstance(constraint, NeverDeleted) and model._meta.db_table in tables
    ]
    editor = connection.SchemaEditorClass(connection)
    with transaction.atomic(using=connection.alias), connection.cursor() as cursor:
        for model, constraint in kept:
            cursor.execute(str(constraint.remove_sql(model, editor)))
        yield
        for model, constraint in kept:
            cursor.execute(str(constraint.create_sql(model, editor)))


class IsFrozen(Exception):
    """Someone asked to change or delete what was issued."""


class FrozenQuerySet(models.QuerySet):
    def update(self, **values):
        raise IsFrozen

    def delete(self):
        raise IsFrozen

    def bulk_update(self, rows, fields, batch_size=None):
        raise IsFrozen


class FrozenRow(models.Model):
    objects = FrozenQuerySet.as_manager()

    class Meta:
        abstract = True

    def save(self, *args, **options):
        """Once, and never over another row."""
        if not self._state.adding:
            raise IsFrozen
        super().save(*args, **options | {"force_insert": True})

    def delete(self, *args, **options):
        raise IsFrozen


def fingerprint(content):
    """SHA-256 of bytes, or of JSON whatever the order in which a database keeps its keys."""
    if not isinstance(content, bytes):
        text = json.dumps(content, sort_keys=True, ensure_ascii=False, separators=(",", ":"))
        content = text.encode()
    return hashlib.sha256(content).hexdigest()


@cache
def app_version():
    """The release that drew what is frozen."""
    with (settings.BASE_DIR / "pyproject.toml").open("rb") as file:
        return tomllib.load(file)["project"]["version"]


class Issued(FrozenRow):
    """A report as it was handed out: who drew it, when, from which rows."""

    title = models.CharField("intitulé", max_length=200)
    number = models.PositiveIntegerField("numéro")
    drawn_on = models.DateField("chiffres au")
    issued_at = models.DateTimeField("émise le", default=timezone.now)
    issued_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, related_name="+")
    issuer = models.CharField("émise par", max_length=200)
    content = models.JSONField("chiffres et lignes")
    sha256 = models.CharField("empreinte du contenu", max_length=64)
    app_version = models.CharField("version d’Établi", max_length=20)

    class Meta:
        abstract = True

    @property
    def is_intact(self):
        """Whether the rows are those whose fingerprint was taken on the day of the issue."""
        return fingerprint(self.content) == self.sha256


class IssuedFile(FrozenRow):
    """A file, byte for byte as it was handed out."""

    name = models.CharField("nom", max_length=120)
    content = models.BinaryField("octets")
    size = models.PositiveIntegerField("taille")
    sha256 = models.CharField("empreinte", max_length=64)

    class Meta:
        abstract = True

    def __str__(self):
        return self.name

    @property
    def is_intact(self):
        return fingerprint(bytes(self.content)) == self.sha256
