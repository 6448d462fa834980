"""The files of the demonstration, and the two ways of writing them fast."""

import json
from pathlib import Path

DATA = Path(__file__).parent / "data"


def read(name):
    return json.loads((DATA / f"{name}.json").read_text(encoding="utf-8"))


def values_of(model, row, names):
    """The columns of `row` among `names`, as the model stores them: no float, no bare text."""
    return {name: model._meta.get_field(name).to_python(row[name]) for name in names if name in row}


def link(relation, pairs):
    """Fill a many-to-many in one insert, without a history row for each gesture."""
    through = relation.through
    source = relation.field.m2m_field_name() + "_id"
    target = relation.field.m2m_reverse_field_name() + "_id"
    through.objects.bulk_create(through(**{source: row, target: other}) for row, other in pairs)
