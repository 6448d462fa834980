"""`python -m tests.bench`: how our code compares with the bare work it does, as ratios.

A ratio means the same on any machine; seconds do not. Each module beside this one has a
`measures()` that yields (sentence, ratio) on a database of its own, thrown away at the end.
"""

import importlib
import os
import pkgutil
import tempfile

import tests.bench


def main():
    with tempfile.TemporaryDirectory() as folder:
        os.environ["DATABASE_URL"] = f"sqlite:///{folder}/bench.sqlite3"
        os.environ["DJANGO_SETTINGS_MODULE"] = "tests.settings"
        set_up()
        from django.core.management import call_command

        for module in sorted(info.name for info in pkgutil.iter_modules(tests.bench.__path__)):
            if module == "__main__":
                continue
            call_command("flush", interactive=False, verbosity=0)
            for sentence, ratio in importlib.import_module(f"tests.bench.{module}").measures():
                print(f"{module}: {sentence}: ×{ratio:.1f}", flush=True)
        from django.db import connections

        connections.close_all()


def set_up():
    import django

    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0)


if __name__ == "__main__":
    main()
