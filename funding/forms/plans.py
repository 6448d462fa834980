import datetime

from django import forms
from django.core.exceptions import ValidationError
from django.db import transaction

from crm.forms.base import ModelForm, SentTwice
from crm.templatetags.french import day, euros
from funding.appraisal.calendar import YEARS
from funding.financing.following import Current, follow
from funding.financing.plan import computed_amount, total
from funding.models import AidScheme, Application, CostLine, FinancingPlan, Program, SourceLine


class VersionedForm(ModelForm):
    """Says which version it read; the model refuses the slower of two people."""

    version = forms.IntegerField(widget=forms.HiddenInput, required=False)

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        if self.instance.pk:
            self.fields["version"].initial = self.instance.version
        else:
            del self.fields["version"]

    def clean(self):
        """A year typed in two digits would count for nothing, or draw centuries of months."""
        cleaned = super().clean()
        for name, value in list(cleaned.items()):
            if isinstance(value, datetime.date) and value.year not in YEARS:
                self.add_error(name, "L’année va de 2000 à 2100.")
        return cleaned

    def save_over(self):
        """Save, or raise EditConflict when someone saved meanwhile."""
        self.instance.save_over(self.cleaned_data.get("version") or 0)
        return self.instance


class PlanForm(SentTwice, VersionedForm):
    about = ("subject",)

    class Meta:
        model = FinancingPlan
        fields = ["name", "vat_basis", "granted_on", "notes"]
        help_texts = {
            "vat_basis": "HT quand le porteur récupère la TVA, TTC sinon. Changer convertit les "
            "dépenses, chacune à son taux de TVA\u00a0; les ressources restent.",
            "granted_on": "Les règles sont lues à cette date, sauf celle d’une source.",
        }

    keeps_amounts = forms.BooleanField(
        label="Garder les montants tels qu’ils sont écrits",
        required=False,
        help_text="À cocher s’ils étaient déjà dans l’autre base\u00a0: "
        "seul le mot HT ou TTC change.",
    )
    field_order = ["name", "vat_basis", "keeps_amounts"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.off_by_a_cent = []
        if not self._has_amounts:
            del self.fields["keeps_amounts"]

    @property
    def _has_amounts(self):
        return bool(self.instance.pk) and self.instance.priced_costs.exists()

    @property
    def changes_basis(self):
        return "vat_basis" in self.changed_data and self._has_amounts

    @property
    def converts(self):
        return self.changes_basis and not self.cleaned_data.get("keeps_amounts")

    def clean(self):
        cleaned = super().clean()
        if not self.converts or "vat_basis" in self.errors:
            return cleaned
        if lines := self.instance.priced_costs.filter(vat_rate=None):
            named = ", ".join(f"«\u00a0{line}\u00a0»" for line in lines)
            self.add_error(
                "vat_basis",
                f"Le taux de TVA manque pour {named}\u00a0: donnez-le (0 sans TVA), ou cochez "
                "«\u00a0Garder les montants tels qu’ils sont écrits\u00a0».",
            )
        return cleaned

    @transaction.atomic
    def save_over(self):
        super().save_over()
        if self.converts:
            self.off_by_a_cent = self.instance.convert_costs()
        return self.instance

    def clean_name(self):
        name = self.cleaned_data["name"]
        same = self.instance.siblings.filter(name__iexact=name).exclude(pk=self.instance.pk)
        if self.instance.pk and same.exists():
            raise ValidationError("Un scénario porte déjà ce nom.")
        return name

    def save(self, commit=True):
        """A second click, or a colleague’s scenario of the same name, gives that one back."""
        twin = self.instance.siblings.filter(name__iexact=self.instance.name).first()
        if twin and not self.instance.pk:
            self.instance = twin
            return twin
        return forms.ModelForm.save(self, commit)


class ScenarioForm(ModelForm):
    """A copy of a plan, some sources of which are refused."""

    class Meta:
        model = FinancingPlan
        fields = ["name"]

    refused = forms.ModelMultipleChoiceField(
        SourceLine.objects.none(),
        required=False,
        label="Sources refusées dans ce scénario",
        widget=forms.CheckboxSelectMultiple,
    )

    def __init__(self, *args, plan, **kwargs):
        super().__init__(*args, **kwargs)
        self.plan = plan
        live = [
            line.pk
            for line in plan.sources.all()
            if line.kind != SourceLine.Kind.OWN and not line.is_refused
        ]
        self.fields["refused"].queryset = plan.sources.filter(pk__in=live)
        self.fields["name"].help_text = "Par exemple : Si la Région refuse."


class CostForm(SentTwice, VersionedForm):
    about = ("plan",)

    class Meta:
        model = CostLine
        fields = [
            "label",
            "category",
            "amount",
            "vat_rate",
            "eligible",
            "eligible_amount",
            "year",
            "starts_on",
            "ends_on",
        ]
        help_texts = {
            "amount": "Vide tant qu’il n’est pas connu : le plan le dira.",
            "eligible_amount": "Seulement pour une dépense éligible en partie.",
            "starts_on": "Pour placer la dépense mois par mois ; sinon, l’année suffit.",
        }

    def clean(self):
        cleaned = super().clean()
        if cleaned.get("eligible") != CostLine.Eligible.PART:
            cleaned["eligible_amount"] = None
        return cleaned


class SourceForm(SentTwice, VersionedForm):
    about = ("plan",)

    class Meta:
        model = SourceLine
        fields = [
            "kind",
            "program",
            "label",
            "funder_label",
            "scheme",
            "application",
            "basis",
            "rate",
            "amount",
            "equivalent",
            "is_hypothesis",
            "state",
            "confidence",
            "filed_on",
            "granted_on",
            "advance_rate",
            "advance_on",
            "advance_is_guaranteed",
            "interim_rate",
            "interim_on",
            "paid_on",
        ]
        help_texts = {
            "label": "Vide : le nom du dispositif.",
            "amount": "Vide : taux × assiette s’ils sont donnés, sinon à confirmer.",
            "equivalent": "Pour un prêt, une avance ou une garantie : ce que comptent les "
            "plafonds. Demandez-le au financeur.",
            "application": "Son statut, ses montants et ses dates passent alors dans le plan.",
            "is_hypothesis": "Cochée, ce scénario garde l’état, le montant et les dates saisis "
            "ici, quoi que dise le dossier. Par exemple\u00a0: si la Région refuse.",
            "filed_on": "Faite ou prévue.",
            "granted_on": "Date de la décision, faite ou prévue : les règles sont lues ce jour-là.",
            "advance_rate": "En % de la ressource.",
            "interim_rate": "En % de la ressource, avance non comprise.",
            "paid_on": "Le solde, ou la somme entière sans avance ni acompte.",
        }

    aided = forms.MultipleChoiceField(
        required=False,
        label="Dépenses aidées",
        widget=forms.CheckboxSelectMultiple,
        help_text="Aucune cochée : toutes les dépenses éligibles.",
    )
    SECTIONS = (
        ("La source", ["kind", "program", "label", "funder_label", "scheme", "application"]),
        ("Le montant", ["aided", "basis", "rate", "amount", "equivalent"]),
        ("L’avancement", ["is_hypothesis", "state", "confidence", "filed_on", "granted_on"]),
        (
            "Les versements",
            [
                "advance_rate",
                "advance_on",
                "advance_is_guaranteed",
                "interim_rate",
                "interim_on",
                "paid_on",
            ],
        ),
    )

    def __init__(self, *args, viewer, plan, **kwargs):
        self.plan = plan
        super().__init__(*args, **kwargs)
        self.fields["label"].required = False
        self.fields["program"].queryset = self._programs(viewer)
        self.fields["scheme"].queryset = AidScheme.objects.all()
        self.fields["application"].queryset = files_of(plan, viewer)
        costs = plan.costs.exclude(eligible=CostLine.Eligible.NO)
        self.fields["aided"].choices = [(str(cost.pk), cost.label) for cost in costs]
        self.fields["aided"].initial = [str(key) for key in self.instance.aided]
        if self.instance.aided and not costs.filter(pk__in=self.instance.aided).exists():
            self.fields["aided"].help_text = (
                "Les dépenses qu’elle aidait ne sont plus dans le plan. Cochez-en d’autres\u00a0; "
                "enregistrer sans en cocher les compte toutes."
            )
        self._tell_what_follows()
        self._tell_what_is_proposed()

    def _programs(self, viewer):
        """Those that apply there, and the one that the line names, be it replaced since."""
        visible = Program.objects.visible_to(viewer)
        here = visible.for_territory(self.plan.territory)
        return (here | visible.filter(pk=self.instance.program_id)).for_list()

    def _tell_what_is_proposed(self):
        """« Jusqu’à 80 % » proposes 80 %, which the funder may not give."""
        program = self.initial.get("program")
        is_range = isinstance(program, Program) and program.rate_min != program.rate_max
        if is_range and self.initial.get("rate") and not self.instance.pk:
            self.fields[
                "rate"
            ].help_text = (
                "Le plus que permet le dispositif\u00a0: ramenez-le à ce que le financeur annonce."
            )

    def _tell_what_follows(self):
        """Beside each field that the file tells, what it says."""
        line = self.instance
        if line.is_hypothesis or not line.application:
            return
        for name in sorted(line.told.told & set(self.fields)):
            self.fields[name].help_text = (
                f"Le dossier dit\u00a0: {said(line, name)}. Ce qui est saisi ici ne compte que "
                "pour une hypothèse."
            )

    @property
    def sections(self):
        return [(title, [self[name] for name in names]) for title, names in self.SECTIONS]

    def clean(self):
        cleaned = super().clean()
        program = cleaned.get("program")
        if not cleaned.get("label"):
            if program is None:
                self.add_error("label", "Nommez la source, ou choisissez son dispositif.")
            else:
                cleaned["label"] = program.name[:150]
        if cleaned.get("amount") is None and "amount" not in self.errors:
            ceiling = program.aid_max if program else None
            cleaned["amount"] = computed_amount(cleaned.get("basis"), cleaned.get("rate"), ceiling)
        self._check_sums(cleaned)
        self._check_days(cleaned)
        self._follow(cleaned)
        self.instance.aided = [int(key) for key in cleaned.get("aided") or []]
        return cleaned

    def _follow(self, cleaned):
        """What a file tells is changed in the file, or supposed; a typed value never hides it."""
        if cleaned.get("application") is None:
            cleaned["is_hypothesis"] = False
        before = self.initial.get("application")
        stays = self.instance.pk and before == getattr(cleaned.get("application"), "pk", None)
        if not stays or before is None or cleaned.get("is_hypothesis"):
            return
        line = SourceLine.objects.for_edit().get(pk=self.instance.pk)
        for name in sorted(line.told.told & set(self.changed_data)):
            self.add_error(
                name,
                f"Le dossier dit\u00a0: {said(line, name)}. Changez-le dans le dossier, ou cochez "
                "«\u00a0Hypothèse de ce scénario\u00a0».",
            )

    def _check_sums(self, cleaned):
        amount, equivalent = cleaned.get("amount"), cleaned.get("equivalent")
        if amount is not None and equivalent is not None and equivalent > amount:
            self.add_error("equivalent", "L’équivalent-subvention dépasse le montant.")
        self._check_basis(cleaned)
        advance, interim = cleaned.get("advance_rate") or 0, cleaned.get("interim_rate") or 0
        if advance + interim > 100:
            self.add_error("interim_rate", "L’avance et les acomptes dépassent 100 %.")

    def _check_days(self, cleaned):
        """A day that the file tells hides the typed one, which then contradicts nothing."""
        file = cleaned.get("application")
        typed = Current("", filed_on=cleaned.get("filed_on"), granted_on=cleaned.get("granted_on"))
        supposes = file is None or cleaned.get("is_hypothesis")
        told = typed if supposes else follow(typed, file.progress())
        self._check_payments(cleaned, told)
        filed_on, granted_on = told.filed_on, told.granted_on
        if not filed_on or not granted_on or filed_on <= granted_on:
            return
        place = "filed_on" if "granted_on" in told.told else "granted_on"
        if place not in told.told:
            self.add_error(
                place,
                f"L’octroi, le {day(granted_on)}, précède le dépôt de la demande, le "
                f"{day(filed_on)}.",
            )

    def _check_payments(self, cleaned, told):
        """Nothing is paid before it is granted, nor before it is asked for."""
        since, what = told.granted_on, "l’octroi"
        if since is None:
            since, what = told.filed_on, "le dépôt de la demande"
        for name in {"advance_on", "interim_on", "paid_on"} - told.told:
            if since and (on := cleaned.get(name)) and on < since:
                said = f"Ce versement, le {day(on)}, précède {what}, le {day(since)}."
                self.add_error(name, said)

    def _check_basis(self, cleaned):
        """An aid counts no more than the eligible costs, those it aids when it says which."""
        keys = {int(key) for key in cleaned.get("aided") or []}
        costs = [cost.as_rule() for cost in self.plan.costs.all()]
        counted = [cost.counted for cost in costs if not keys or cost.key in keys]
        basis, eligible = cleaned.get("basis"), total(counted)
        if costs and basis is not None and eligible is not None and basis > eligible:
            self.add_error(
                "basis", f"L’assiette dépasse les dépenses éligibles, {euros(eligible)}."
            )


def said(line, name):
    """What the file of a source tells of one field, in words."""
    if name == "state":
        return line.told_label.lower()
    value = getattr(line.told, name)
    if value is None:
        return "à confirmer"
    return euros(value) if name == "amount" else day(value)


def files_of(plan, viewer):
    """The files of the same project or action."""
    return Application.objects.visible_to(viewer).of(plan.subject).select_related("program")


class AmountForm(VersionedForm):
    """One cell of the grid."""

    def clean_amount(self):
        amount = self.cleaned_data["amount"]
        part = getattr(self.instance, "eligible_amount", None)
        if amount is not None and part is not None and part > amount:
            raise ValidationError(
                f"La part éligible, {euros(part)}, dépasse ce montant : modifiez la ligne."
            )
        part = getattr(self.instance, "equivalent", None)
        if amount is not None and part is not None and part > amount:
            raise ValidationError(
                f"L’équivalent-subvention, {euros(part)}, dépasse ce montant : modifiez la ligne."
            )
        return amount


class CostAmountForm(AmountForm):
    class Meta:
        model = CostLine
        fields = ["amount"]


class SourceAmountForm(AmountForm):
    class Meta:
        model = SourceLine
        fields = ["amount"]

    def clean_amount(self):
        line = self.instance
        if "amount" in line.current.told:
            raise ValidationError(
                f"Ce montant suit le dossier, qui dit {said(line, 'amount')}\u00a0: changez-le "
                "dans le dossier, ou faites de la ligne une hypothèse."
            )
        return super().clean_amount()
