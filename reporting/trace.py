"""What identifies the rows of an edition, for the next one to say what changed since."""

from actions.models import Decision, Milestone
from funding.models import Application
from reporting.frozen import frozen


def by_key(row):
    return row.pk


def trace(tables):
    """The rows of `reporting.committee_tables.Tables` as `reporting.since` reads them."""
    figures = tables.figures
    projects, files = sorted(tables.project_rows, key=by_key), sorted(tables.files, key=by_key)
    return {
        "projects": [
            {
                "id": row.pk,
                "reference": row.reference,
                "title": row.title,
                "holder": row.holder.name,
                "stage": row.stage.short,
                "position": row.stage.position,
                "kind": str(row.stage.kind),
                "is_done": row.stage.is_done,
                "stage_since": row.stage_since.isoformat(),
                "warn_after": row.stage.warn_days,
                "next_step": row.next_step,
                "next_step_on": frozen(row.next_step_on),
                "investment": frozen(row.planned_investment),
            }
            for row in projects
        ],
        "files": [
            {
                "id": row.pk,
                "reference": row.subject_code,
                "title": row.subject.title,
                "program": row.program.name,
                "is_accepted": row.status == Application.Status.ACCEPTED,
                "granted": frozen(row.amount_granted),
                "paid": frozen(row.amount_paid),
            }
            for row in files
        ],
        "promises": [*milestones(figures), *decisions(figures)],
    }


def milestones(figures):
    rows = Milestone.objects.filter(action__in=figures.actions).select_related("action")
    for row in rows.order_by("pk"):
        yield {
            "id": f"jalon-{row.pk}",
            "reference": row.action.code,
            "title": row.label,
            "due_on": row.due_on.isoformat(),
            "done_on": frozen(row.done_on),
            "is_live": not row.action.is_finished,
        }


def decisions(figures):
    """Decisions with a date, as their follow-up stands; one without is no promise of a day."""
    rows = Decision.objects.visible_to(figures.viewer).filter(item__in=figures.points)
    rows = rows.exclude(follow_up=None).select_related("follow_up", "item__meeting")
    live = set(rows.live().values_list("pk", flat=True))
    for row in rows.order_by("pk"):
        yield {
            "id": f"decision-{row.pk}",
            "reference": str(row.item.meeting or "Décision"),
            "title": row.text,
            "due_on": row.follow_up.due_on.isoformat(),
            "done_on": frozen(row.follow_up.done_at),
            "is_live": row.pk in live,
        }
