"""Find a commune from what a person or a spreadsheet calls it, and a field that does so."""

import difflib
import re

from django import forms
from django.core.exceptions import ValidationError
from django.db.models import Q

from crm.models import Commune, FormerCommune
from crm.search import normalise, search

CODE = re.compile(r"\b(\d{5}|2[ab]\d{3})\b")
DEPARTEMENT = re.compile(r"\((\d{2,3}|2[ab])\)")
CEDEX = re.compile(r"\bcedex( \d+)?\b")
SHORT = {"st": "saint", "ste": "sainte", "sts": "saints", "stes": "saintes"}
NAMED = 4  # candidates that a refusal lists


def find_communes(text, territory=None):
    """The communes that `text` may name: one when it is clear, none when unknown.

    A name in any case, accents and hyphens aside, a former name, an INSEE code, a postal code,
    or a name with one of these (« 32500 Fleurance », « Fleurance (32) »). The communes of
    `territory` come first: those elsewhere are returned only when it has none of that name.
    """
    folded = CEDEX.sub(" ", normalise(text))
    code, departement = CODE.search(folded), DEPARTEMENT.search(folded)
    name = name_key(DEPARTEMENT.sub(" ", CODE.sub(" ", folded)))
    found = _named(name, territory) if name else Commune.objects.none()
    if code:
        found = _of_code(code[1].upper(), found if name else None)
    elif departement:
        found = found.filter(departement=departement[1].upper())
    return _nearest(found, territory)


def name_key(text):
    """What two spellings of a name share: « St-Clar » and « SAINT CLAR » are « saint clar »."""
    words = re.sub(r"[^a-z0-9]+", " ", normalise(text)).split()
    return " ".join(SHORT.get(word, word) for word in words)


def commune_label(commune):
    """« Fleurance (32500) », which `find_communes` reads back."""
    return f"{commune.name} ({commune.postal_codes[:5] or commune.code})"


def resolve_commune(text, territory=None):
    """The one commune that `text` names, or ValueError with a sentence that says why not."""
    found = find_communes(text, territory)
    if len(found) == 1:
        return found[0]
    if found:
        names = ", ".join(f"{c.name} ({c.code})" for c in found[:NAMED])
        more = "…" if len(found) > NAMED else "."
        raise ValueError(
            f"«\u00a0{text}\u00a0» peut désigner plusieurs communes\u00a0: {names}{more} "
            "Précisez avec le code INSEE."
        )
    raise ValueError(
        f"Aucune commune ne correspond à «\u00a0{text}\u00a0».{_suggestion(text, territory)}"
    )


def _named(key, territory):
    """Current names win over former ones, in the territory and then elsewhere."""
    for communes in [*([territory.communes] if territory else []), Commune.objects.all()]:
        for rows, pk in [
            (communes, "pk"),
            (FormerCommune.objects.filter(commune__in=communes), "commune"),
        ]:
            named = search(rows, key).values_list(pk, "search")
            found = {commune for commune, name in named if name_key(name) == key}
            if found:
                return Commune.objects.filter(pk__in=found)
    return Commune.objects.none()


def _of_code(code, named):
    """Communes of this INSEE or postal code; with a name, its département is clue enough."""
    if named is None:
        former = FormerCommune.objects.filter(code=code).values("commune")
        return Commune.objects.filter(
            Q(code=code) | Q(postal_codes__contains=code) | Q(pk__in=former)
        )
    exact = named.filter(Q(code=code) | Q(postal_codes__contains=code))
    return exact if exact.exists() else named.filter(departement=code[:2])


def _nearest(found, territory):
    found = list(found.select_related("epci").order_by("search", "code"))
    if territory and len(found) > 1:
        member = set(territory.communes.values_list("pk", flat=True))
        return [commune for commune in found if commune.pk in member] or found
    return found


def _suggestion(text, territory):
    """The closest name of the territory: most unknown communes are a slip of the keyboard."""
    if territory is None:
        return ""
    names = {name_key(name): name for name in territory.communes.values_list("name", flat=True)}
    close = difflib.get_close_matches(name_key(text), names, n=1, cutoff=0.75)
    return f" Vouliez-vous dire «\u00a0{names[close[0]]}\u00a0»\u00a0?" if close else ""


class CommuneInput(forms.TextInput):
    """A text with the communes of the territory to pick from; any other can still be typed."""

    template_name = "forms/commune.html"
    territory = None

    def get_context(self, name, value, attrs):
        context = super().get_context(name, value, attrs)
        context["widget"]["attrs"]["list"] = f"{context['widget']['attrs'].get('id', name)}_list"
        communes = self.territory.communes if self.territory else Commune.objects.none()
        context["options"] = [commune_label(commune) for commune in communes]
        return context


class CommuneField(forms.CharField):
    """Cleans to a Commune. Say `form.fields["commune"].territory = …` once it is known."""

    widget = CommuneInput

    def __init__(self, *, territory=None, **options):
        options.setdefault("label", "Commune")
        super().__init__(**options)
        self.territory = territory

    @property
    def territory(self):
        return self.widget.territory

    @territory.setter
    def territory(self, territory):
        self.widget.territory = territory

    def prepare_value(self, value):
        if isinstance(value, Commune):
            return commune_label(value)
        commune = Commune.objects.filter(pk=value).first() if value else None
        return commune_label(commune) if commune else value

    def to_python(self, value):
        if isinstance(value, Commune):
            return value
        text = super().to_python(value)
        if not text:
            return None
        try:
            return resolve_commune(text, self.territory)
        except ValueError as refusal:
            raise ValidationError(str(refusal), code="unknown") from None

    def has_changed(self, initial, data):
        try:
            commune = self.to_python(data)
        except ValidationError:
            return True
        before = initial.pk if isinstance(initial, Commune) else initial or None
        return (commune.pk if commune else None) != before
