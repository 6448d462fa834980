from django import forms
from django.utils import timezone
from django.utils.text import slugify

from crm.forms.base import Form, ModelForm, style
from crm.models import Departement, Epci, Framework
from reporting.models import IndustrialJobs, ReturnMapping
from reporting.returns.grids import FORMATS, TITLE_SIZE, WRITTEN, title_faults
from reporting.returns.records import BY_EPCI, IN_FRAMEWORKS, LISTS

RESERVED = {"envois", "nouvelle"}  # what an address of the returns means already


class SendingForm(Form):
    """What left, to whom and when; under the number and the grid that were on screen."""

    sent_on = forms.DateField(label="Envoyée le")
    sent_to = forms.CharField(
        label="À qui", max_length=200, help_text="Le service, et au besoin la personne."
    )
    note = forms.CharField(
        label="Note", max_length=1000, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )
    number = forms.IntegerField(min_value=1, max_value=99_999, widget=forms.HiddenInput)
    version = forms.IntegerField(min_value=1, max_value=2**31, widget=forms.HiddenInput)

    def __init__(self, *args, version, **kwargs):
        super().__init__(*args, **kwargs)
        self.current = version

    def clean_sent_on(self):
        day = self.cleaned_data["sent_on"]
        if day > timezone.localdate():
            raise forms.ValidationError(
                "Un envoi se note quand il est parti\u00a0: pas à l’avance."
            )
        if day.year < 2018:
            raise forms.ValidationError("Le programme a commencé en 2018.")
        return day

    def clean(self):
        said = super().clean()
        if "version" in said and said["version"] != self.current.pk:
            raise forms.ValidationError(
                "La grille a changé pendant votre saisie. Relisez la remontée, puis notez l’envoi."
            )
        return said


class ReturnForm(Form):
    """A return that Établi does not ship: its name, who receives it, which grid it starts from."""

    name = forms.CharField(label="Nom de la remontée", max_length=120)
    recipient = forms.ChoiceField(label="Destinataire", choices=ReturnMapping.Recipient.choices)
    start = forms.ChoiceField(
        label="Partir de la grille", help_text="Vous la modifierez ensuite, colonne par colonne."
    )

    def __init__(self, *args, mappings, **kwargs):
        super().__init__(*args, **kwargs)
        self.mappings = {one.code: one for one in mappings}
        self.fields["start"].choices = [(code, one.name) for code, one in self.mappings.items()]

    def clean_name(self):
        name = " ".join(self.cleaned_data["name"].split())
        self.code = slugify(name)[:40].strip("-")
        if not self.code or self.code in RESERVED:
            raise forms.ValidationError("Donnez un nom avec des lettres.")
        if self.code in self.mappings:
            raise forms.ValidationError("Une remontée porte déjà ce nom.")
        return name


class SheetForm(Form):
    """A sheet of a grid: what it lists, for which frameworks, for each EPCI or not."""

    title = forms.CharField(label="Titre de la feuille", max_length=TITLE_SIZE)
    rows = forms.ChoiceField(
        label="Ce qu’elle liste", choices=[(key, label) for key, (label, _) in LISTS.items()]
    )
    frameworks = forms.MultipleChoiceField(
        label="Seulement ce que comptent ces cadres",
        required=False,
        widget=forms.CheckboxSelectMultiple,
        help_text="Pour les fiches et les indicateurs. Sans choix, toutes les fiches.",
    )
    by_epci = forms.BooleanField(label="Une feuille par EPCI", required=False)
    note = forms.CharField(label="Ce qu’il faut en savoir", max_length=250, required=False)

    def __init__(self, *args, territory, taken=(), is_new=True, **kwargs):
        super().__init__(*args, **kwargs)
        self.taken = {title.casefold() for title in taken}
        self.fields["frameworks"].choices = [
            (row.pk, row.label) for row in Framework.objects.of(territory)
        ]
        if not is_new:  # the columns are of what the sheet lists
            del self.fields["rows"]

    def clean_title(self):
        title = " ".join(self.cleaned_data["title"].split())
        if found := title_faults(title, self.taken):
            raise forms.ValidationError(found)
        return title

    def clean(self):
        said = super().clean()
        rows = said.get("rows") or self.initial.get("rows")
        if said.get("frameworks") and rows not in IN_FRAMEWORKS:
            self.add_error("frameworks", "Un cadre ne compte que des fiches et leurs indicateurs.")
        if said.get("by_epci") and rows not in BY_EPCI:
            self.add_error("by_epci", "Cette liste ne se partage pas par EPCI.")
        return said


class ColumnForm(Form):
    """A column of a grid in the words of its recipient, with its code list."""

    label = forms.CharField(label="Libellé", max_length=120)
    name = forms.RegexField(
        r"^[a-z][a-z0-9_]{0,59}\Z",
        label="Nom stable",
        help_text="Pour les machines : minuscules, chiffres et « _ », sans accent.",
        error_messages={"invalid": "Écrivez un nom comme « aides_accordees »."},
    )
    format = forms.ChoiceField(label="Format")
    required = forms.BooleanField(label="Obligatoire pour le destinataire", required=False)
    unit = forms.CharField(label="Unité", max_length=40, required=False)
    definition = forms.CharField(
        label="Définition", max_length=500, required=False, widget=forms.Textarea(attrs={"rows": 3})
    )

    def __init__(self, *args, column, source, codes, taken=(), **kwargs):
        super().__init__(*args, **kwargs)
        self.taken = set(taken)
        ways = WRITTEN.get(source.format, (source.format,))
        ways = (*ways, "text") if codes and "text" not in ways else ways
        self.fields["format"].choices = [(way, FORMATS[way]) for way in ways]
        self.codes = codes
        for at, (code, label) in enumerate(codes):
            field = forms.CharField(
                label=label, max_length=120, required=False, initial=column["codes"].get(code, "")
            )
            style(field)
            field.widget.attrs["placeholder"] = code
            self.fields[f"code_{at}"] = field

    @property
    def code_fields(self):
        return [(code, self[f"code_{at}"]) for at, (code, _) in enumerate(self.codes)]

    def clean_name(self):
        name = self.cleaned_data["name"]
        if name in self.taken:
            raise forms.ValidationError("Une autre colonne de la feuille porte ce nom.")
        return name

    @property
    def said(self):
        """The column as the grid keeps it."""
        kept = ("label", "name", "format", "required", "unit", "definition")
        codes = {
            code: self.cleaned_data[f"code_{at}"]
            for at, (code, _) in enumerate(self.codes)
            if self.cleaned_data[f"code_{at}"]
        }
        return {name: self.cleaned_data[name] for name in kept} | {"codes": codes}


class PublishForm(Form):
    """From when a grid applies, and what changes: it will not be edited."""

    applies_from = forms.DateField(label="Applicable à partir du")
    note = forms.CharField(
        label="Ce qui change, et pourquoi", max_length=250,
        help_text="Par exemple : courriel de la DREETS du 12/11/2026.",
    )  # fmt: skip
    is_official = forms.BooleanField(
        label="C’est la grille donnée par le destinataire",
        required=False,
        help_text="Sans cela, la page continue de dire que la grille est une proposition.",
    )


class IndustrialJobsForm(ModelForm):
    """How many industrial jobs a place has, in a year, from where."""

    place = forms.ChoiceField(label="Lieu")
    version = forms.IntegerField(widget=forms.HiddenInput, min_value=1, max_value=2**31)

    class Meta:
        model = IndustrialJobs
        fields = ["year", "jobs", "source"]
        help_texts = {"source": "Par exemple : INSEE, recensement, emploi au lieu de travail."}

    field_order = ["place", "year", "jobs", "source"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        territory = self.instance.territory
        inside = Departement.objects.filter(communes__epci__territories=territory).distinct()
        self.places = {f"epci-{one.pk}": one for one in territory.epcis.order_by("name")}
        self.places |= {f"departement-{one.pk}": one for one in inside}
        self.fields["place"].choices = [
            ("", "Choisir…"),
            *((key, str(one)) for key, one in self.places.items()),
        ]
        held = self.instance.epci_id and f"epci-{self.instance.epci_id}"
        self.fields["place"].initial = held or f"departement-{self.instance.departement_id}"
        self.fields["version"].initial = self.instance.version

    def clean(self):
        said = super().clean()
        place = self.places.get(said.get("place"))
        self.instance.epci = place if isinstance(place, Epci) else None
        self.instance.departement = place if isinstance(place, Departement) else None
        same = IndustrialJobs.objects.filter(
            territory=self.instance.territory,
            epci=self.instance.epci,
            departement=self.instance.departement,
            year=said.get("year"),
        )
        if place and said.get("year") and same.exclude(pk=self.instance.pk).exists():
            self.add_error("year", "Ce lieu a déjà un nombre pour cette année : modifiez-le.")
        return said

    def save_over(self, *, by):
        """EditConflict when someone saved it meanwhile."""
        one = self.instance
        one.noted_by, one.noted_at = by, timezone.now()
        if one.pk:
            one.save_over(self.cleaned_data["version"])
        else:
            one.save()
        return one
