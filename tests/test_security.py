"""What protects everyone: headers, no inline script or style, no start with a known key."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings
from django.contrib.staticfiles import finders

from tests.crm.factories import UserFactory

ROOT = Path(__file__).parent.parent
MAILERS = "django.core.mail.backends"
INLINE = re.compile(
    r"""\sstyle=["']|\son[a-z]+=["']|<script(?![^>]*\bsrc=)|<style|hx-on|javascript:"""
)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_inline_script_or_style_and_no_third_party(path):
    text = path.read_text(encoding="utf-8")
    assert not INLINE.search(text)
    assert not re.search(r"""(src|href)=["']https?://""", text)


def test_every_static_file_that_a_page_names_exists():
    """Where it is served, one that is missing is a 500 and not a 404."""
    named = {
        name
        for path in TEMPLATES
        for name in re.findall(r"""{% static ["']([^"']+)""", path.read_text(encoding="utf-8"))
    }
    assert named
    assert not {name for name in named if finders.find(name) is None}


def test_every_page_carries_a_strict_policy(officer_client):
    response = officer_client.get("/")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"


def in_production(*command, **environment):
    """Another process, with only these words to say how it should run."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("EMAIL_")}
    return subprocess.run(
        [sys.executable, *(command or ("manage.py", "check"))],
        cwd=ROOT,
        env={
            **kept,
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "DEBUG": "0",
            "SECRET_KEY": "a-key-of-fifty-characters-or-more-for-one-process-only",
            "ALLOWED_HOSTS": "etabli.example",
            **environment,
        },
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    "key", ["", "short", settings.DEMO_KEY], ids=["none", "short", "demonstration"]
)
def test_it_does_not_start_in_production_without_a_key_of_its_own(key):
    started = in_production(SECRET_KEY=key)
    assert started.returncode != 0
    assert "SECRET_KEY" in started.stderr


def test_mail_goes_to_no_log_in_production():
    started = in_production(EMAIL_BACKEND=f"{MAILERS}.console.EmailBackend")
    assert started.returncode != 0
    assert "EMAIL_BACKEND" in started.stderr


@pytest.mark.parametrize(
    ("environment", "backend", "sends"),
    [
        ({"DEBUG": "0"}, "dummy", False),
        ({"DEBUG": "0", "EMAIL_HOST": "smtp.example"}, "smtp", True),
        ({"DEBUG": "1"}, "console", True),
        ({"DEBUG": "1", "EMAIL_HOST": "smtp.example"}, "smtp", True),
    ],
)
def test_mail_is_printed_only_by_a_demonstration(environment, backend, sends):
    asked = "from django.conf import settings as s; print(s.EMAIL_BACKEND, s.SENDS_MAIL)"
    said = in_production("-c", asked, **environment).stdout.split()
    assert said == [f"{MAILERS}.{backend}.EmailBackend", str(sends)]


def test_signing_in_ignores_case_and_refuses_with_a_sentence(client, territory):
    user = UserFactory(territory=territory, email="ines@etabli.test")
    user.set_password("un-mot-de-passe-long")
    user.save()
    data = {"username": "INES@etabli.test", "password": "faux"}
    refused = client.post("/connexion/", data)
    assert refused.status_code == 422
    assert "ne correspond pas" in refused.content.decode()
    accepted = client.post("/connexion/", {**data, "password": "un-mot-de-passe-long"})
    assert accepted.status_code == 302


def sign_in_as(client, email, password="faux", **where):
    return client.post("/connexion/", {"username": email, "password": password}, **where)


@pytest.fixture
def closing_door(territory, settings):
    """Two accounts that can sign in, behind a door that closes."""
    settings.AXES_ENABLED = True
    for name in ("ines", "luc"):
        user = UserFactory(territory=territory, email=f"{name}@etabli.test")
        user.set_password("un-mot-de-passe-long")
        user.save()


def test_too_many_wrong_passwords_close_the_door_for_a_while(client, closing_door, capsys):
    statuses = [sign_in_as(client, "ines@etabli.test").status_code for _ in range(8)]
    assert statuses == [422] * 7 + [429]
    # Closed to the right password too: a refusal that gives way to it would protect nothing.
    assert sign_in_as(client, "ines@etabli.test", "un-mot-de-passe-long").status_code == 429
    assert "_auth_user_id" not in client.session
    assert "AXES" not in capsys.readouterr().err


def test_an_address_written_otherwise_is_the_same_door(client, closing_door):
    for email in ("ines@etabli.test", "INES@etabli.test", "Ines@Etabli.test ") * 3:
        last = sign_in_as(client, email).status_code
    assert last == 429


def test_the_door_closes_for_one_account_from_one_place(client, closing_door):
    for _ in range(9):
        sign_in_as(client, "ines@etabli.test")
    right = "un-mot-de-passe-long"
    assert sign_in_as(client, "luc@etabli.test", right).status_code == 302
    elsewhere = {"REMOTE_ADDR": "203.0.113.9"}
    assert sign_in_as(client, "ines@etabli.test", right, **elsewhere).status_code == 302
