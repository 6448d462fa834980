from django import forms
from django.db import transaction

from crm.forms.base import Form, ModelForm, SentTwice
from crm.models import Confidentiality, Project, Review, ReviewRequest


class AskForm(SentTwice, ModelForm):
    """A question to the pair; an internal project must first be opened to them, knowingly."""

    about = ("project",)
    written_at = "asked_at"

    open_to_pair = forms.BooleanField(
        label="Ouvrir ce projet au binôme (il est aujourd’hui « interne »)",
        error_messages={
            "required": "Le binôme ne peut pas lire un projet « interne » : cochez cette case pour "
            "le lui ouvrir."
        },
    )

    class Meta:
        model = ReviewRequest
        fields = ["question", "context", "proposal", "due_on"]
        widgets = {"context": forms.Textarea({"rows": 3})}
        help_texts = {
            "question": "Une question à laquelle on répond par d’accord ou pas d’accord.",
            "proposal": "Ce que vous recommandez, en quelques mots.",
        }

    def __init__(self, *args, project, **kwargs):
        super().__init__(*args, **kwargs)
        self.project = project
        if project.confidentiality != Confidentiality.INTERNAL:
            del self.fields["open_to_pair"]

    @transaction.atomic
    def save(self, *, by):
        if self.cleaned_data.get("open_to_pair"):
            self._open()
        self.instance.project = self.project
        self.instance.asked_by = by
        return super().save()

    def _open(self):
        """Over what the project is now: nothing that another wrote meanwhile is lost."""
        project = Project.objects.select_for_update().get(pk=self.project.pk)
        if project.confidentiality == Confidentiality.INTERNAL:
            project.confidentiality = Confidentiality.PAIR
            project.version += 1
            project.save()


OPINIONS = [Review.Answer.AGREE, Review.Answer.DISAGREE, Review.Answer.DISCUSS]


class AnswerForm(Form):
    """An opinion; or, for who has a stake in the holder, that they step aside."""

    answer = forms.ChoiceField(
        label="Votre avis",
        choices=[(answer.value, answer.label) for answer in OPINIONS],
        error_messages={
            "required": "Choisissez une réponse : d’accord, pas d’accord ou à discuter.",
            "invalid_choice": "Choisissez une réponse : d’accord, pas d’accord ou à discuter.",
        },
    )
    comment = forms.CharField(
        label="Un mot, si vous voulez",
        max_length=160,
        required=False,
        error_messages={"max_length": "Votre mot dépasse 160 signes : raccourcissez-le."},
    )

    def __init__(self, *args, steps_aside=False, **kwargs):
        super().__init__(*args, **kwargs)
        if steps_aside:
            aside = Review.Answer.STEPPED_ASIDE
            field = self.fields["answer"]
            field.choices = [(aside.value, aside.label)]
            only = "Vous avez déclaré un intérêt dans ce projet\u00a0: déportez-vous."
            field.error_messages |= {"required": only, "invalid_choice": only}
