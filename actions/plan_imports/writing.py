"""A batch → the plan, in one transaction; and back, but for what was edited since."""

from django.db import transaction
from django.db.models.deletion import ProtectedError, RestrictedError
from django.utils import timezone

from actions.models import Action, ActionPlan, EditConflict, FrameworkCode, PlanImport
from actions.plan_imports.columns import HEADINGS, guess
from actions.plan_imports.planning import CREATED, LISTS, UPDATED, Plan, Row
from crm.imports.reading import read
from crm.imports.wording import size

MAX_ROWS = 1000


class AlreadyDone(Exception):
    """A double click: the first one wrote everything."""


class Outdated(Exception):
    """What the reader was shown is no longer what the import would do."""


class TooLate(Exception):
    """The batch is not written, already taken back, or older than the delay."""


def receive(name, data, territory, *, by):
    """A file → an unsaved batch; raises crm.imports.reading.Unreadable with a sentence."""
    table = read(name, data, max_rows=MAX_ROWS, headings=HEADINGS)
    return PlanImport(
        territory=territory,
        file_name=name[:200],
        reading={"how": table.how, "warnings": table.warnings, "size": size(len(data))},
        header=table.header,
        rows=[[line, cells] for line, cells in table.rows],
        mapping=guess(table.header),
        created_by=by,
    )


def plan_of(batch):
    """What the batch would do to the plan in force, which its first fiche opens."""
    plan = ActionPlan.objects.current().filter(territory=batch.territory).first()
    return Plan(batch, plan or ActionPlan(territory=batch.territory))


@transaction.atomic
def commit(batch, *, by, expected):
    """Write what was shown, once. Outdated when the plan has changed since."""
    held = PlanImport.objects.select_for_update().get(pk=batch.pk)
    if held.committed_at:
        raise AlreadyDone
    standing = ActionPlan.objects.open_for(held.territory)
    ActionPlan.objects.select_for_update().get(pk=standing.pk)
    plan = Plan(held, standing)
    if plan.digest != expected:
        raise Outdated
    held.undo = {"created": [], "updated": []}
    for row in plan.rows:  # a fiche before its sub-actions, whatever their order in the file
        if row.fate == CREATED and "parent" not in row.values:
            create(row, standing, held)
    for row in plan.rows:
        if row.fate == CREATED and "parent" in row.values:
            create(row, standing, held)
        elif row.fate == UPDATED:
            update(row, held)
    held.counts = plan.counts
    held.rows = [[row.line, row.cells, row.reasons] for row in plan.refused]
    held.committed_at = timezone.now()
    held.save()
    return plan


def settle_parent(row, values):
    parent = values.get("parent")
    if isinstance(parent, Row):
        parent = values["parent"] = parent.action
    if parent is not None:
        values["priority"] = parent.priority


def create(row, plan, batch):
    values = dict(row.values)
    settle_parent(row, values)
    lists = {name: values.pop(name) for name in LISTS if name in values}
    row.action = Action(plan=plan, **values)
    row.action._change_reason = batch.reason
    row.action.save()
    for name, rows in lists.items():
        getattr(row.action, name).set(rows)
    codes = add_codes(row)
    batch.undo["created"].append([row.action.pk, codes])


def update(row, batch):
    action, values = row.action, dict(row.values)
    settle_parent(row, values)
    lists = {name: values.pop(name) for name in LISTS if name in values}
    before = {name: kept(getattr(action, name)) for name in values}
    lists_before = {name: [one.pk for one in getattr(action, name).all()] for name in lists}
    for name, value in values.items():
        setattr(action, name, value)
        action.provenance.pop(name, None)
    action._change_reason = batch.reason
    try:
        action.save_over(action.version)
    except EditConflict:
        raise Outdated from None
    for name, rows in lists.items():
        getattr(action, name).set(rows)
    codes = add_codes(row)
    if "priority" in values:
        action.carry_priority()
    batch.undo["updated"].append([action.pk, action.version, before, lists_before, codes])


def add_codes(row):
    return [
        FrameworkCode.objects.create(action=row.action, framework=framework, code=code).pk
        for framework, code in row.framework_codes
    ]


def kept(value):
    """A value of a field as JSON keeps it: a row by its key, a date or an amount as text."""
    if value is None or isinstance(value, int | str):
        return value
    return value.pk if hasattr(value, "pk") else str(value)


@transaction.atomic
def undo(batch):
    """Take back what the import wrote, but for what was edited since; returns how many stay."""
    held = PlanImport.objects.select_for_update().get(pk=batch.pk)
    if not held.can_be_undone():
        raise TooLate
    stay = sum(not put_back(*one, held.reason) for one in held.undo["updated"])
    stay += take_back(held.undo["created"])
    held.undone_at = timezone.now()
    held.save(update_fields=["undone_at"])
    return stay


def put_back(pk, version, before, lists, codes, reason):
    action = Action.objects.filter(pk=pk).first()
    if action is None or action.version != version:
        return False
    for name, value in before.items():
        field = Action._meta.get_field(name)
        setattr(action, field.attname, value if field.is_relation else field.to_python(value))
    action._change_reason = f"annulation : {reason}"[:100]
    action.save_over(version)
    for name, pks in lists.items():
        getattr(action, name).set(pks)
    for code in FrameworkCode.objects.filter(pk__in=codes):
        code.remove()
    return True


def take_back(created):
    """Delete the fiches that nobody touched and that hold nothing, parts before their fiche."""
    keys = {pk: {*codes} for pk, codes in created}
    held = holding(keys)
    rows = sorted(Action.objects.filter(pk__in=keys), key=lambda one: one.parent_id is None)
    stay = 0
    for action in rows:
        if action.version != 1 or action.pk in held:
            stay += 1
            continue
        try:
            with transaction.atomic():
                action.delete()
        except (ProtectedError, RestrictedError):
            stay += 1
    return stay


def holding(keys):
    """The fiches to which something was attached since: one query a relation."""
    found = set()
    for relation in Action._meta.related_objects:
        model, name = relation.related_model, relation.field.name
        if model is Action or hasattr(model, "history_type"):
            continue
        rows = model._default_manager.filter(**{f"{name}__in": keys})
        if model is FrameworkCode:
            rows = rows.exclude(pk__in={code for codes in keys.values() for code in codes})
        found |= {*rows.values_list(name, flat=True)}
    for relation in ("organisations", "projects"):
        through = getattr(Action, relation).through.objects.filter(action__in=keys)
        found |= {*through.values_list("action", flat=True)}
    return found
