from django.db import models


class Region(models.Model):
    code = models.CharField("code", max_length=3, primary_key=True)
    name = models.CharField("nom", max_length=100)

    class Meta:
        verbose_name = "région"
        ordering = ["name"]

    def __str__(self):
        return self.name


class Departement(models.Model):
    code = models.CharField("code", max_length=3, primary_key=True)
    name = models.CharField("nom", max_length=100)
    region = models.ForeignKey(Region, models.PROTECT, related_name="departements")

    class Meta:
        verbose_name = "département"
        ordering = ["code"]

    def __str__(self):
        return f"{self.name} ({self.code})"


class Epci(models.Model):
    siren = models.CharField("SIREN", max_length=9, primary_key=True)
    name = models.CharField("nom", max_length=200)
    kind = models.CharField("nature", max_length=10)
    population = models.PositiveIntegerField("population municipale", null=True)

    class Meta:
        verbose_name = "EPCI"
        verbose_name_plural = "EPCI"
        ordering = ["name"]

    def __str__(self):
        return self.name

    @property
    def short_name(self):
        """« Gascogne Toulousaine » for « CC de la Gascogne Toulousaine »."""
        name = self.name.removeprefix(f"{self.kind} ")
        for article in ("de la ", "du ", "des ", "de l'", "de l’", "de "):
            name = name.removeprefix(article)
        return name


class Commune(models.Model):
    code = models.CharField("code INSEE", max_length=5, primary_key=True)
    name = models.CharField("nom", max_length=100)
    departement = models.ForeignKey(Departement, models.PROTECT, related_name="communes")
    epci = models.ForeignKey(Epci, models.PROTECT, null=True, related_name="communes")
    postal_codes = models.CharField("codes postaux", max_length=200, blank=True)
    population = models.PositiveIntegerField("population", null=True)
    search = models.CharField(max_length=110, db_index=True)

    class Meta:
        verbose_name = "commune"
        ordering = ["search", "code"]

    def __str__(self):
        return self.name


class CommuneContour(models.Model):
    """The outline of a commune, for the maps: polygons of rings of [longitude, latitude], in
    degrees, simplified so that neighbours still share their borders (see `crm.contours`)."""

    commune = models.OneToOneField(
        Commune, models.CASCADE, primary_key=True, related_name="contour", verbose_name="commune"
    )
    polygons = models.JSONField("polygones")
    source = models.CharField("source", max_length=200)
    loaded_on = models.DateField("chargé le")

    class Meta:
        verbose_name = "contour de commune"
        verbose_name_plural = "contours des communes"

    def __str__(self):
        return f"Contour de {self.commune_id}"


class FormerCommune(models.Model):
    """A commune that was merged into another; old files still name it."""

    code = models.CharField("code INSEE", max_length=5)
    name = models.CharField("nom", max_length=100)
    commune = models.ForeignKey(Commune, models.CASCADE, related_name="former_communes")
    search = models.CharField(max_length=110, db_index=True)

    class Meta:
        verbose_name = "ancienne commune"
        verbose_name_plural = "anciennes communes"
        ordering = ["search"]
        constraints = [
            models.UniqueConstraint(name="former_commune_once", fields=["code", "commune"])
        ]

    def __str__(self):
        return self.name


class NafCode(models.Model):
    class Vintage(models.TextChoices):
        REV2 = "rev2", "NAF rév. 2"
        NAF_2025 = "2025", "NAF 2025"

    code = models.CharField("code", max_length=6)
    vintage = models.CharField("version", max_length=4, choices=Vintage, default=Vintage.REV2)
    label = models.CharField("libellé", max_length=300)
    level = models.CharField("niveau", max_length=20)
    parent = models.CharField("code parent", max_length=6, blank=True)
    section = models.CharField("section", max_length=1)

    class Meta:
        verbose_name = "code NAF"
        verbose_name_plural = "codes NAF"
        ordering = ["vintage", "code"]
        constraints = [
            models.UniqueConstraint(name="naf_code_once_a_vintage", fields=["vintage", "code"])
        ]

    def __str__(self):
        return f"{self.code} {self.label}"


class WorkforceBand(models.Model):
    """A SIRENE band of headcount (tranche d’effectif); bounds are inclusive, None is unbounded."""

    code = models.CharField("code", max_length=2, primary_key=True)
    label = models.CharField("libellé", max_length=60)
    low = models.PositiveIntegerField("minimum")
    high = models.PositiveIntegerField("maximum", null=True)

    class Meta:
        verbose_name = "tranche d’effectif"
        verbose_name_plural = "tranches d’effectif"
        ordering = ["low", "code"]

    def __str__(self):
        return self.label
