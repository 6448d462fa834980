"""The firms that count in the European size of an organisation, and their closed accounts."""

from decimal import Decimal

from django.core.validators import MaxValueValidator, MinValueValidator
from django.db import models, transaction
from django.db.models import Q
from simple_history.models import HistoricalRecords

from actions.models.editing import Removable, Versioned
from crm.fields import MoneyField
from crm.identifiers import clean_siren
from crm.models import Organisation, Territory
from crm.validators import IdentifierValidator
from funding.eligibility import eu_size
from funding.models.ledger import TeamQuerySet

POSITIVE = MinValueValidator(0, "Ce nombre ne peut pas être négatif.")


class CountedFirmQuerySet(TeamQuerySet):
    def for_edit(self):
        return self.select_related("organisation__territory").prefetch_related("accounts")


class CountedFirm(Versioned, Removable):
    """One firm of the sum: the organisation itself, or a firm tied to it.

    Recommandation 2003/361/CE, annexe, art. 3: linked beyond 50 %, partner from 25 to 50 %, and
    public bodies, whose figures do not count but whose share may take the SME away. A firm that
    the aid ledger holds in the same « entreprise unique » is linked without a row here; a row
    then only adds its accounts.
    """

    class Tie(models.TextChoices):
        OWN = eu_size.OWN, "L’entreprise elle-même"
        LINKED = eu_size.LINKED, "Liée (plus de 50 %, ou contrôle)"
        PARTNER = eu_size.PARTNER, "Partenaire (de 25 à 50 %)"
        PUBLIC = eu_size.PUBLIC, "Organisme public au capital"

    organisation = models.ForeignKey(
        Organisation, models.CASCADE, related_name="counted_firms", editable=False
    )
    territory = models.ForeignKey(Territory, models.CASCADE, related_name="+", editable=False)
    tie = models.CharField("lien", max_length=8, choices=Tie)
    name = models.CharField("nom", max_length=200)
    siren = models.CharField(
        "SIREN", max_length=9, blank=True, validators=[IdentifierValidator(clean_siren)]
    )
    share = models.DecimalField(
        "part du capital ou des votes (%)",
        max_digits=5,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[
            MinValueValidator(Decimal("0.01"), "Cette part est supérieure à zéro."),
            MaxValueValidator(100, "Cette part ne dépasse pas cent pour cent."),
        ],
    )
    is_excepted = models.BooleanField("exception de l’article 3, § 2", null=True, blank=True)
    source = models.CharField("source", max_length=200, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    history = HistoricalRecords(excluded_fields=["version"])
    objects = CountedFirmQuerySet.as_manager()

    class Meta:
        verbose_name = "entreprise comptée dans la taille"
        verbose_name_plural = "entreprises comptées dans la taille"
        ordering = ["tie", "name", "pk"]
        constraints = [
            models.UniqueConstraint(
                name="one_own_row_an_organisation",
                fields=["organisation"],
                condition=Q(tie="own"),
            ),
            models.UniqueConstraint(
                name="one_row_a_siren_counted",
                fields=["organisation", "siren"],
                condition=~Q(siren=""),
                violation_error_message="Cette entreprise est déjà dans la liste.",
            ),
        ]

    def __str__(self):
        return self.name

    @transaction.atomic
    def note(self, figures):
        """Write {year: Figures}; a year of which nothing is known is not kept."""
        kept = {row.year: row for row in self.accounts.all()}
        for year, known in figures.items():
            row = kept.get(year) or FirmAccounts(firm=self, year=year)
            if known == eu_size.UNKNOWN:
                if row.pk:
                    row.delete()
            elif row.pk is None or row.figures != known:
                row.headcount, row.turnover = known.headcount, known.turnover
                row.balance_sheet = known.balance_sheet
                row.save()


class FirmAccounts(models.Model):
    """The figures of one closed year, as article 4 takes them: annual, before tax."""

    firm = models.ForeignKey(CountedFirm, models.CASCADE, related_name="accounts")
    year = models.PositiveSmallIntegerField("exercice clos en")
    headcount = models.DecimalField(
        "effectif (UTA)",
        max_digits=10,
        decimal_places=2,
        null=True,
        blank=True,
        validators=[POSITIVE],
    )
    turnover = MoneyField("chiffre d’affaires")
    balance_sheet = MoneyField("total du bilan")

    history = HistoricalRecords()

    class Meta:
        verbose_name = "comptes d’un exercice"
        verbose_name_plural = "comptes d’un exercice"
        ordering = ["-year"]
        constraints = [
            models.UniqueConstraint(name="one_year_of_accounts_a_firm", fields=["firm", "year"])
        ]

    def __str__(self):
        return f"{self.firm}, {self.year}"

    @property
    def figures(self):
        """What the pure rules add up."""
        return eu_size.Figures(self.headcount, self.turnover, self.balance_sheet)
