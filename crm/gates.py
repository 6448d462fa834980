"""What a stage asks of a project before it enters.

A stage names its gates by code (`Stage.requires`); each app registers those it can answer for:

    # funding/apps.py, in ready()
    gates.register(
        Gate(
            code="application_filed",
            label="un dossier déposé",
            condition=Exists(Application.objects.filter(project=OuterRef("pk"), …)),
            form_class=FiledForm,
        )
    )

`form_class(project=…, user=…, data=None, prefix=…)` is asked in place; its `save()` runs inside the
transaction of the move. A code that nobody registered asks for nothing.
"""

from dataclasses import dataclass

from django.db.models import BooleanField, Case, Exists, OuterRef, Q, Value, When

from crm.forms import gates as forms
from crm.models import Interaction, Project, Stage
from crm.pipeline import allowed


@dataclass(frozen=True)
class Gate:
    code: str
    label: str  # what lacks, as the menu says it: « Manque : un dossier déposé »
    condition: Q | Exists  # over Project: one rule for a card and for a whole board
    form_class: type

    @property
    def attribute(self):
        return f"gate_{self.code}"


_registry = {}


def register(*gates):
    _registry.update({gate.code: gate for gate in gates})


def with_gates(projects):
    """Annotate whether each gate is met, in the query that reads the projects."""
    return projects.annotate(
        **{
            gate.attribute: Case(
                When(gate.condition, then=True), default=Value(False), output_field=BooleanField()
            )
            for gate in _registry.values()
        }
    )


def entered(project, target, stages):
    """The pipeline stages that a move goes through: none when it goes back, pauses or closes."""
    if target.kind != Stage.Kind.PIPELINE:
        return []
    origin = project.paused_from or project.stage
    return [
        stage
        for stage in stages
        if stage.kind == Stage.Kind.PIPELINE and origin.position < stage.position <= target.position
    ]


def lacking(project, target, stages):
    """The gates to answer before `project`, which comes from `with_gates`, enters `target`."""
    codes = dict.fromkeys(
        code for stage in entered(project, target, stages) for code in stage.requires
    )
    gates = (_registry[code] for code in codes if code in _registry)
    return [gate for gate in gates if not getattr(project, gate.attribute)]


def next_lacks(choices):
    """« manque 2 informations », for the stage that follows the current one."""
    count = next((len(choice.lacking) for choice in choices if choice.is_next), 0)
    return f"manque {count} information{'s' if count > 1 else ''}" if count else ""


@dataclass(frozen=True)
class Choice:
    """One line of a « Déplacer vers… » menu."""

    stage: Stage
    lacking: list
    is_current: bool
    is_next: bool  # only the stage that follows details what it lacks

    @property
    def lacks(self):
        """« Manque : besoin, axe national et 2 autres », or « Manque 4 informations »."""
        count = len(self.lacking)
        if not count:
            return ""
        if not self.is_next:
            return f"Manque {count} information{'s' if count > 1 else ''}"
        named = ", ".join(gate.label for gate in self.lacking[:3])
        others = f" et {count - 3} autre{'s' if count > 4 else ''}" if count > 3 else ""
        return f"Manque\u00a0: {named}{others}"


def choices(project, stages):
    """Where a project may go along the pipeline, with what each stage lacks."""
    last = [stage for stage in stages if stage.kind == Stage.Kind.PIPELINE][-1]
    ahead = entered(project, last, stages)
    found = []
    for stage in stages:
        is_current = stage.pk == project.stage_id
        if stage.kind != Stage.Kind.PIPELINE:
            continue
        if is_current or (stage.is_active and allowed(project.stage, stage)):
            lacks = lacking(project, stage, stages)
            found.append(Choice(stage, lacks, is_current, is_next=stage in ahead[:1]))
    return found


def exits(project, stages):
    """Whether a project may be paused, and closed: the first stage of each kind, or None."""
    found = {}
    for stage in stages:
        if stage.kind != Stage.Kind.PIPELINE and stage.is_active and allowed(project.stage, stage):
            found.setdefault(stage.kind, stage)
    return found


register(
    Gate("lead_source", "source", ~Q(lead_source=""), forms.project_form("lead_source")),
    Gate(
        "interaction",
        "échange avec le porteur",
        Exists(Interaction.objects.filter(project=OuterRef("pk"))),
        forms.InteractionForm,
    ),
    Gate("need", "besoin", ~Q(need=""), forms.project_form("need")),
    Gate(
        "planned_investment",
        "investissement prévu",
        Q(planned_investment__isnull=False),
        forms.project_form("planned_investment"),
    ),
    Gate("starts_on", "date de début", Q(starts_on__isnull=False), forms.StartForm),
    Gate(
        "priorities",
        "axe national",
        Exists(Project.priorities.through.objects.filter(project=OuterRef("pk"))),
        forms.PrioritiesForm,
    ),
    Gate(
        "eligible_costs",
        "assiette éligible",
        Q(eligible_costs__isnull=False),
        forms.project_form("eligible_costs"),
    ),
    Gate(
        "first_commitment_on",
        "premier engagement ferme",
        Q(first_commitment_on__isnull=False),
        forms.project_form("first_commitment_on"),
    ),
    Gate("ends_on", "date de fin", Q(ends_on__isnull=False), forms.EndForm),
    Gate(
        "jobs_observed",
        "emplois constatés",
        Q(jobs_created_observed__isnull=False) | Q(jobs_maintained_observed__isnull=False),
        forms.JobsForm,
    ),
)
