"""Rows that nobody changes once they are written: the model refuses, and so does the database."""

from django.db import models
from django.db.backends.ddl_references import Statement, Table

CREATE = {
    "sqlite": (
        "CREATE TRIGGER %(name)s BEFORE UPDATE ON %(table)s "
        "BEGIN SELECT RAISE(ABORT, 'a frozen row is never updated'); END"
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION %(name)s() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN "
        "RAISE EXCEPTION 'a frozen row is never updated' "
        "USING ERRCODE = 'integrity_constraint_violation'; END $$; "
        "CREATE TRIGGER %(name)s BEFORE UPDATE ON %(table)s "
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

    It is a constraint so that SQLite, which makes a table anew to alter it, gets it back. A DELETE
    is refused by the model only: the database must still be emptied between two tests.
    """

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
        )

    def __eq__(self, other):
        return isinstance(other, FrozenRows) and self.name == other.name

    def __hash__(self):
        return hash(self.name)


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
