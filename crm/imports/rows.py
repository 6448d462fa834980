"""One row of the file → the values it holds, or the reasons why it is refused."""

import re
from dataclasses import dataclass, field

from crm.imports import values
from crm.imports.columns import BY_CODE, unit_of, year_of
from crm.imports.wording import sentence, typeset
from crm.models import Contact, Organisation, Site
from crm.search import normalise

AMOUNTS = {"turnover", "balance_sheet", "equity"}
HEADCOUNTS = {"headcount", "site_headcount", "workforce_band"}
PLACE = {"commune", "commune_code", "postal_code"}
TOTALS = {"total", "totaux", "total general", "sous-total", "sous total"}
CATEGORIES = {"pme": "PME", "eti": "ETI", "ge": "GE", "grande entreprise": "GE"}
NO_NAME = "Accueil"
PARSERS = {
    "siren": values.siren,
    "siret": values.siret,
    "naf_2025": values.naf,
    "legal_form": values.legal_form,
    "website": values.website,
    "workforce_year": values.year,
    "is_head_office": values.yes_or_no,
    "contact_email": values.email,
    "contact_phone": values.phone,
    "notes": values.free_text,
}
# Where the values of a target go: (draft, field).
FIELDS = {
    **{name: ("organisation", name) for name in ("name", "siren", "kind", "legal_form")},
    **{name: ("organisation", name) for name in ("created_on", "insee_category", "headcount")},
    **{name: ("organisation", name) for name in (*AMOUNTS, "website", "notes", "sectors")},
    **{name: ("site", name) for name in ("siret", "is_head_office", "naf_rev2", "naf_2025")},
    **{name: ("site", name) for name in ("workforce_band", "workforce_year", "address")},
    **{name: ("site", name) for name in ("postal_code", "commune")},
    "site_name": ("site", "name"),
    "site_headcount": ("site", "headcount"),
    "contact_first_name": ("contact", "first_name"),
    "contact_last_name": ("contact", "last_name"),
    "contact_position": ("contact", "position"),
    "contact_email": ("contact", "email"),
    "contact_phone": ("contact", "phone"),
}
MODELS = {"organisation": Organisation, "site": Site, "contact": Contact}


@dataclass
class Row:
    line: int
    cells: list[str]
    values: dict = field(default_factory=dict)
    years: dict = field(default_factory=dict)
    remarks: list[str] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    fate: str = ""
    title: str = ""
    subtitle: str = ""
    changes: list = field(default_factory=list)

    def say(self, remark):
        if (remark := typeset(remark)) not in self.remarks:
            self.remarks.append(remark)

    def refuse(self, reason):
        self.reasons.append(typeset(reason))

    def of(self, draft):
        """{field: (value, year)} of what the row says about the organisation, site or contact."""
        return {
            FIELDS[target][1]: (value, self.years.get(target, ""))
            for target, value in self.values.items()
            if FIELDS[target][0] == draft
        }


class RowReader:
    """Reads rows by the mapping chosen; code lists and communes are already in memory."""

    def __init__(self, header, mapping, lists, places, today):
        self.header, self.mapping = header, mapping
        self.lists, self.places, self.today = lists, places, today
        self.columns = {target: index for index, target in mapping.items()}

    def read(self, line, cells):
        row = Row(line, cells)
        texts = self._texts(row)
        if any(cell.strip() for cell in cells[len(self.header) :]):
            row.refuse("Plus de cellules que de colonnes : un séparateur se trouve dans un texte.")
        for target, text in texts.items():
            if target not in PLACE | {"contact_name"}:
                self._take(row, target, text)
        self._check_pair(row)
        self._date_band(row)
        self._take_place(row, texts)
        self._take_contact(row, texts)
        self._check_lengths(row, texts)
        self._describe(row, texts)
        return row

    def _texts(self, row):
        """{target: text} of the cells that say something."""
        texts = {}
        for index, target in self.mapping.items():
            text = values.clean(row.cells[index])
            if text:
                texts[target] = text
        return texts

    def _take(self, row, target, text):
        try:
            values.refuse_broken(text)
            self._store(row, target, self._parse(row, target, text))
        except ValueError as refusal:
            self._refuse(row, target, text, refusal)

    def _refuse(self, row, target, text, refusal):
        heading = self.header[self.columns[target]]
        shown = text if len(text) <= 60 else f"{text[:60]}…"
        row.refuse(sentence(f"{heading} « {shown} » : {refusal}"))

    def _store(self, row, target, value):
        if value is None or value == "" or value == []:
            return
        row.values[target] = value
        if target in self.columns and (year := year_of(self.header[self.columns[target]])):
            row.years[target] = year

    def _parse(self, row, target, text):
        if target in AMOUNTS:
            return values.amount(text, row.say, unit_of(self.header[self.columns[target]]))
        if target in HEADCOUNTS:
            return self._headcount(row, target, text)
        if target in {"siren", "siret"}:
            return self._identifier(row, target, text)
        if target == "created_on":
            return values.past_date(text, row.say, self.today)
        if target == "naf_rev2":
            return self._naf(text)
        if target in {"sectors", "kind", "insee_category"}:
            return getattr(self, f"_{target}")(row, text)
        return PARSERS.get(target, values.one_line)(text, row.say)

    def _identifier(self, row, target, text):
        """Nine digits in the SIRET column are a SIREN, and the other way round."""
        digits = values.SPACES.sub("", text)
        other = {"siret": "siren", "siren": "siret"}[target]
        if digits.isdigit() and len(digits) == {"siret": 9, "siren": 14}[target]:
            value = PARSERS[other](text, row.say)
            row.say(f"{BY_CODE[target].label} « {text} » lu comme un {BY_CODE[other].label}.")
            if other not in self.columns:
                row.values[other] = value
            return None
        return PARSERS[target](text, row.say)

    def _naf(self, text):
        code = values.naf(text, None)
        if code not in self.lists.naf:
            raise ValueError("ce code n’est pas dans la NAF rév. 2")
        return code

    def _headcount(self, row, target, text):
        """An exact number, or a band of SIRENE, which only a site can have."""
        if target == "workforce_band":
            code = text.removesuffix(".0")
            band = self.lists.bands.get(code.upper().zfill(2))
            if band:
                row.say(f"Tranche « {text} » : {band.label}.")
                return band
        if (bounds := values.band_bounds(text)) is not None:
            return self._band(row, target, text, bounds)
        number = values.count(text, row.say)
        if number is None or target == "workforce_band":
            raise ValueError(
                "un code ou des bornes de tranche SIRENE sont attendus, par exemple 20 à 49"
                if target == "workforce_band"
                else "un nombre entier ou une tranche est attendu, par exemple 42 ou 20 à 49"
            )
        return number

    def _band(self, row, target, text, bounds):
        band = self.lists.bands_by_bounds.get(bounds)
        if band is None:
            row.say(f"Effectif « {text} » non repris : ce n’est pas une tranche SIRENE.")
        elif target == "workforce_band":
            return band
        elif "workforce_band" not in self.columns:
            row.values["workforce_band"] = band
            if year := year_of(self.header[self.columns[target]]):
                row.years["workforce_band"] = year
        return None

    def _check_pair(self, row):
        siren, siret = row.values.get("siren"), row.values.get("siret")
        if siren and siret and siret[:9] != siren:
            row.refuse(f"Le SIRET {siret} n’est pas un établissement du SIREN {siren}.")

    def _date_band(self, row):
        """A heading such as « Tranche d’effectif 2024 » dates the band."""
        if "workforce_band" in row.values and (year := row.years.get("workforce_band")):
            row.values.setdefault("workforce_year", int(year))

    def _sectors(self, row, text):
        found = []
        whole = self.lists.sectors.get(normalise(text))
        for name in [] if whole else re.split(r"[;,/|\n]", text):
            sector = self.lists.sectors.get(normalise(name))
            if sector:
                found.append(sector)
            elif name.strip():
                row.say(f"Filière « {name.strip()} » inconnue, non reprise.")
        return [whole] if whole else found

    def _kind(self, row, text):
        if normalise(text) not in self.lists.kinds:
            row.say(f"Nature « {text} » inconnue, non reprise.")
        return self.lists.kinds.get(normalise(text))

    def _insee_category(self, row, text):
        if normalise(text) not in CATEGORIES:
            row.say(f"Catégorie « {text} » inconnue, non reprise.")
        return CATEGORIES.get(normalise(text))

    def _take_place(self, row, texts):
        postal = ""
        if text := texts.get("postal_code"):
            try:
                postal = values.postal_code(text, row.say)
                row.values["postal_code"] = postal
            except ValueError as refusal:
                self._refuse(row, "postal_code", text, refusal)
                return
        code, name = texts.get("commune_code", ""), texts.get("commune", "")
        try:
            commune, remarks = self.places.find(code, name, postal)
        except ValueError as refusal:
            row.refuse(sentence(str(refusal)))
            return
        for remark in remarks:
            row.say(remark)
        if commune:
            row.values["commune"] = commune

    def _take_contact(self, row, texts):
        """A phone or an address without a name is the company’s front desk."""
        if "contact_name" in texts:
            first, last = values.person(texts["contact_name"])
            row.values.setdefault("contact_last_name", last)
            if first:
                row.values.setdefault("contact_first_name", first)
        held = {target for target in row.values if target.startswith("contact_")}
        if held and "contact_last_name" not in row.values:
            if "contact_first_name" in held:
                row.values["contact_last_name"] = row.values.pop("contact_first_name")
            elif held & {"contact_email", "contact_phone"}:
                row.values["contact_last_name"] = NO_NAME
                row.say(f"Contact sans nom, noté « {NO_NAME} ».")
            else:
                row.values.pop("contact_position")
                row.say("Fonction sans nom de contact, non reprise.")

    def _check_lengths(self, row, texts):
        for target, value in row.values.items():
            draft, name = FIELDS[target]
            limit = getattr(MODELS[draft]._meta.get_field(name), "max_length", None)
            if limit and isinstance(value, str) and len(value) > limit:
                label = BY_CODE[target].label
                row.refuse(f"{label} : {len(value)} caractères, {limit} au plus ({value[:40]}…).")

    def _describe(self, row, texts):
        """What names the row on the page, even when it is refused."""
        row.title = texts.get("name", "")
        shown = row.values.get("siret") or row.values.get("siren")
        shown = shown or texts.get("siret") or texts.get("siren")
        row.subtitle = values.grouped(shown or texts.get("commune", ""))
        if normalise(row.title) in TOTALS and not shown:
            row.refuse("Cette ligne est un total, pas une entreprise.")
