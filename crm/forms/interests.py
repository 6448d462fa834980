from crm.forms.base import ModelForm, SentTwice
from crm.forms.organisation_field import OrganisationField
from crm.models import Interest, Organisation


class InterestForm(SentTwice, ModelForm):
    """What a member of the pair declares; one current declaration an organisation."""

    about = ("user",)
    written_at = "declared_at"

    organisation = OrganisationField(label="Entreprise ou organisme")

    class Meta:
        model = Interest
        fields = ["organisation", "kind"]

    def __init__(self, *args, territory, **kwargs):
        super().__init__(*args, **kwargs)
        mine = Organisation.objects.visible_to(self.instance.user).filter(territory=territory)
        self.fields["organisation"].queryset = mine
        self.fields["kind"].error_messages["required"] = "Dites quel est votre lien."

    def clean_organisation(self):
        organisation = self.cleaned_data["organisation"]
        mine = Interest.objects.current().filter(user=self.instance.user)
        if mine.filter(organisation=organisation).exists():
            self.add_error(
                "organisation",
                f"Vous avez déjà déclaré un lien avec {organisation}. Levez-le d’abord.",
            )
        return organisation
