"""A file joined to a fiche, a convention or a meeting: checked before a byte is kept."""

import mimetypes
import zipfile
from pathlib import PurePath

from django import forms

from actions.forms import VersionedForm
from actions.models import Document, StoredFile
from actions.models.documents import MAX_BYTES
from crm.freezing import fingerprint
from crm.imports.wording import size, typeset

# What a person may join, and the first bytes that such a file has.
OFFICE, OLE = (b"PK\x03\x04",), (b"\xd0\xcf\x11\xe0",)
KINDS = {
    ".pdf": (b"%PDF",),
    ".docx": OFFICE,
    ".xlsx": OFFICE,
    ".pptx": OFFICE,
    ".odt": OFFICE,
    ".ods": OFFICE,
    ".odp": OFFICE,
    ".zip": OFFICE,
    ".doc": OLE,
    ".xls": OLE,
    ".ppt": OLE,
    ".msg": OLE,
    ".png": (b"\x89PNG",),
    ".jpg": (b"\xff\xd8\xff",),
    ".jpeg": (b"\xff\xd8\xff",),
    ".eml": (),
    ".txt": (),
    ".csv": (),
}
OPENED = {".docx": "word/", ".xlsx": "xl/", ".pptx": "ppt/"}
ACCEPTED = "PDF, document de bureau (docx, xlsx, pptx, odt, ods, odp), image, texte ou zip"


def refusal(file):
    """A French sentence, or nothing when the file is what its name says."""
    suffix = PurePath(file.name).suffix.lower()
    if file.size > MAX_BYTES:
        return f"« {file.name} » pèse {size(file.size)} : {size(MAX_BYTES)} au plus."
    if suffix not in KINDS:
        return f"« {file.name} » n’est pas d’un type accepté : {ACCEPTED}."
    if not file.size:
        return f"« {file.name} » est vide."
    starts = KINDS[suffix]
    head = file.read(8)
    file.seek(0)
    if starts and not head.startswith(starts):
        return f"« {file.name} » n’est pas un fichier {suffix} : son contenu dit autre chose."
    if not starts and b"\x00" in head:
        return f"« {file.name} » n’est pas un texte : son contenu dit autre chose."
    if suffix in OPENED and not holds(file, OPENED[suffix]):
        return f"« {file.name} » n’est pas un fichier {suffix} : son contenu dit autre chose."
    return ""


def holds(file, folder):
    try:
        with zipfile.ZipFile(file) as archive:
            return any(name.startswith(folder) for name in archive.namelist())
    except zipfile.BadZipFile:
        return False
    finally:
        file.seek(0)


def type_of(name):
    """By the name that was checked, never by what the browser said."""
    return mimetypes.guess_type(name)[0] or "application/octet-stream"


class DocumentEditForm(VersionedForm):
    class Meta:
        model = Document
        fields = ["title", "kind", "dated_on", "is_for_team"]


class DocumentForm(DocumentEditForm):
    """Receives one file; its name is kept as it was given."""

    file = forms.FileField(
        label="Fichier",
        max_length=200,
        allow_empty_file=True,  # the check says so, with its name
        error_messages={
            "required": "Choisissez un fichier.",
            "max_length": "Le nom de ce fichier est trop long.",
        },
    )
    field_order = ["file", "title", "kind", "dated_on", "is_for_team", "version"]

    def __init__(self, *args, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["file"].widget.attrs["accept"] = ",".join(KINDS)
        self.fields["file"].help_text = f"{ACCEPTED} ; {size(MAX_BYTES)} au plus."
        self.fields["title"].required = False
        self.fields["title"].help_text = "Sans intitulé, ce sera le nom du fichier."

    def clean_file(self):
        file = self.cleaned_data["file"]
        if reason := refusal(file):
            raise forms.ValidationError(typeset(reason))
        return file

    def clean(self):
        file = self.cleaned_data.get("file")
        if file and not self.cleaned_data.get("title"):
            self.cleaned_data["title"] = PurePath(file.name).stem[:200]

    def save(self, commit=True):
        """Sent twice, the same bytes under the same name are one document of their owner."""
        document, file = self.instance, self.cleaned_data["file"]
        content = file.read()
        document.name, document.content_type = PurePath(file.name).name, type_of(file.name)
        document.title = self.cleaned_data["title"]
        same = Document.objects.filter(
            action=document.action,
            contract=document.contract,
            meeting=document.meeting,
            name=document.name,
            title=document.title,
            file__sha256=fingerprint(content),
        )
        if twin := same.first():
            self.instance = twin
            return twin
        document.file = StoredFile.keep(content)
        document.save()
        return document
