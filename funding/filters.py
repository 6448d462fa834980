import datetime

import django_filters
from django.db.models import Q
from django.utils import timezone

from crm import search
from crm.filters import FilterSet
from crm.filters.base import OrderingFilter, SinceFilter
from crm.models import Organisation, Theme
from funding.models import STALE_AFTER, Application, Funder, Program

INSTRUMENTS = {
    "grant": "Subvention",
    "recoverable_advance": "Avance remboursable",
    "loan": "Prêt",
    "guarantee": "Garantie",
    "advisory": "Conseil cofinancé",
    "tax_credit": "Crédit d’impôt",
    "tax_relief": "Exonération",
    "cee": "Certificats d’économies d’énergie",
    "equity": "Fonds propres",
    "training_aid": "Aide à la formation",
}


def themes():
    return [(theme.pk, theme.label) for theme in Theme.objects.filter(territory=None)]


class ProgramFilter(FilterSet):
    q = django_filters.CharFilter(label="Recherche", method="search")
    funder = django_filters.ModelMultipleChoiceFilter(
        label="Financeur", queryset=Funder.objects.all()
    )
    instrument = django_filters.ChoiceFilter(
        label="Instrument", choices=list(INSTRUMENTS.items()), method="has_code"
    )
    theme = django_filters.ChoiceFilter(label="Thème", choices=themes, method="has_code")
    beneficiary = django_filters.ChoiceFilter(
        label="Pour", choices=Organisation.Kind.choices, method="accepts"
    )
    state = django_filters.MultipleChoiceFilter(label="État", choices=Program.State)
    closing = django_filters.NumberFilter(
        label="Ferme d’ici (jours)", method="closing_within", min_value=0, max_value=3650
    )
    to_check = django_filters.BooleanFilter(label="À vérifier", method="needs_check")
    updated_since = SinceFilter(label="Modifié depuis")
    order = OrderingFilter(
        label="Trier par",
        empty_label="Financeur, puis nom",
        field_labels={
            "name": "Nom",
            "funder__short_name": "Financeur",
            "closes_on": "Clôture",
            "verified_on": "Vérification",
            "updated_at": "Dernière modification",
        },
        fields=[
            ("name", "name"),
            ("funder__short_name", "funder"),
            ("closes_on", "closes_on"),
            ("verified_on", "verified_on"),
            ("updated_at", "updated_at"),
        ],
    )

    class Meta:
        model = Program
        fields = []

    def search(self, programs, name, value):
        return programs.search(value)

    def has_code(self, programs, name, value):
        """Lists of codes are stored as JSON text: a quoted code cannot match half of another."""
        return programs.filter(**{f"{name}s__icontains": f'"{value}"'})

    def accepts(self, programs, name, value):
        accepted = [
            program.pk
            for program in programs
            if all(
                value in criterion["accepted"]
                for criterion in program.criteria
                if criterion["kind"] == "beneficiary"
            )
        ]
        return programs.filter(pk__in=accepted)

    def closing_within(self, programs, name, value):
        today = timezone.localdate()
        limit = today + datetime.timedelta(days=int(value))
        return programs.current(today=today).filter(closes_on__lte=limit)

    def needs_check(self, programs, name, value):
        limit = timezone.localdate() - STALE_AFTER
        doubtful = (
            Q(confidence__in=["K", "TBV"])
            | Q(state=Program.State.TO_CHECK)
            | Q(verified_on=None)
            | Q(verified_on__lt=limit)
        )
        return programs.filter(doubtful) if value else programs.exclude(doubtful)


class ApplicationFilter(FilterSet):
    q = django_filters.CharFilter(label="Recherche", method="search")
    status = django_filters.MultipleChoiceFilter(label="Statut", choices=Application.Status)
    funder = django_filters.ModelMultipleChoiceFilter(
        label="Financeur", field_name="program__funder", queryset=Funder.objects.all()
    )
    updated_since = SinceFilter(label="Modifié depuis")
    order = OrderingFilter(
        label="Trier par",
        empty_label="Projet",
        field_labels={
            "due_on": "À déposer le",
            "amount_requested": "Montant demandé",
            "amount_granted": "Montant accordé",
            "program__name": "Dispositif",
            "project__title": "Projet",
            "updated_at": "Dernière modification",
        },
        fields=[
            ("due_on", "due_on"),
            ("amount_requested", "requested"),
            ("amount_granted", "granted"),
            ("program__name", "program"),
            ("project__title", "project"),
            ("updated_at", "updated_at"),
        ],
    )

    class Meta:
        model = Application
        fields = []

    def search(self, applications, name, value):
        return search.search(applications, value, field="project__search")
