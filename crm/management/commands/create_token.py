import datetime

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from crm.forms.settings import LONGEST_DAYS
from crm.models import SCOPES, PartnerToken, Territory
from crm.models.tokens import LIFETIME_DAYS


class Command(BaseCommand):
    help = "Create a partner’s API token and print its secret, which is stored nowhere."

    def add_arguments(self, parser):
        parser.add_argument("--partner", required=True, metavar="NAME")
        parser.add_argument("--territory", required=True, metavar="CODE", help="e.g. ti-7611")
        parser.add_argument("--scope", action="append", required=True, choices=SCOPES)
        parser.add_argument("--days", type=int, default=LIFETIME_DAYS)

    def handle(self, *args, partner, territory, scope, days, **options):
        if not 1 <= days <= LONGEST_DAYS:
            raise CommandError(f"--days va de 1 à {LONGEST_DAYS}.")
        if not 0 < len(partner.strip()) <= 120:
            raise CommandError("--partner compte de 1 à 120 caractères.")
        # An identifier is used again from a period to the next: the latest is meant.
        chosen = Territory.objects.filter(code=territory).order_by("-period").first()
        if chosen is None:
            raise CommandError(f"Aucun territoire n’a l’identifiant «\u00a0{territory}\u00a0».")
        token, secret = PartnerToken.objects.issue(
            partner=partner.strip(),
            territory=chosen,
            scopes=set(scope),
            expires_at=timezone.now() + datetime.timedelta(days=days),
        )
        self.stderr.write(
            f"Jeton pour {token.partner}, territoire {chosen.name}, "
            f"portées {', '.join(token.scopes)}, "
            f"valable jusqu’au {timezone.localtime(token.expires_at):%d/%m/%Y}. "
            "Il ne sera plus montré\u00a0:"
        )
        self.stdout.write(secret)
