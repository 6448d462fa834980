from actions.forms import VersionedForm, offer, refuse_reversed
from actions.models import BudgetLine, PublicContract
from crm.forms.base import SentTwice
from crm.models import Organisation


def refuse_two(form, chosen, typed, sentence):
    """One or the other says who it is; what is typed may not contradict what is chosen."""
    if form.cleaned_data.get(chosen) and form.cleaned_data.get(typed):
        form.add_error(typed, sentence)


class BudgetLineForm(SentTwice, VersionedForm):
    about = ("action",)
    HELP = {
        "planned": "Un montant inconnu reste vide\u00a0: il sera compté «\u00a0à confirmer\u00a0».",
        "funder": "Si l’organisme est connu de l’équipe.",
        "source": "Sinon, son nom\u00a0: «\u00a0autofinancement\u00a0», «\u00a0à trouver\u00a0»…",
    }

    class Meta:
        model = BudgetLine
        fields = [
            "year", "nature", "unit", "planned", "committed", "spent", "funder", "source", "label",
        ]  # fmt: skip

    def __init__(self, *args, viewer, **kwargs):
        super().__init__(*args, **kwargs)
        territory = self.instance.action.plan.territory
        mine = Organisation.objects.visible_to(viewer).filter(territory=territory)
        offer(self, "funder", mine.exclude(kind=Organisation.Kind.COMPANY))
        for name, text in self.HELP.items():
            self.fields[name].help_text = text

    def clean(self):
        data = self.cleaned_data
        if data.get("unit") == BudgetLine.Unit.FTE and data.get("nature") == "investissement":
            self.add_error("nature", "Des ETP sont du fonctionnement.")
        refuse_two(
            self, "funder", "source", "Choisissez un financeur, ou écrivez une autre source."
        )


class PublicContractForm(SentTwice, VersionedForm):
    about = ("action",)

    class Meta:
        model = PublicContract
        fields = ["title", "provider", "provider_label", "amount", "notified_on", "ends_on"]

    def __init__(self, *args, viewer, **kwargs):
        super().__init__(*args, **kwargs)
        territory = self.instance.action.plan.territory
        mine = Organisation.objects.visible_to(viewer).filter(territory=territory)
        offer(self, "provider", mine)
        self.fields["provider_label"].help_text = "Si l’équipe ne connaît pas cet organisme."

    def clean(self):
        refuse_reversed(self, "notified_on", "ends_on", "La fin du marché précède sa notification.")
        refuse_two(
            self, "provider", "provider_label", "Choisissez un prestataire, ou écrivez son nom."
        )
