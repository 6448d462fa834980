from django.db import models

from crm.models.territories import Territory


class Brand(models.Model):
    """What a territory signs its documents with; its bytes are read by those documents only."""

    # The brick of the house, for a territory that chose no colour.
    COLOUR = "#A94A28"

    territory = models.OneToOneField(Territory, models.CASCADE, related_name="brand")
    colour = models.CharField("couleur", max_length=7, default=COLOUR)
    # A PNG that `crm.forms.brands` drew anew from what was sent.
    logo = models.BinaryField("logo", blank=True, default=b"")

    class Meta:
        verbose_name = "logo et couleur"
        verbose_name_plural = "logos et couleurs"

    def __str__(self):
        return f"Logo et couleur, {self.territory}"

    @classmethod
    def of(cls, territory):
        """The brand of the territory, or that of the house, not saved."""
        return cls.objects.filter(territory=territory).first() or cls(territory=territory)

    @property
    def picture(self):
        """The bytes of the logo, or None."""
        return bytes(self.logo) or None
