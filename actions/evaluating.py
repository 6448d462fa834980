"""What an evaluation of a convention says, from the plan: one content for page, files and proof.

`content` is plain JSON, so that what is frozen is what was shown. Its figures come from the same
querysets as the pages of the plan, and each carries where it comes from and its rows' address.
"""

import datetime

from django.db.models import Count, Prefetch, Q, Sum
from django.urls import reverse
from django.utils.http import urlencode

from actions import indicators
from actions.following import goal_of
from actions.models import Action, BudgetLine, Commitment, FrameworkCode, Indicator, Milestone
from actions.models.budget import BUDGETS
from actions.snapshots import written
from crm.templatetags.french import plural

MONEY, COUNT, PERCENT, NUMBER = "money", "integer", "percent", "number"
BUDGET_WORDS = {"planned": "prévu", "committed": "engagé", "spent": "dépensé"}


def fiches(contract, viewer):
    """The fiches of the plan in force that the frameworks of the convention count."""
    codes = FrameworkCode.objects.filter(framework__in=contract.frameworks)
    mine = Action.objects.visible_to(viewer).current()
    return mine.filter(plan__territory=contract.territory_id, pk__in=codes.values("action"))


def figure(key, label, value, format, source, *, url="", unknown=0, lacks=""):
    """`unknown` rows do not tell theirs: `lacks` says what they are."""
    return {
        "key": key,
        "label": label,
        "value": written(value),
        "format": format,
        "source": source,
        "url": url,
        "unknown": f"{plural(unknown, lacks)} à confirmer" if unknown else "",
    }


def content(evaluation, viewer, *, today):
    """Everything the sheet says, in a fixed number of queries."""
    contract = evaluation.contract
    rows = fiches(contract, viewer)
    totals, followed = rows.totals(), indicator_rows(rows, evaluation.year)
    return {
        "territory": {
            "name": contract.territory.name,
            "code": contract.territory.code,
            "period": contract.territory.period,
            "is_demo": contract.territory.is_demo,
        },
        "contract": described(contract),
        "year": evaluation.year,
        "drawn_on": written(today),
        "meeting": meeting_of(evaluation),
        "words": {
            "went_well": evaluation.went_well,
            "difficulties": evaluation.difficulties,
            "adjustments": evaluation.adjustments,
        },
        "comments": evaluation.comments,
        "corrects": evaluation.corrects,
        "groups": [
            {"title": "Avancement des fiches", "figures": progress_figures(contract, rows, totals)},
            {"title": "Budget", "figures": budget_figures(
                contract, rows, totals, evaluation.year)},
            {"title": "Jalons et indicateurs", "figures": step_figures(
                contract, rows, evaluation.year, followed, today)},
            {"title": "Engagements et versements", "figures": promise_figures(contract)},
        ],
        "actions": action_rows(rows, contract),
        "indicators": followed,
        "commitments": commitment_rows(contract),
        "payments": payment_rows(evaluation),
    }  # fmt: skip


def figures_of(content):
    return [figure for group in content["groups"] for figure in group["figures"]]


def described(contract):
    return {
        "title": contract.title,
        "kind": contract.get_kind_display(),
        "reference": contract.reference,
        "frameworks": [row.label for row in contract.counted_in],
        "signed_on": written(contract.signed_on),
        "starts_on": written(contract.starts_on),
        "ends_on": written(contract.end),
        "amount": written(contract.current_amount),
        "parties": [
            {
                "name": party.name,
                "role": party.get_role_display(),
                "quality": party.quality,
                "signs": party.signs,
            }
            for party in contract.parties.all()
        ],
        "amendments": [
            {"name": str(one), "subject": one.subject, "signed_on": written(one.signed_on)}
            for one in contract.amendments.all()
        ],
    }


def meeting_of(evaluation):
    meeting = evaluation.meeting
    if meeting is None:
        return None
    return {"title": meeting.title, "held_on": written(meeting.held_on), "place": meeting.place}


def plan_url(contract, **more):
    asked = [("framework", code) for code in contract.frameworks] + list(more.items())
    return f"{reverse('actions:action_list')}?{urlencode(asked)}"


def counted(contract):
    return "Fiches du plan en cours inscrites dans " + (
        "les cadres de la convention" if len(contract.frameworks) > 1 else "le cadre"
    )


def progress_figures(contract, rows, totals):
    """The totals of the plan’s own pages, over the fiches of the convention."""
    by_status, mean = rows.totals_by_status(), totals["mean_progress"]
    return [
        figure(
            "count",
            "Fiches comptées",
            totals["count"],
            COUNT,
            f"{counted(contract)}, une sous-action dans sa fiche.",
            url=plan_url(contract),
        ),
        figure(
            "progress",
            "Avancement moyen",
            None if mean is None else round(mean),
            PERCENT,
            "Moyenne des avancements notés sur ces fiches, à ce jour.",
            url=plan_url(contract, order="progress"),
            unknown=totals["progress_unknown"],
            lacks="fiche,fiches",
        ),
        *(
            figure(
                f"status-{status.value}",
                f"Au statut « {status.label} »",
                by_status[status]["count"],
                COUNT,
                "Statut des fiches à ce jour.",
                url=plan_url(contract, status=status.value),
            )
            for status in Action.Status
            if status in by_status
        ),
    ]


def budget_figures(contract, rows, totals, year):
    """The budgets of the fiches, and what their lines say of the year."""
    found = [
        figure(
            name,
            f"Budget {BUDGET_WORDS[name]}, toutes années",
            totals[name],
            MONEY,
            "Somme des budgets des fiches, celui d’une sous-action dans sa fiche.",
            url=plan_url(contract),
            unknown=totals[f"{name}_unknown"],
            lacks="fiche,fiches",
        )
        for name in BUDGETS
    ]
    lines = BudgetLine.objects.filter(action__in=rows.once(), year=year).order_by()
    for unit, format, words in ((BudgetLine.Unit.EUROS, MONEY, ""), ("etp", NUMBER, " en ETP")):
        of_unit = lines.filter(unit=unit)
        sums = {f"sum_{name}": Sum(name) for name in BUDGETS}
        sums |= {f"{name}_unknown": Count("pk", filter=Q(**{name: None})) for name in BUDGETS}
        told = of_unit.aggregate(lines=Count("pk"), **sums)
        if unit != BudgetLine.Unit.EUROS and not told["lines"]:
            continue
        found += [
            figure(
                f"year-{unit}-{name}",
                f"{BUDGET_WORDS[name].capitalize()} en {year}{words}",
                told[f"sum_{name}"],
                format,
                f"Lignes de budget {year} des fiches ({plural(told['lines'], 'ligne,lignes')}).",
                url=plan_url(contract),
                unknown=told[f"{name}_unknown"],
                lacks="ligne,lignes",
            )
            for name in BUDGETS
        ]
    return found


def step_figures(contract, rows, year, followed, today):
    milestones = Milestone.objects.filter(action__in=rows).order_by()
    until = min(today, datetime.date(year, 12, 31))
    told = milestones.aggregate(
        reached=Count("pk", filter=Q(done_on__year=year)),
        due=Count("pk", filter=Q(due_on__year=year)),
        late=Count("pk", filter=Q(due_on__lte=until, done_on=None)),
    )
    standings = [row["standing"] for row in followed]
    held = standings.count("reached") + standings.count("on_path")
    return [
        figure("milestones-reached", f"Jalons atteints en {year}", told["reached"], COUNT,
               "Jalons des fiches, par leur date d’atteinte."),
        figure("milestones-due", f"Jalons prévus en {year}", told["due"], COUNT,
               "Jalons des fiches, par leur date prévue."),
        figure("milestones-late", "Jalons encore en retard", told["late"], COUNT,
               f"Prévus au {until:%d/%m/%Y} au plus tard, et pas atteints à ce jour.",
               url=plan_url(contract, watch="late_milestone")),
        figure("indicators", "Indicateurs suivis", len(followed), COUNT,
               "Indicateurs des fiches, listés plus bas."),
        figure("indicators-held", "Indicateurs atteints ou sur leur chemin", held, COUNT,
               f"Dernière valeur datée au 31/12/{year}, comparée à la cible de ce jour-là.",
               unknown=standings.count("unknown"), lacks="indicateur,indicateurs"),
    ]  # fmt: skip


def promise_figures(contract):
    commitments = list(contract.commitments.all())
    payments = list(contract.payments.all())
    kept = sum(row.state == Commitment.State.KEPT for row in commitments)
    url = contract.get_absolute_url()
    found = [
        figure("commitments", "Engagements pris", len(commitments), COUNT,
               "Engagements de la convention.", url=f"{url}#engagements"),
        figure("commitments-kept", "Engagements tenus", kept, COUNT,
               "Engagements à l’état « tenu ».", url=f"{url}#engagements"),
    ]  # fmt: skip
    for name, label in (("planned", "prévus"), ("asked", "demandés"), ("received", "reçus")):
        amounts = [getattr(row, f"amount_{name}") for row in payments]
        known = [amount for amount in amounts if amount is not None]
        said = {"planned": payments, "asked": [row for row in payments if not row.is_to_ask],
                "received": [row for row in payments if not row.is_open]}[name]  # fmt: skip
        lacks = sum(getattr(row, f"amount_{name}") is None for row in said)
        found.append(
            figure(
                f"payments-{name}",
                f"Versements {label}",
                sum(known) if known else None,
                MONEY,
                "Somme des versements de la convention, toutes années.",
                url=f"{url}#versements",
                unknown=lacks,
                lacks="versement,versements",
            )
        )
    return found


def action_rows(rows, contract):
    codes = FrameworkCode.objects.filter(framework__in=contract.frameworks)
    codes = codes.select_related("framework")
    listed = rows.select_related("pilot", "parent").prefetch_related(
        Prefetch("framework_codes", codes, to_attr="counted_codes")
    )
    return [
        {
            "code": action.code,
            "title": action.title,
            "counted": ", ".join(str(code) for code in action.counted_codes),
            "part_of": action.parent.code if action.parent else "",
            "pilot": action.pilot.name if action.pilot else "",
            "status": action.get_status_display(),
            "progress": action.progress,
            **{name: written(getattr(action, f"budget_{name}")) for name in BUDGETS},
            "url": action.get_absolute_url(),
        }
        for action in listed
    ]


def indicator_rows(rows, year):
    """Each indicator at the end of the year: dated values only, which anyone may check."""
    listed = Indicator.objects.filter(action__in=rows).select_related("action")
    listed = listed.prefetch_related("values", "targets")
    return [indicator_row(row, year) for row in listed.order_by("action__code", "pk")]


def indicator_row(indicator, year):
    end = datetime.date(year, 12, 31)
    values = [row for row in indicator.values.all() if row.observed_on <= end]
    last = max(values, key=lambda row: (row.observed_on, row.pk), default=None)
    goal = goal_of(indicator)
    value, on = (last.value, last.observed_on) if last else (None, None)
    return {
        "code": indicator.action.code,
        "label": indicator.label,
        "unit": indicator.unit,
        "expected": written(indicators.legible(indicators.expected(goal, end))),
        "value": written(value),
        "observed_on": written(on),
        "quality": last.get_quality_display() if last else "",
        "evidence": last.evidence if last else "",
        "standing": indicators.standing(goal, value, on),
        "url": f"{indicator.action.get_absolute_url()}#indicateur-{indicator.pk}",
    }


def commitment_rows(contract):
    return [
        {
            "who": row.organisation.name if row.organisation else "",
            "text": row.text,
            "amount": written(row.amount),
            "due_on": written(row.due_on),
            "state": row.get_state_display(),
            "action": row.action.code if row.action else "",
        }
        for row in contract.commitments.all()
    ]


def payment_rows(evaluation):
    """The payments that this evaluation supports."""
    return [
        {
            "label": row.label,
            "funder": row.funder.name if row.funder else "",
            "condition": row.condition,
            "planned": written(row.amount_planned),
            "due_on": written(row.due_on),
            "state": row.state[0],
        }
        for row in evaluation.contract.payments.all()
        if row.evaluation_year == evaluation.year
    ]
