"""The page a partner’s developer reads: the OpenAPI schema, in our look and without a script."""

from functools import cache

from django.contrib.auth.decorators import login_not_required
from django.shortcuts import render
from django.views.decorators.http import require_safe
from drf_spectacular.generators import SchemaGenerator

from crm.api.pagination import PARAMETERS, Pagination
from crm.models import SCOPES

TYPES = {
    "string": "texte",
    "integer": "entier",
    "number": "nombre",
    "boolean": "vrai ou faux",
    "object": "objet",
    "date": "date",
    "date-time": "instant",
    "uri": "adresse",
}


@require_safe
@login_not_required
def docs(request):
    context = {
        "sections": sections(),
        "scopes": SCOPES.items(),
        "origin": request.build_absolute_uri("/").rstrip("/"),
        "page_size": Pagination.page_size,
        "max_page_size": Pagination.max_page_size,
    }
    return render(request, "api/docs.html", context)


@cache
def sections():
    """One section for each tag of the schema, in the order of the scopes."""
    schema = SchemaGenerator().get_schema(public=True)
    components = schema["components"]["schemas"]
    found = {}
    for path, item in schema["paths"].items():
        operation = item["get"]
        if "x-scope" not in operation:
            continue
        section = found.setdefault(
            operation["tags"][0],
            {
                "tag": operation["tags"][0],
                "anchor": path.strip("/").split("/")[2],
                "scope": operation["x-scope"],
                "operations": [],
            },
        )
        section["operations"].append({"path": path, "summary": operation["summary"]})
        if "{" not in path:
            answer = operation["responses"]["200"]["content"]["application/json"]["schema"]
            row = resolve(answer, components)["properties"]["results"]["items"]
            section["fields"] = list(fields(row, components))
            section["filters"] = [
                parameter(p, components)
                for p in operation["parameters"]
                if p["name"] not in PARAMETERS
            ]
    return sorted(found.values(), key=rank)


def rank(section):
    """The order of the scopes; in each, the list that bears its name comes first."""
    return list(SCOPES).index(section["scope"]), not section["scope"].startswith(section["anchor"])


def parameter(described, components):
    schema = described["schema"]
    values = schema.get("enum") or schema.get("items", {}).get("enum") or []
    return {
        "name": described["name"],
        "type": named(schema, components),
        "text": described.get("description", "").split("\n\n*")[0].removeprefix("* `"),
        "values": [value for value in values if not str(value).startswith("-")],
        "repeats": schema.get("type") == "array",
    }


def fields(schema, components, path="", about=""):
    """Each leaf of an answer as {path, type, text}; « [] » in a path says a list.

    A leaf that says nothing of itself is told by what it belongs to.
    """
    for name, described in resolve(schema, components)["properties"].items():
        inner = described.get("items", described)
        here = f"{path}{name}{'[]' if 'items' in described else ''}"
        target = resolve(inner, components)
        text = described.get("title") or described.get("description") or about
        if is_code(target):
            yield {"path": here, "type": "{ code, label }", "text": text}
        elif "properties" in target and reference(inner):
            yield from fields(target, components, f"{here}.", text)
        else:
            yield {"path": here, "type": named(inner, components), "text": text}


def reference(schema):
    """The name of the component that a schema points to, nullable or not."""
    for part in [schema, *schema.get("allOf", []), *schema.get("oneOf", [])]:
        if "$ref" in part:
            return part["$ref"].rsplit("/", 1)[1]
    return ""


def resolve(schema, components):
    name = reference(schema)
    return components[name] if name else schema


def is_code(schema):
    return list(schema.get("properties", {})) == ["code", "label"]


def named(schema, components):
    schema = resolve(schema, components)
    if schema.get("type") == "array":
        return named(schema["items"], components)
    return TYPES.get(schema.get("format"), TYPES.get(schema.get("type"), "valeur"))
