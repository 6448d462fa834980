import csv
import io
import json

from rest_framework.renderers import BaseRenderer
from rest_framework.serializers import BaseSerializer, ListSerializer

FORMULA = ("=", "+", "-", "@", "\t", "\r")
SEPARATOR = " | "


class CsvRenderer(BaseRenderer):
    """RFC 4180 for machines: commas, CRLF, UTF-8, one column for each leaf of the serializer.

    Columns come from the serializer and not from the rows, so they never change with the data.
    """

    media_type = "text/csv"
    format = "csv"
    charset = "utf-8"

    def render(self, data, accepted_media_type=None, renderer_context=None):
        view = renderer_context["view"]
        name = f"{view.basename}-{view.kwargs['pk']}" if view.detail else view.basename
        disposition = f'attachment; filename="{name}.csv"'
        renderer_context["response"].headers["Content-Disposition"] = disposition
        rows = [data] if view.detail else data["results"]
        paths = list(columns(view.get_serializer()))
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow("_".join(path) for path in paths)
        writer.writerows([read(row, path) for path in paths] for row in rows)
        return out.getvalue().encode()


def columns(serializer, path=()):
    """The path of each leaf: ("holder", "name"), ("sites", "siret")…"""
    for name, field in serializer.fields.items():
        if isinstance(field, ListSerializer):
            field = field.child
        if isinstance(field, BaseSerializer):
            yield from columns(field, (*path, name))
        else:
            yield (*path, name)


def read(value, path=()):
    """The cell at a path; the values of a list stand side by side, empty where unknown."""
    if value is None:
        return ""
    if isinstance(value, list) and not any(isinstance(v, dict) for v in value if not path):
        return SEPARATOR.join(read(item, path) for item in value)
    return read(value[path[0]], path[1:]) if path else cell(value)


def cell(value):
    """Text that a spreadsheet will not run as a formula."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return str(value)
