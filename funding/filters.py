import datetime

import django_filters
from django import forms
from django.db.models import Q
from django.db.models.functions import Coalesce
from django.utils import timezone

from crm.filters import FilterSet
from crm.filters.base import OrderingFilter, SinceFilter
from crm.models import Epci, Organisation, Site, Theme
from crm.perms import can_edit_catalogue
from funding.aid_filters import AidFilter, AmongFilter
from funding.eligibility import Verdict
from funding.models import STALE_AFTER, Application, Funder, MatchDecision, Program, ReceivedAid
from funding.models.programs import INSTRUMENTS


def themes():
    return [(theme.pk, theme.label) for theme in Theme.objects.filter(territory=None)]


# What a list « tel que le » is still filtered by: what no version changes.
WHATEVER_THE_VERSION = {"as_of", "origin", "said_expired", "updated_since", "order"}


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
    stale = django_filters.BooleanFilter(label="Périmé (plus de six mois)", method="is_stale")
    said_expired = django_filters.BooleanFilter(
        label="Signalé expiré par l’équipe", method="is_said_expired"
    )
    origin = django_filters.ChoiceFilter(label="Origine", choices=Program.Origin)
    as_of = django_filters.DateFilter(
        label="Tel que le", method="as_it_was", widget=forms.HiddenInput
    )
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

    def __init__(self, *args, **kwargs):
        """What the team said is told to who keeps the catalogue: the others have no such filter."""
        super().__init__(*args, **kwargs)
        if not can_edit_catalogue(self.request.user):
            self.filters.pop("said_expired", None)

    def is_valid(self):
        """The rules of a past day are shown, never searched: a filter reads those of today."""
        if self.is_bound and self.form.is_valid() and self.form.cleaned_data.get("as_of"):
            for name in [name for name in self.filters if name not in WHATEVER_THE_VERSION]:
                value = self.form.cleaned_data.get(name)
                if value is not None and (value == 0 or value):
                    label = self.form.fields[name].label
                    self.form.add_error(
                        name,
                        f"«\u00a0{label}\u00a0» lit ce que les dispositifs disent aujourd’hui, et "
                        "ne se combine pas avec une date passée.",
                    )
        return super().is_valid()

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
        doubtful = (
            Q(confidence__in=["K", "TBV"]) | Q(state=Program.State.TO_CHECK) | self.not_verified()
        )
        return programs.filter(doubtful) if value else programs.exclude(doubtful)

    def is_stale(self, programs, name, value):
        return programs.filter(self.not_verified() if value else ~self.not_verified())

    def is_said_expired(self, programs, name, value):
        flagged = MatchDecision.objects.said_expired().order_by().values("program")
        return programs.filter(pk__in=flagged) if value else programs.exclude(pk__in=flagged)

    def as_it_was(self, programs, name, value):
        return programs.as_of(value)

    def not_verified(self):
        """Nobody verified it for six months, or nobody knows when."""
        limit = timezone.localdate() - STALE_AFTER
        return Q(verified_on=None) | Q(verified_on__lt=limit)


class ProgramApiFilter(ProgramFilter):
    """For partners: without what the team says among itself."""

    said_expired = None


class ApplicationFilter(AidFilter):
    status = django_filters.MultipleChoiceFilter(label="Statut", choices=Application.Status)
    among = AmongFilter(label="Seulement")
    updated_since = SinceFilter(label="Modifié depuis")
    order = OrderingFilter(
        label="Trier par",
        empty_label="Projet",
        field_labels={
            "due_on": "À déposer le",
            "amount_requested": "Montant demandé",
            "amount_granted": "Montant accordé",
            "program__name": "Dispositif",
            "subject_title": "Projet ou action",
            "updated_at": "Dernière modification",
        },
        fields=[
            ("due_on", "due_on"),
            ("amount_requested", "requested"),
            ("amount_granted", "granted"),
            ("program__name", "program"),
            ("subject_title", "project"),
            ("updated_at", "updated_at"),
        ],
    )

    class Meta:
        model = Application
        fields = []

    def filter_queryset(self, queryset):
        return super().filter_queryset(
            queryset.alias(subject_title=Coalesce("project__title", "action__title"))
        )


class ReceivedAidFilter(FilterSet):
    q = django_filters.CharFilter(label="Entreprise, SIREN, objet", method="search")
    regulation = django_filters.MultipleChoiceFilter(
        label="Règlement", choices=ReceivedAid.Regulation
    )
    granted_from = django_filters.DateFilter(
        label="Octroyée à partir du", field_name="granted_on", lookup_expr="gte"
    )
    granted_until = django_filters.DateFilter(
        label="Octroyée jusqu’au", field_name="granted_on", lookup_expr="lte"
    )
    order = OrderingFilter(
        label="Trier par",
        empty_label="Date d’octroi, la dernière d’abord",
        field_labels={"granted_on": "Date d’octroi", "firm": "Entreprise", "amount": "Montant"},
        fields=[("granted_on", "granted_on"), ("firm", "firm"), ("amount", "amount")],
    )

    class Meta:
        model = ReceivedAid
        fields = []

    def search(self, aids, name, value):
        return aids.search(value)


class TargetFilter(FilterSet):
    """Of whom a program fits: the organisations here, the rest once the verdicts are known."""

    q = django_filters.CharFilter(label="Entreprise ou porteur", method="search")
    epci = django_filters.ModelChoiceFilter(
        label="EPCI", queryset=Epci.objects.none(), method="in_epci"
    )
    kind = django_filters.ChoiceFilter(
        label="Cible",
        choices=[("project", "Projet en cours"), ("organisation", "Sans projet")],
        method="later",
    )
    verdict = django_filters.ChoiceFilter(
        label="Verdict",
        choices=[(one.code, one.label) for one in (Verdict.ELIGIBLE, Verdict.TO_CONFIRM)],
        method="later",
    )
    order = django_filters.ChoiceFilter(
        label="Trier par",
        empty_label="Verdict, puis ce qui manque",
        choices=[
            ("name", "Nom"),
            ("-name", "Nom, de Z à A"),
            ("missing", "Le moins d’inconnues"),
            ("-aid", "Aide attendue, la plus grande"),
            ("aid", "Aide attendue, la plus petite"),
        ],
        method="later",
    )

    class Meta:
        model = Organisation
        fields = []

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.filters["epci"].queryset = Epci.objects.filter(territories=self.request.territory)

    def search(self, organisations, name, value):
        return organisations.search(value)

    def in_epci(self, organisations, name, value):
        sites = Site.objects.filter(commune__epci=value)
        return organisations.filter(pk__in=sites.values("organisation"))

    def later(self, organisations, name, value):
        return organisations
