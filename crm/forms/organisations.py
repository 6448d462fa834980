import difflib

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.html import format_html

from crm.forms.base import ModelForm
from crm.forms.communes import CommuneField, name_key
from crm.forms.identifiers import (
    CodeField,
    clean_full_naf,
    clean_legal_form,
    clean_naf_2025,
    siren_field,
    siret_field,
)
from crm.models import Contact, Organisation, Sector, Site

# What a person may have heard wrong, or long ago: each of these says who told us and when.
FACTS = {
    "siren", "legal_form", "created_on", "eu_size", "insee_category", "headcount", "turnover",
    "balance_sheet", "equity", "siret", "address", "commune", "naf_rev2", "naf_2025",
    "workforce_band", "closed_on",
}  # fmt: skip
ALIKE = 0.87  # two names closer than this are shown to the person who types the second one
LEGAL_WORDS = {"sa", "sas", "sasu", "sarl", "eurl", "sci", "scea", "ets", "etablissements"}


class FactForm(ModelForm):
    """Writes beside each fact who typed it and when; a fact taken away loses its source."""

    def save_as(self, user, today=None):
        changed = [name for name in self.changed_data if name in FACTS]
        kept = [name for name in changed if self.cleaned_data[name] not in (None, "")]
        for name in changed:
            self.instance.provenance.pop(name, None)
        self.instance.note_source(kept, f"saisi par {user}", today or timezone.localdate())
        return self.save()


class OrganisationForm(FactForm):
    siren = siren_field()
    legal_form = CodeField(
        read=clean_legal_form,
        required=False,
        label="Catégorie juridique",
        help_text="code de l’INSEE, par exemple 5710 pour une SAS",
    )
    website = forms.URLField(required=False, label="Site internet", assume_scheme="https")
    # What the person read before typing: a later value means that someone else wrote meanwhile.
    read_at = forms.CharField(required=False, widget=forms.HiddenInput)

    class Meta:
        model = Organisation
        fields = [
            "name", "kind", "siren", "legal_form", "created_on", "headcount", "turnover",
            "balance_sheet", "equity", "eu_size", "insee_category", "sectors", "website",
            "notes", "is_diffusible",
        ]  # fmt: skip
        widgets = {"sectors": forms.CheckboxSelectMultiple}
        help_texts = {
            "headcount": "salariés aujourd’hui, tous établissements",
            "turnover": "du dernier exercice clos, en euros",
            "eu_size": "au sens européen\u00a0: les entreprises liées comptent",
        }

    is_stale = False

    def __init__(self, *args, territory, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.territory = territory
        self.fields["sectors"].queryset = Sector.objects.of(territory)
        self.initial["read_at"] = str(self.instance.updated_at or "")

    def clean_siren(self):
        siren = self.cleaned_data["siren"]
        if siren:
            refuse_taken_siren(siren, self.instance)
        if self.instance.pk:
            others = self.instance.sites.exclude(siret=None).exclude(siret__startswith=siren or "-")
            if siret := others.values_list("siret", flat=True).first():
                raise ValidationError(
                    f"L’établissement {siret} porte un autre SIREN. Corrigez-le d’abord."
                )
        return siren

    def clean_created_on(self):
        return not_after_today(self.cleaned_data["created_on"], "La date de création")

    def clean(self):
        cleaned = super().clean()
        if self.instance.pk and cleaned.get("read_at") != self.initial["read_at"]:
            self.is_stale = True
            self.add_error(None, what_changed(self.instance))
            # Having been told, the person may send the same form again.
            self.data = self.data.copy()
            self.data["read_at"] = self.initial["read_at"]
        return cleaned


class OrganisationNewForm(OrganisationForm):
    """A first site is created with it when something is known of one."""

    siret = siret_field(help_text="du siège\u00a0; le SIREN en est déduit")
    commune = CommuneField(required=False)
    naf_rev2 = CodeField(read=clean_full_naf, required=False, label="Activité (NAF rév. 2)")
    naf_2025 = CodeField(read=clean_naf_2025, required=False, label="Activité (NAF 2025)")
    is_another = forms.BooleanField(
        required=False, label="C’est une autre organisation\u00a0: la créer quand même"
    )

    field_order = ["name", "kind", "siret", "siren", "commune", "naf_rev2"]
    similar = ()

    def __init__(self, *args, territory, **kwargs):
        super().__init__(*args, territory=territory, **kwargs)
        self.fields["commune"].territory = territory

    def clean(self):
        cleaned = super().clean()
        siret, siren = cleaned.get("siret"), cleaned.get("siren")
        if siret and siren and not siret.startswith(siren):
            self.add_error("siret", siret_of_another(siret, siren))
        elif siret and not siren and "siren" not in self.errors:
            try:
                refuse_taken_siren(siret[:9], self.instance)
                cleaned["siren"] = siret[:9]
            except ValidationError as refusal:
                self.add_error("siret", refusal)
        if cleaned.get("name") and not cleaned.get("siren") and not cleaned.get("is_another"):
            self.similar = similar_organisations(cleaned["name"], self.instance.territory)
            if self.similar:
                self.add_error(
                    "name",
                    "Une organisation de nom proche existe déjà\u00a0: ouvrez-la, ou confirmez que "
                    "celle-ci en est une autre.",
                )
        return cleaned

    @property
    def has_details(self):
        """Something of the folded part was typed, or refused: it must be in sight."""
        shown = {"name", "kind", "siret", "siren", "commune", "naf_rev2", "sectors", "is_another"}
        if not self.is_bound:
            return False
        return bool((set(self.changed_data) | set(self.errors)) - shown - {"__all__"})

    def save_as(self, user, today=None):
        today = today or timezone.localdate()
        if self.cleaned_data["siren"]:
            self.instance.note_source(["siren"], f"saisi par {user}", today)
        organisation = super().save_as(user, today)
        given = ["siret", "commune", "naf_rev2", "naf_2025"]
        known = {name: self.cleaned_data[name] for name in given if self.cleaned_data[name]}
        if known:
            site = Site(organisation=organisation, is_head_office=True, **known)
            site.note_source(known, f"saisi par {user}", today)
            site.save()
        return organisation


class SiteForm(FactForm):
    LOCATING = ["siret", "commune", "address", "name"]  # one of them, or nobody could find it

    siret = siret_field()
    commune = CommuneField(required=False)
    naf_rev2 = CodeField(read=clean_full_naf, required=False, label="Activité (NAF rév. 2)")
    naf_2025 = CodeField(read=clean_naf_2025, required=False, label="Activité (NAF 2025)")

    class Meta:
        model = Site
        fields = [
            "siret", "name", "address", "postal_code", "commune", "naf_rev2", "naf_2025",
            "workforce_band", "workforce_year", "headcount", "closed_on", "is_head_office",
        ]  # fmt: skip
        help_texts = {"workforce_year": "celle que donne SIRENE avec la tranche, par exemple 2024"}

    def __init__(self, *args, organisation, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.organisation = organisation
        self.fields["commune"].territory = organisation.territory

    def clean_siret(self):
        siret, organisation = self.cleaned_data["siret"], self.instance.organisation
        if not siret:
            return siret
        if organisation.siren and not siret.startswith(organisation.siren):
            raise ValidationError(siret_of_another(siret, organisation.siren))
        if not organisation.siren:
            refuse_taken_siren(siret[:9], organisation)
        if organisation.sites.exclude(pk=self.instance.pk).filter(siret=siret).exists():
            raise ValidationError(f"L’établissement {siret} est déjà dans la liste.")
        return siret

    def clean_postal_code(self):
        code = self.cleaned_data["postal_code"]
        if code and not (code.isascii() and code.isdigit() and len(code) == 5):
            raise ValidationError(
                f"Un code postal compte cinq chiffres\u00a0; «\u00a0{code}\u00a0» n’en est pas un."
            )
        return code

    def clean_workforce_year(self):
        year = self.cleaned_data["workforce_year"]
        if year and not 1990 <= year <= timezone.localdate().year:
            raise ValidationError(f"{year} n’est pas l’année d’une tranche d’effectif.")
        return year

    def clean_closed_on(self):
        return not_after_today(self.cleaned_data["closed_on"], "La date de fermeture")

    def clean(self):
        cleaned = super().clean()
        is_new = self.instance.pk is None
        if is_new and not self.errors and not any(map(cleaned.get, self.LOCATING)):
            raise ValidationError(
                "Dites de quel établissement il s’agit\u00a0: son SIRET, sa commune, "
                "son adresse ou son nom."
            )
        undated = cleaned.get("workforce_band") and not cleaned.get("workforce_year")
        if undated and "workforce_year" not in self.errors:
            self.add_error("workforce_year", "Une tranche d’effectif va avec son année.")
        return cleaned

    def save_as(self, user, today=None):
        """The SIREN of an organisation that had none follows from the SIRET of its site."""
        site = super().save_as(user, today)
        organisation = site.organisation
        if site.siret and not organisation.siren:
            organisation.siren = site.siret[:9]
            organisation.note_source(["siren"], "déduit du SIRET", today or timezone.localdate())
            organisation.save()
        if site.is_head_office:
            for other in organisation.sites.exclude(pk=site.pk).filter(is_head_office=True):
                other.is_head_office = False
                other.save()
        return site


class ContactForm(ModelForm):
    class Meta:
        model = Contact
        fields = ["first_name", "last_name", "position", "email", "phone", "site", "is_main"]

    def __init__(self, *args, organisation, **kwargs):
        super().__init__(*args, **kwargs)
        self.instance.organisation = organisation
        self.fields["site"].queryset = organisation.sites.for_list().select_related(
            "organisation", "commune"
        )

    def clean_phone(self):
        phone = self.cleaned_data["phone"]
        digits = sum(character.isdigit() for character in phone)
        if phone and (digits < 4 or not set(phone) <= set("0123456789 +().-/\u00a0\u202f")):
            raise ValidationError(f"«\u00a0{phone}\u00a0» n’est pas un numéro de téléphone.")
        return phone

    def clean(self):
        cleaned = super().clean()
        organisation = self.instance.organisation
        others = organisation.contacts.exclude(pk=self.instance.pk)
        first, last = cleaned.get("first_name", ""), cleaned.get("last_name", "")
        if others.filter(first_name__iexact=first, last_name__iexact=last).exists():
            name = f"{first} {last}".strip()
            self.add_error("last_name", f"{name} est déjà dans les contacts de {organisation}.")
        return cleaned

    def save(self, commit=True):
        """One main contact at a time."""
        contact = super().save(commit)
        if contact.is_main:
            for other in contact.organisation.contacts.exclude(pk=contact.pk).filter(is_main=True):
                other.is_main = False
                other.save()
        return contact


def refuse_taken_siren(siren, organisation):
    taken = (
        Organisation.objects.filter(territory=organisation.territory, siren=siren)
        .exclude(pk=organisation.pk)
        .first()
    )
    if taken:
        raise ValidationError(
            format_html(
                'Une organisation de ce territoire porte déjà ce SIREN\u00a0: <a href="{}">{}</a>.',
                taken.get_absolute_url(),
                taken.name,
            ),
            code="taken",
        )


def what_changed(organisation):
    """Who wrote last, when and which fields: what the slower of two people is told."""
    rows = organisation.history.select_related("history_user")[:2]
    last, before = [*rows, None, None][:2]
    fields = last.diff_against(before).changed_fields if before else []
    labels = [organisation._meta.get_field(name).verbose_name for name in fields]
    which = f" ({', '.join(labels)})" if labels else ""
    who = (last and last.history_user) or "un import"
    return (
        f"Pendant que vous écriviez, {who} a modifié cette fiche"
        f"{which}. Rien n’a été remplacé\u00a0: relisez, puis enregistrez de nouveau."
    )


def siret_of_another(siret, siren):
    return f"Le SIRET {siret} n’est pas celui d’un établissement du SIREN {siren}."


def not_after_today(date, what, today=None):
    if date and date > (today or timezone.localdate()):
        raise ValidationError(f"{what} est dans l’avenir.")
    return date


def similar_organisations(name, territory):
    """Organisations of the territory whose name, legal form aside, is nearly this one."""
    key = short_key(name)
    known = Organisation.objects.filter(territory=territory).only("name", "territory_id")
    return [o for o in known if is_alike(key, short_key(o.name))]


def short_key(name):
    words = [word for word in name_key(name).split() if word not in LEGAL_WORDS]
    return " ".join(words) or name_key(name)


def is_alike(one, other):
    matcher = difflib.SequenceMatcher(None, one, other)
    return (
        matcher.real_quick_ratio() >= ALIKE
        and matcher.quick_ratio() >= ALIKE
        and matcher.ratio() >= ALIKE
    )
