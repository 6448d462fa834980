from django.core.management.base import BaseCommand, CommandError

from crm import cards_mail
from crm.templatetags.french import plural

NO_MAIL = "Cette installation n’envoie pas de courriel\u00a0: EMAIL_HOST n’est pas défini."


class Command(BaseCommand):
    help = (
        "Mail to each member of a pair the points that wait for them, three at most, with a "
        "personal link; at most once a week. --dry-run sends nothing. Says how many, never whom."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="send and note nothing")

    def handle(self, *args, dry_run, verbosity, **options):
        if not cards_mail.is_possible():
            if not dry_run:
                raise CommandError(f"{NO_MAIL} Rien n’est envoyé ni noté.")
            self.stderr.write(NO_MAIL)
        counts = cards_mail.send_all(dry_run=dry_run, show=self.show if verbosity > 1 else None)
        sent = plural(
            counts.sent,
            "courriel à envoyer,courriels à envoyer"
            if dry_run
            else "courriel envoyé,courriels envoyés",
        )
        nothing = plural(counts.nothing_waits, "personne,personnes")
        self.stdout.write(f"{sent}, rien n’attend {nothing}.")
        if counts.failed:
            failed = plural(counts.failed, "envoi refusé,envois refusés")
            raise CommandError(f"{failed} par le serveur de courriel, à reprendre.")

    def show(self, message):
        """The text of a mail, without its recipient."""
        self.stdout.write(f"{message.subject}\n\n{message.body}")
