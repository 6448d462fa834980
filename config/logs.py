"""What the server writes in its logs: no address that holds a secret, whatever refused it."""

import logging
import re

SECRET = re.compile(r"[\w-]{40,}")  # as `secrets.token_urlsafe(32)` writes one


class WithoutSecrets(logging.Filter):
    """Hides the secret of a personal link: who reads the logs could answer in its owner’s place."""

    def filter(self, record):
        if isinstance(record.args, tuple):
            record.args = tuple(
                SECRET.sub("…", arg) if isinstance(arg, str) else arg for arg in record.args
            )
        return True
