"""A manager keeps the catalogue: a new version for each change, a check when nothing changed."""

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Max, Q
from django.http import HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.text import slugify
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from crm.decorators import allow, check
from crm.htmx import is_fragment
from crm.models import Project
from crm.perms import can_edit_catalogue
from crm.query import row_id
from crm.templatetags.french import day, plural
from funding import catalogue, differences, watch
from funding.criteria_forms import CriteriaEditor
from funding.forms.catalogue import LINKS, ProgramForm
from funding.forms.program_field import offered
from funding.impact import measure
from funding.models import Program, ProgramCheck, ProgramVersion


@require_http_methods(["GET", "POST"])
def edit(request, pk):
    """One form for the whole record; every button of the editor draws it again."""
    found = get_object_or_404(Program.objects.visible_to(request.user).for_list(), pk=pk)
    check(can_edit_catalogue, request.user, found.territory)
    last = found.versions.aggregate(number=Max("number"))["number"] or 1
    shown = found
    if number := row_id(request.GET.get("depuis")):
        shown = found.reading(get_object_or_404(found.versions, number=number))
    return answer(request, found, shown, {"seen": last})


@require_http_methods(["GET", "POST"])
@allow(can_edit_catalogue)
def new(request):
    """A program of ours, a copy of another, or the local version of a national one."""
    programs = offered_programs(request).for_list()
    model = programs.filter(pk=row_id(request.GET.get("copie"))).first()
    national = programs.filter(pk=row_id(request.GET.get("national")), territory=None).first()
    if national and (mine := programs.filter(national=national).first()):
        messages.success(request, "Le territoire a déjà sa version\u00a0: la voici.")
        return redirect("funding:catalogue_edit", mine.pk)
    shown = blank(request, model or national, national)
    return answer(request, None, shown, {})


def offered_programs(request):
    """Those that one may copy, adapt or name: of every territory, or of this one."""
    visible = Program.objects.visible_to(request.user)
    return visible.filter(Q(territory=None) | Q(territory=request.territory))


@require_safe
@allow(can_edit_catalogue)
def program_names(request):
    """Suggestions for what is being typed, in the field that asks."""
    text = request.GET.get(request.GET.get("field", ""), "")
    programs = offered(offered_programs(request), text)
    return render(request, "funding/_program_names.html", {"programs": programs})


def blank(request, model, national):
    """An unsaved program to fill, from another one when there is a model."""
    made = Program(state="open", confidence="V2", scope_level="national", scope_label="France")
    if model:
        made.set_values(model.as_version())
    if national:
        made.national, made.territory = national, request.territory
        made.scope_level, made.scope_label = "ti", request.territory.name
    elif model:
        made.name = f"{model.name} (copie)"
    return made


def answer(request, found, shown, initial):
    """Draw the form, draw it again after a button, or publish what it says."""
    data = request.POST if request.method == "POST" else None
    programs = offered_programs(request)
    form = ProgramForm(data, instance=shown, initial=initial, programs=programs)
    editor = CriteriaEditor(shown.criteria, data)
    did, status = request.POST.get("do", "recount"), 200
    if data is not None and did == "publish":
        done, status = publish(request, found, shown, form, editor)
        if done:
            return done
    elif data is not None:
        editor.act(f"add:{request.POST.get('add')}" if did == "add" else did)
        form.is_valid()
    context = {
        "program": found,
        "shown": shown,
        "form": form,
        "editor": editor,
        "impact": impact(request, found, shown, form, editor),
        "conflict": status == 409,
        "refusals": refusals(form, editor) if status == 422 else [],
    }
    if data is not None and did != "publish":
        verb, _, name = did.partition(":")
        form.forget_errors(but=name if verb == "pick" else "")
        if is_fragment(request):
            if name in LINKS:
                return HttpResponse(form[name].as_field_group())
            fragment = "impact" if did == "recount" else "criteria"
            return render(request, f"funding/_catalogue_{fragment}.html", context)
    return render(request, "funding/catalogue_form.html", context, status=status)


def publish(request, found, shown, form, editor):
    """(response, None) once published, else (None, the status of the page that says why not)."""
    is_complete = editor.is_valid()
    if not form.is_valid() or not is_complete:
        return None, 422
    values = {**form.values, "criteria": editor.rows}
    if found is None:
        values |= identity(request, shown, values["name"])
    said = {key: form.cleaned_data[key] for key in ("source", "applies_from", "note", "seen")}
    seen = said.pop("seen")
    if found and says_nothing(found, values, said):
        form.add_error(
            "verified_today",
            "Rien ne change\u00a0: cochez cette case si la fiche a été relue à sa source.",
        )
        return None, 422
    if found and seen is None:  # nobody knows what was on screen
        return None, 409
    try:
        version = catalogue.publish(found, values, by=request.user, seen=seen, **said)
    except ValidationError as refused:
        form.refuse(refused)
        return None, 422
    except catalogue.Conflict:
        return None, 409
    messages.success(request, announced(found, version))
    if others := namesakes(request, version.program):
        messages.warning(request, f"Un autre dispositif porte le même nom\u00a0: {others}.")
    moved = watch.notices(request.user, request.territory).filter(version_after=version).count()
    if moved:
        said = plural(moved, "verdict de projet change,verdicts de projets changent")
        messages.info(request, f"{said}\u00a0: la veille dit lesquels, et pourquoi.")
    return redirect(version.program), None


def namesakes(request, program):
    """The codes of those that bear its name, but for its national or local twin."""
    same = offered_programs(request).filter(name__iexact=program.name).exclude(pk=program.pk)
    twins = Q(pk=program.national_id) | Q(national=program.pk)
    return ", ".join(same.exclude(twins).order_by("code").values_list("code", flat=True))


def says_nothing(found, values, said):
    """What stands today, by the same source and not even read again: a check would bear a day on
    which nobody read."""
    stands = found.as_version()
    is_now = said["applies_from"] <= timezone.localdate()
    return is_now and said["source"] == found.source and {**stands, **values} == stands


def refusals(form, editor):
    """Every refusal of a long page, said at its top too."""
    said = [sentence for errors in form.errors.values() for sentence in errors]
    for one in editor.forms:
        for errors in one.errors.values():
            said += [f"Condition «\u00a0{one.name}\u00a0»\u00a0: {sentence}" for sentence in errors]
    return list(dict.fromkeys(said))


def identity(request, shown, name):
    """The code that plans, files and partners will know the program by."""
    if shown.national:
        code = free_code(shown.national.code, f"-{request.territory.pk}")
        return {"code": code, "national": shown.national, "territory": request.territory}
    return {"code": free_code(slugify(name)[:50] or "dispositif")}


def free_code(stem, end=""):
    """The first that nobody bears of « stem-end », « stem-2-end »…, the stem cut to what fits."""
    longest = Program._meta.get_field("code").max_length
    taken = set(Program.objects.filter(code__endswith=end).values_list("code", flat=True))
    ranks = ("", *(f"-{rank}" for rank in range(2, len(taken) + 3)))
    codes = (f"{stem[: longest - len(rank + end)]}{rank}{end}" for rank in ranks)
    return next(code for code in codes if code not in taken)


def announced(found, version):
    if found is None:
        return f"« {version.program} » est au catalogue."
    if version.is_announced():
        return f"La version {version.number} s’appliquera à partir du {day(version.applies_from)}."
    return f"« {version.program} » est à jour\u00a0: version {version.number}."


def impact(request, found, shown, form, editor):
    """What the criteria on screen let through, against those of the catalogue; None when one of
    them does not read yet."""
    rows = editor.complete_rows
    if rows is None:
        return None
    said = {**shown.as_version(), **(form.values if form.is_bound else {}), "criteria": rows}
    draft = Program(pk=shown.pk, code=shown.code, national_id=shown.national_id)
    try:
        draft.set_values(said)
        after = catalogue.rules_of(draft)
    except (ValueError, ValidationError):
        return None
    projects = Project.objects.visible_to(request.user).filter(territory=request.territory)
    before = catalogue.rules_of(found) if found else None
    return measure(before, after, projects.open(), timezone.localdate())


@require_safe
def versions(request, pk):
    """Every version, the latest day first, with what it changed."""
    found = get_object_or_404(Program.objects.visible_to(request.user).for_list(), pk=pk)
    rows = found.versions.order_by("-applies_from", "-number").select_related("by")
    rows = list(rows.prefetch_related("checks__by"))
    today = timezone.localdate()
    context = {
        "program": found,
        "lines": [line(row, followed(row, rows), today) for row in rows],
        "can_edit": can_edit_catalogue(request.user, found.territory),
        "today": today,
    }
    return render(request, "funding/catalogue_versions.html", context)


def followed(version, versions):
    """The version that applied, or was to apply, just before; None for the first."""
    before = (
        older
        for older in versions
        if older.applies_from < version.applies_from and not older.is_replaced
    )
    return next(before, None)


def line(version, older, today):
    return {
        "version": version,
        "changes": differences.changes(older.values, version.values) if older else [],
        "is_first": older is None,
        "is_cited_anew": older is not None and older.source != version.source,
        "is_announced": version.is_announced(today=today),
        "is_in_force": version.is_in_force(today=today),
    }


@require_POST
def verify(request, pk):
    """One click: someone read the source again today and nothing had changed."""
    found = get_object_or_404(Program.objects.visible_to(request.user), pk=pk)
    check(can_edit_catalogue, request.user, found.territory)
    today = timezone.localdate()
    source = request.POST.get("source", "").strip()[:300] or found.source
    done = catalogue.verify(found, source=source, on=today, by=request.user)
    undo = reverse("funding:catalogue_unverify", args=[done.pk])
    messages.success(request, f"« {found} » est vérifié aujourd’hui.", extra_tags=undo)
    return redirect(found)


@require_POST
def unverify(request, pk):
    visible = Program.objects.visible_to(request.user)
    done = get_object_or_404(
        ProgramCheck.objects.select_related("version__program__territory"),
        pk=pk,
        version__program__in=visible,
    )
    program = done.version.program
    check(can_edit_catalogue, request.user, program.territory)
    try:
        catalogue.unverify(done, by=request.user)
    except catalogue.Conflict:
        messages.error(request, "Le dispositif a changé depuis\u00a0: la vérification reste notée.")
    else:
        messages.success(request, "La vérification est retirée.")
    return redirect(program)


@require_POST
def withdraw(request, pk):
    """An announced version that will not come; its row stays in the list."""
    version = get_object_or_404(
        ProgramVersion.objects.visible_to(request.user).select_related("program__territory"), pk=pk
    )
    check(can_edit_catalogue, request.user, version.program.territory)
    if not version.is_announced():
        messages.error(request, "Cette version s’applique déjà\u00a0: publiez-en une nouvelle.")
    else:
        try:
            catalogue.withdraw(version)
            messages.success(request, f"La version {version.number} ne s’appliquera pas.")
        except catalogue.AnnouncedRefused as refused:
            messages.error(request, " ".join(refused.messages))
    return redirect("funding:catalogue_versions", version.program_id)
