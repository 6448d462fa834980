from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from crm.templatetags.french import plural
from funding import digest

NO_MAIL = "Cette installation n’envoie pas de courriel\u00a0: EMAIL_HOST n’est pas défini."


class Command(BaseCommand):
    help = (
        "Mail to each officer and manager what the catalogue changed and what closes soon, at most "
        "once a week; --dry-run sends nothing. Says how many, never whom."
    )

    def add_arguments(self, parser):
        parser.add_argument("--dry-run", action="store_true", help="send and note nothing")

    def handle(self, *args, dry_run, verbosity, **options):
        if not settings.SENDS_MAIL:
            if not dry_run:
                raise CommandError(f"{NO_MAIL} Rien n’est envoyé ni noté.")
            self.stderr.write(NO_MAIL)
        counts = digest.send_all(dry_run=dry_run, show=self.show if verbosity > 1 else None)
        sent = plural(
            counts.sent,
            "résumé à envoyer,résumés à envoyer" if dry_run else "résumé envoyé,résumés envoyés",
        )
        nothing = plural(counts.nothing_new, "personne,personnes")
        self.stdout.write(f"{sent}, rien de neuf pour {nothing}.")
        if counts.failed:
            failed = plural(counts.failed, "envoi refusé,envois refusés")
            raise CommandError(f"{failed} par le serveur de courriel, à reprendre.")

    def show(self, message):
        """The text of a mail, without its recipient."""
        self.stdout.write(f"{message.subject}\n\n{message.body}")
