"""The parts of a fiche that are written and edited alike: each says its form and its words."""

from dataclasses import dataclass

from django.views.decorators.http import require_http_methods

from actions.budget_forms import BudgetLineForm, PublicContractForm
from actions.forms import FrameworkCodeForm, MilestoneForm
from actions.indicator_forms import IndicatorForm
from actions.models import BudgetLine, FrameworkCode, Indicator, Milestone, PublicContract
from actions.views.followup import add, edit_part, editable, editable_action


@dataclass(frozen=True)
class Part:
    """`anchor` is where the page of the fiche shows the row."""

    model: type
    form: type
    anchor: str
    title: str
    submit: str
    added: str
    edit: str
    called: str
    edited: str
    reads_viewer: bool = False

    def form_for(self, data, row, viewer):
        more = {"viewer": viewer} if self.reads_viewer else {}
        return self.form(data, instance=row, **more)


# By the name of the removal that takes a new row back.
PARTS = {
    "jalon": Part(
        model=Milestone,
        form=MilestoneForm,
        anchor="jalons",
        title="Ajouter un jalon",
        submit="Ajouter le jalon",
        added="Le jalon est ajouté.",
        edit="Modifier le jalon",
        called="ce jalon",
        edited="Le jalon est à jour.",
    ),
    "indicateur": Part(
        model=Indicator,
        form=IndicatorForm,
        anchor="indicateur-{pk}",
        title="Ajouter un indicateur",
        submit="Ajouter l’indicateur",
        added="L’indicateur est ajouté.",
        edit="Modifier l’indicateur",
        called="cet indicateur",
        edited="L’indicateur est à jour.",
    ),
    "budget": Part(
        model=BudgetLine,
        form=BudgetLineForm,
        anchor="budget",
        title="Ajouter une ligne de budget",
        submit="Ajouter la ligne",
        added="La ligne est ajoutée.",
        edit="Modifier la ligne de budget",
        called="cette ligne",
        edited="La ligne de budget est à jour.",
        reads_viewer=True,
    ),
    "marche": Part(
        model=PublicContract,
        form=PublicContractForm,
        anchor="marche",
        title="Ajouter un marché",
        submit="Ajouter le marché",
        added="Le marché est ajouté.",
        edit="Modifier le marché",
        called="ce marché",
        edited="Le marché est à jour.",
        reads_viewer=True,
    ),
    "cadre": Part(
        model=FrameworkCode,
        form=FrameworkCodeForm,
        anchor="cadres",
        title="Inscrire dans un cadre",
        submit="Inscrire la fiche",
        added="La fiche est inscrite dans ce cadre.",
        edit="Modifier l’inscription dans un cadre",
        called="cette inscription",
        edited="L’inscription est à jour.",
    ),
}


@require_http_methods(["GET", "POST"])
def part_new(request, pk, kind):
    part = PARTS[kind]
    row = part.model(action=editable_action(request, pk))
    form = part.form_for(request.POST or None, row, request.user)
    return add(
        request,
        form,
        title=part.title,
        submit=part.submit,
        done=part.added,
        anchor=part.anchor,
        undone_by=kind,
    )


@require_http_methods(["GET", "POST"])
def part_edit(request, pk, kind):
    part = PARTS[kind]
    return edit_part(
        request,
        editable(request, part.model.objects, pk),
        lambda data, row: part.form_for(data, row, request.user),
        title=part.edit,
        called=part.called,
        done=part.edited,
        anchor=part.anchor,
    )
