import json

import factory
from django.apps import apps
from stdnum import luhn

from crm.models import (
    Commune,
    Contact,
    Departement,
    Epci,
    FollowUp,
    Interaction,
    Membership,
    Organisation,
    PartnerToken,
    Project,
    Region,
    ReviewRequest,
    Role,
    Site,
    Stage,
    Territory,
    TerritoryEpci,
    User,
)
from crm.reference_data import DATA, load_references
from crm.search import normalise


def load_code_lists():
    """The product’s own code lists; cheap enough for each test that needs them."""
    if Stage.objects.exists():
        return
    for name, rows in json.loads((DATA / "references.json").read_text(encoding="utf-8")).items():
        load_references(apps.get_model("crm", name), rows)


def siren(n):
    """A SIREN nobody can have: below 000 100 000, with its key."""
    base = f"{n:08d}"
    return base + luhn.calc_check_digit(base)


def siret(n, nic=1):
    base = f"{siren(n)}{nic:04d}"
    return base + luhn.calc_check_digit(base)


class RegionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Region
        django_get_or_create = ["code"]

    code = "76"
    name = "Occitanie"


class DepartementFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Departement
        django_get_or_create = ["code"]

    code = "32"
    name = "Gers"
    region = factory.SubFactory(RegionFactory)


class EpciFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Epci
        django_get_or_create = ["siren"]

    siren = factory.Sequence(lambda n: siren(9000 + n))
    name = factory.Sequence("CC des Coteaux {}".format)
    kind = "CC"


class CommuneFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Commune
        django_get_or_create = ["code"]

    code = factory.Sequence(lambda n: f"3{n % 10000:04d}")
    name = factory.Sequence("Fleurance-{}".format)
    departement = factory.SubFactory(DepartementFactory)
    epci = factory.SubFactory(EpciFactory)
    postal_codes = "32500"
    search = factory.LazyAttribute(lambda commune: normalise(commune.name))


class TerritoryFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Territory
        skip_postgeneration_save = True

    code = factory.Sequence("ti-{}".format)
    name = factory.Sequence("Territoire {}".format)

    @factory.post_generation
    def perimeter(self, create, wanted, **kwargs):
        """Two EPCI in two départements, three communes, and the code lists."""
        if not wanted:
            return
        load_code_lists()
        gers = DepartementFactory()
        tarn_et_garonne = DepartementFactory(code="82", name="Tarn-et-Garonne")
        lomagne = EpciFactory(siren="243200391", name="CC de la Lomagne Gersoise")
        terres = EpciFactory(siren="200066322", name="CC Terres des Confluences")
        for epci in (lomagne, terres):
            TerritoryEpci.objects.create(territory=self, epci=epci)
        CommuneFactory(code="32132", name="Fleurance", departement=gers, epci=lomagne)
        CommuneFactory(
            code="32208", name="Lectoure", departement=gers, epci=lomagne, postal_codes="32700"
        )
        CommuneFactory(
            code="82112",
            name="Moissac",
            departement=tarn_et_garonne,
            epci=terres,
            postal_codes="82200",
        )


class UserFactory(factory.django.DjangoModelFactory):
    """UserFactory(territory=…, role=…): a person with that role there."""

    class Meta:
        model = User
        skip_postgeneration_save = True

    email = factory.Sequence("personne{}@etabli.test".format)
    first_name = "Inès"
    last_name = factory.Sequence("Lacombe {}".format)

    @classmethod
    def _create(cls, model_class, *args, territory=None, role=Role.OFFICER, **kwargs):
        user = super()._create(model_class, *args, **kwargs)
        if territory:
            Membership.objects.create(user=user, territory=territory, role=role)
        return user


class OrganisationFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Organisation
        skip_postgeneration_save = True

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    name = factory.Sequence("Conserverie {}".format)
    siren = factory.Sequence(lambda n: siren(n + 1))


class SiteFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Site

    organisation = factory.SubFactory(OrganisationFactory)
    siret = factory.LazyAttributeSequence(
        lambda site, n: (
            site.organisation.siren
            + f"{n % 10000:04d}"
            + luhn.calc_check_digit(f"{site.organisation.siren}{n % 10000:04d}")
        )
    )
    naf_rev2 = "10.39A"


class ContactFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Contact

    organisation = factory.SubFactory(OrganisationFactory)
    first_name = "Sylvie"
    last_name = factory.Sequence("Lafforgue {}".format)


class ProjectFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Project
        skip_postgeneration_save = True

    title = factory.Sequence("Ligne de séchage {}".format)
    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    holder = factory.SubFactory(OrganisationFactory, territory=factory.SelfAttribute("..territory"))
    stage = factory.LazyFunction(lambda: Stage.objects.get(pk="detecte"))


class InteractionFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = Interaction
        skip_postgeneration_save = True

    organisation = factory.SubFactory(OrganisationFactory)
    summary = "Visite de l’atelier"


class FollowUpFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = FollowUp

    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    organisation = factory.SubFactory(
        OrganisationFactory, territory=factory.SelfAttribute("..territory")
    )
    title = factory.Sequence("Demander le bilan carbone {}".format)
    due_on = "2026-11-30"


class ReviewRequestFactory(factory.django.DjangoModelFactory):
    class Meta:
        model = ReviewRequest

    project = factory.SubFactory(ProjectFactory)
    question = "Signer la lettre de soutien ?"


class PartnerTokenFactory(factory.django.DjangoModelFactory):
    """PartnerTokenFactory(scopes=[…]); its secret is `token.secret`."""

    class Meta:
        model = PartnerToken

    partner = "ADEME"
    territory = factory.SubFactory(TerritoryFactory, perimeter=True)
    scopes = ["projects:read"]

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        token, secret = model_class.objects.issue(**kwargs)
        token.secret = secret
        return token
