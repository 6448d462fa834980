"""The grid of a return: read by whoever reports, written by managers, published in versions."""

from django.contrib import messages
from django.core.exceptions import BadRequest
from django.db import IntegrityError, transaction
from django.http import Http404
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from actions.models import EditConflict
from crm.decorators import allow, takes
from crm.perms import can_manage, can_report
from crm.query import row_id
from reporting.models import ReturnMapping
from reporting.readings import PARTNERS, reading
from reporting.returns import fields, grids, grids_in_force, sending
from reporting.returns.drawing import Return
from reporting.returns.forms import ColumnForm, PublishForm, ReturnForm, SheetForm
from reporting.returns.records import LISTS
from reporting.returns.shipped import NOTICE
from reporting.views.returns import version_of

SAMPLE = 3


def shown(grid):
    """[(sheet, what it lists, [(column, source)])]: a grid as its pages show it."""
    return [
        (
            sheet,
            LISTS[sheet["rows"]][0],
            [(column, fields.get(column["source"])) for column in sheet["columns"]],
        )
        for sheet in grid["sheets"]
    ]


@allow(can_report)
@require_safe
@takes("version")
def grid(request, code):
    """A version, the one in force unless another is asked for, and what each one changed."""
    current = version_of(request, code)
    versions = list(current.mapping.versions.all())
    asked = request.GET.get("version", "")
    version = next((one for one in versions if str(one.number) == asked), None)
    if asked and version is None:
        raise BadRequest("Cette version n’existe pas.")
    version = version or versions[0]
    history = [
        (one, grids.differences(before.content, one.content) if before else [])
        for one, before in zip(versions, [*versions[1:], None], strict=True)
    ]
    context = {
        "mapping": current.mapping,
        "version": version,
        "is_current": version == versions[0],
        "sheets": shown(version.content),
        "history": history,
        "notice": "" if version.is_official else NOTICE,
        "can_manage": can_manage(request.user, request.territory),
    }
    return render(request, "reporting/grid.html", context)


def own(request, code):
    """The territory’s own grid, and never the shared one: nobody writes for the others."""
    rows = ReturnMapping.objects.filter(territory=request.territory)
    return get_object_or_404(rows, code=code)


@allow(can_manage)
@require_http_methods(["GET", "HEAD", "POST"])
def return_new(request):
    """A return of the territory’s own, its grid copied from another and then written."""
    posted = request.method == "POST"
    mappings = grids_in_force.mappings(request.territory)
    form = ReturnForm(request.POST if posted else None, mappings=mappings)
    if posted and form.is_valid():
        said, start = form.cleaned_data, form.mappings[form.cleaned_data["start"]]
        try:
            with transaction.atomic():
                mapping = ReturnMapping.objects.create(
                    territory=request.territory, code=form.code, name=said["name"],
                    recipient=said["recipient"], draft=start.current.content,
                    draft_by=request.user, draft_at=timezone.now(),
                )  # fmt: skip
                note = f"Copie de la grille «\u00a0{start.name}\u00a0»."
                first_version(mapping, start.current, by=request.user, note=note)
            return redirect("reporting:grid_edit", mapping.code)
        except IntegrityError:  # a double click: the first one made it
            return redirect("reporting:return_list")
    return render(
        request, "reporting/return_new.html", {"form": form}, status=422 if posted else 200
    )  # fmt: skip


def first_version(mapping, copied, *, by, note):
    mapping.versions.create(
        number=1,
        content=copied.content,
        applies_from=copied.applies_from,
        note=note[:250],
        publisher=str(by),
        published_by=by,
    )


@allow(can_manage)
@require_POST
def grid_start(request, code):
    """Begin to write a version: a copy of the one in force, for this territory alone."""
    version = version_of(request, code)
    mapping = version.mapping
    if mapping.territory_id is None:
        mapping, _ = ReturnMapping.objects.get_or_create(
            territory=request.territory,
            code=code,
            defaults={
                "name": mapping.name,
                "recipient": mapping.recipient,
                "position": mapping.position,
                "draft": version.content,
                "draft_by": request.user,
                "draft_at": timezone.now(),
            },
        )
        if not mapping.versions.exists():
            note = "Reprise de la grille partagée."
            first_version(mapping, version, by=request.user, note=note)
    elif mapping.draft is None:
        mapping.write_draft(version.content, by=request.user, seen=mapping.version)
    return redirect("reporting:grid_edit", code)


@allow(can_manage)
@require_http_methods(["GET", "HEAD", "POST"])
@takes("sur")
def grid_edit(request, code):
    """The grid being written: each button sends one change, and the state it was read in."""
    mapping = own(request, code)
    if mapping.draft is None:
        return redirect("reporting:grid", code)
    form = None
    if request.method == "POST":
        verb, _, key = request.POST.get("do", "").partition(":")
        sheet = request.POST.get("sheet", "")
        try:
            if verb == "sheet_add":
                form = sheet_form(request, mapping)
                if not form.is_valid():
                    return edit_page(request, mapping, form=form, status=422)
                changed, focus = added_sheet(mapping.draft, form.cleaned_data)
            elif verb in CHANGES:
                changed, focus = CHANGES[verb](mapping.draft, sheet, key, request)
            else:
                raise BadRequest("Ce changement n’existe pas.")
            seen = row_id(request.POST.get("seen"))
            mapping.write_draft(changed, by=request.user, seen=seen)
        except (grids.Gone, EditConflict):
            mapping.refresh_from_db()
            return edit_page(request, mapping, is_conflict=True, status=409)
        return redirect(back_to(code, focus))
    return edit_page(request, mapping)


def edit_page(request, mapping, *, form=None, is_conflict=False, status=200):
    draft = mapping.draft
    if draft is None:
        return redirect("reporting:grid", mapping.code)
    drawn = Return(
        draft, reading(PARTNERS, request.territory), name=mapping.name, limit=SAMPLE
    )  # fmt: skip
    content = {"sheets": [sending.sheet_of(sheet) for sheet in drawn.sheets]}
    choices = [fields.every(LISTS[sheet["rows"]][1]) for sheet in draft["sheets"]]
    context = {
        "mapping": mapping,
        "draft": draft,
        "sheets": list(zip(shown(draft), choices, strict=True)),
        "samples": sending.read_sheets(content),
        "faults": grids.faults(draft),
        "changes": grids.differences(mapping.current.content, draft),
        "form": form or sheet_form(request, mapping, bound=False),
        "is_conflict": is_conflict,
        "focus": request.GET.get("sur", ""),
    }
    return render(request, "reporting/grid_edit.html", context, status=status)


def sheet_form(request, mapping, *, bound=True):
    taken = [sheet["title"] for sheet in mapping.draft["sheets"]]
    return SheetForm(
        request.POST if bound else None, territory=request.territory, taken=taken
    )  # fmt: skip


def added_sheet(draft, said):
    if len(draft["sheets"]) >= grids.MAX_SHEETS:
        raise BadRequest(f"Une grille a {grids.MAX_SHEETS} feuilles au plus.")
    rows = said["rows"]
    first = next(one for one in fields.every(LISTS[rows][1]) if one.key not in COMMON)
    more = {name: said[name] for name in ("frameworks", "by_epci", "note")}
    changed, key = grids.with_sheet(draft, said["title"], rows, [grids.column_of(first)], **more)
    return changed, f"feuille-{key}."


COMMON = {"territoire_code", "periode", "nature"}


def moved_column(step):
    def change(draft, sheet, key, request):
        verb = "up" if step < 0 else "down"
        return grids.with_moved_column(draft, sheet, key, step), f"{sheet}-{key}.{verb}"

    return change


def moved_sheet(step):
    def change(draft, sheet, key, request):
        verb = "up" if step < 0 else "down"
        return grids.with_moved_sheet(draft, sheet, step), f"feuille-{sheet}.{verb}"

    return change


def removed_column(draft, sheet, key, request):
    return grids.without_column(draft, sheet, key), f"feuille-{sheet}."


def added_column(draft, sheet, key, request):
    source = fields.get(request.POST.get("source", ""))
    kinds = LISTS[grids.sheet_in(draft, sheet)["rows"]][1]
    if source is None or not set(kinds) & set(source.of):
        raise BadRequest("Choisissez une donnée de la liste.")
    if len(grids.sheet_in(draft, sheet)["columns"]) >= grids.MAX_COLUMNS:
        raise BadRequest(f"Une feuille a {grids.MAX_COLUMNS} colonnes au plus.")
    changed, key = grids.with_column(draft, sheet, source)
    return changed, f"{sheet}-{key}."


CHANGES = {
    "column_up": moved_column(-1),
    "column_down": moved_column(1),
    "column_remove": removed_column,
    "column_add": added_column,
    "sheet_up": moved_sheet(-1),
    "sheet_down": moved_sheet(1),
    "sheet_remove": lambda draft, sheet, key, request: (grids.without_sheet(draft, sheet), ""),
}


def drafted(request, code):
    mapping = own(request, code)
    if mapping.draft is None:
        raise Http404
    return mapping


@allow(can_manage)
@require_http_methods(["GET", "HEAD", "POST"])
def grid_sheet(request, code, sheet):
    """The title, the frameworks and the note of one sheet."""
    mapping = drafted(request, code)
    found = find(grids.sheet_in, mapping.draft, sheet)
    taken = [one["title"] for one in mapping.draft["sheets"] if one["key"] != sheet]
    posted = request.method == "POST"
    form = SheetForm(
        request.POST if posted else None, initial=found, territory=request.territory,
        taken=taken, is_new=False,
    )  # fmt: skip
    is_conflict = False
    if posted and form.is_valid():
        changed = grids.with_changed_sheet(mapping.draft, sheet, **form.cleaned_data)
        try:
            mapping.write_draft(
                changed, by=request.user, seen=row_id(request.POST.get("seen"))
            )  # fmt: skip
            return redirect(back_to(code, f"feuille-{sheet}"))
        except EditConflict:
            mapping.refresh_from_db()
            is_conflict = True
    context = {"mapping": mapping, "sheet": found, "form": form, "is_conflict": is_conflict}
    status = 409 if is_conflict else 422 if posted else 200
    return render(request, "reporting/grid_sheet.html", context, status=status)


@allow(can_manage)
@require_http_methods(["GET", "HEAD", "POST"])
def grid_column(request, code, sheet, column):
    """One column: its words, its format, its code list."""
    mapping = drafted(request, code)
    held = find(grids.sheet_in, mapping.draft, sheet)
    found = find(grids.column_in, mapping.draft, sheet, column)
    source = fields.get(found["source"])
    if source is None:
        raise Http404
    posted = request.method == "POST"
    form = ColumnForm(
        request.POST if posted else None, initial=found, column=found, source=source,
        codes=source.codes(request.territory) if source.codes else [],
        taken=[one["name"] for one in held["columns"] if one["key"] != column],
    )  # fmt: skip
    is_conflict = False
    if posted and form.is_valid():
        changed = grids.with_changed_column(mapping.draft, sheet, column, **form.said)
        try:
            mapping.write_draft(
                changed, by=request.user, seen=row_id(request.POST.get("seen"))
            )  # fmt: skip
            return redirect(back_to(code, f"{sheet}-{column}.edit"))
        except EditConflict:
            mapping.refresh_from_db()
            is_conflict = True
    context = {
        "mapping": mapping,
        "sheet": held,
        "column": found,
        "source": source,
        "form": form,
        "is_conflict": is_conflict,
    }
    status = 409 if is_conflict else 422 if posted else 200
    return render(request, "reporting/grid_column.html", context, status=status)


def find(read, *named):
    try:
        return read(*named)
    except grids.Gone:
        raise Http404 from None


def back_to(code, place):
    """To a sheet by its anchor; to a column by the focus, which a browser does not give to a page
    that it opens at an anchor."""
    url = reverse("reporting:grid_edit", args=[code])
    if place.startswith("feuille-"):
        return f"{url}#{place.split('.')[0]}"
    return f"{url}?{urlencode({'sur': place})}" if place else url


@allow(can_manage)
@require_http_methods(["GET", "HEAD", "POST"])
def grid_publish(request, code):
    """Make a version of what is written: dated, noted, never edited again."""
    mapping = drafted(request, code)
    faults = grids.faults(mapping.draft)
    posted = request.method == "POST"
    initial = {"applies_from": timezone.localdate(), "is_official": mapping.current.is_official}
    form = PublishForm(request.POST if posted else None, initial=initial)
    is_conflict = False
    if posted and form.is_valid() and not faults:
        try:
            version = mapping.publish(
                mapping.draft, by=request.user, seen=row_id(request.POST.get("seen")),
                **form.cleaned_data,
            )  # fmt: skip
            messages.success(request, f"La version {version.number} de la grille est publiée.")
            return redirect("reporting:grid", code)
        except EditConflict:
            mapping.refresh_from_db()
            is_conflict = True
    if mapping.draft is None:
        return redirect("reporting:grid", code)
    context = {
        "mapping": mapping,
        "form": form,
        "faults": faults,
        "is_conflict": is_conflict,
        "number": mapping.current.number + 1,
        "changes": grids.differences(mapping.current.content, mapping.draft),
    }
    status = 409 if is_conflict else 422 if posted else 200
    return render(request, "reporting/grid_publish.html", context, status=status)


@allow(can_manage)
@require_POST
def grid_discard(request, code):
    """Forget what was being written; the versions stay."""
    mapping = own(request, code)
    if mapping.draft is not None:
        try:
            mapping.write_draft(None, by=request.user, seen=row_id(request.POST.get("seen")))
            messages.success(request, "Le brouillon de la grille est abandonné.")
        except EditConflict:
            return edit_page(request, own(request, code), is_conflict=True, status=409)
    return redirect("reporting:grid", code)
