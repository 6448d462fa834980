"""Choose programs by name: those chosen are boxes to untick, one more is typed below them."""

import json
import re
from functools import cached_property

from django import forms
from django.core.exceptions import ValidationError
from django.urls import reverse
from django.utils.http import urlencode

from crm.search import normalise
from funding.models import Program

OFFERED = 30
CLOSE = 3
NAMED = re.compile(r".*\((?P<code>[^()\s]+)\)")


class Names:
    """What a person may name: every program of `queryset`, read once for all the fields."""

    def __init__(self, queryset):
        self.queryset = queryset

    @cached_property
    def by_code(self):
        return dict(self.queryset.order_by().values_list("code", "name"))

    @cached_property
    def codes(self):
        """{name as searched: codes}; a local version may bear the name of the national one."""
        found = {}
        for code, name in self.by_code.items():
            found.setdefault(normalise(name), []).append(code)
        return found

    def resolve(self, text, kept=()):
        """The codes that a text gives: « Nom (CODE) », a name that one bears, codes with commas;
        [] when it gives none for sure."""
        if text in kept or text in self.by_code:
            return [text]
        if (named := NAMED.fullmatch(text)) and named["code"] in self.by_code:
            return [named["code"]]
        if codes := self.codes.get(normalise(text)):
            return codes if len(codes) == 1 else []
        parts = [part for part in re.split(r"[\s,;]+", text) if part]
        return parts if all(part in kept or part in self.by_code for part in parts) else []

    def close(self, text):
        """Some names that hold every word of the text."""
        words = normalise(text).split()
        return [
            name
            for code, name in self.by_code.items()
            if all(word in normalise(f"{name} {code}") for word in words)
        ][:CLOSE]


class ProgramsInput(forms.Widget):
    """The boxes and the text bear the same name: without script the text is read on sending."""

    template_name = "forms/programs.html"
    use_fieldset = True
    names = Names(Program.objects.none())
    kept = ()

    def value_from_datadict(self, data, files, name):
        texts = data.getlist(name) if hasattr(data, "getlist") else data.get(name, [])
        return [text.strip() for text in texts if text.strip()]

    def get_context(self, name, value, attrs):
        """Split what is known, and shown by its name, from the text that is still being typed."""
        context = super().get_context(name, value, attrs)
        codes, rest = [], []
        for text in value or []:
            found = self.names.resolve(text, self.kept)
            codes += found
            rest += [] if found else [text]
        context["picked"] = [
            (code, self.names.by_code.get(code, "")) for code in dict.fromkeys(codes)
        ]
        widget = context["widget"]
        identifier = widget["attrs"].get("id", name)
        widget |= {"type": "text", "value": ", ".join(rest)}
        widget["attrs"] |= {
            "class": "input",
            "list": f"{identifier}_list",
            "autocomplete": "off",
            "placeholder": "Nom ou code",
            "aria-label": "Ajouter un dispositif, par son nom ou son code",
            "data-enter": f"{identifier}_add",
            "hx-post": "",
            "hx-trigger": "change",
            "hx-vals": json.dumps({"do": f"try:{name}"}),
            "hx-sync": "closest fieldset:replace",
        }
        context["names_url"] = f"{reverse('funding:program_names')}?{urlencode({'field': name})}"
        context["programs"] = offered(self.names.queryset)
        return context


class ProgramsField(forms.Field):
    """Cleans to the codes of programs, in the order in which they were chosen."""

    widget = ProgramsInput

    def offer(self, names, kept):
        """`kept` stand in the record already, even those of a territory that one may not read."""
        self.widget.names, self.widget.kept = names, tuple(kept)

    def to_python(self, value):
        codes, refusals = [], []
        for text in value or []:
            found = self.widget.names.resolve(text, self.widget.kept)
            codes += found
            refusals += [] if found else [refusal(text, self.widget.names)]
        if refusals:
            raise ValidationError(refusals)
        return list(dict.fromkeys(codes))


def refusal(text, names):
    """The sentence that names what was typed, and the ways out."""
    if several := names.codes.get(normalise(text)):
        return (
            f"Plusieurs dispositifs s’appellent «\u00a0{text}\u00a0»\u00a0: choisissez dans la "
            f"liste, ou tapez le code ({', '.join(several)})."
        )
    said = f"«\u00a0{text}\u00a0» n’est ni le nom ni le code d’un dispositif."
    if close := names.close(text):
        listed = ", ".join(f"«\u00a0{name}\u00a0»" for name in close)
        said += f" Vouliez-vous dire {listed}\u00a0?"
    return said


def offered(queryset, text=""):
    """The programs to suggest while one types."""
    return queryset.search(text).select_related("funder").order_by("search")[:OFFERED]
