from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.core.validators import validate_email
from django.db import transaction

from crm.models import Membership, Role, Territory, User
from crm.reference_data import PERIOD


class Command(BaseCommand):
    help = "Give a person a role in a territory, creating their account: the first manager of one."

    def add_arguments(self, parser):
        parser.add_argument("email", type=str.lower)
        parser.add_argument("--territory", required=True)
        parser.add_argument("--period", default=PERIOD)
        parser.add_argument("--role", choices=Role.values, default=Role.MANAGER)

    @transaction.atomic
    def handle(self, *args, email, territory, period, role, **options):
        try:
            validate_email(email)
        except ValidationError as error:
            raise CommandError(f"« {email} » n’est pas une adresse électronique.") from error
        chosen = Territory.objects.filter(code=territory, period=period).first()
        if chosen is None:
            raise CommandError(f"Aucun territoire « {territory} » pour la période {period}.")
        user = User.objects.filter(email=email).first()
        if user is None:
            user = User.objects.create_user(email)
        Membership.objects.update_or_create(
            user=user, territory=chosen, defaults={"role": Role(role)}
        )
        self.stdout.write(f"{email} : {Role(role).label}, {chosen.name}.")
        if not user.has_usable_password():
            self.stdout.write(f"Pour ouvrir le compte : manage.py changepassword {email}")
