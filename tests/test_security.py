"""What protects everyone: headers, no inline script or style, no start with a known key."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from django.conf import settings

from tests.crm.factories import UserFactory

ROOT = Path(__file__).parent.parent
INLINE = re.compile(
    r"""\sstyle=["']|\son[a-z]+=["']|<script(?![^>]*\bsrc=)|<style|hx-on|javascript:"""
)
TEMPLATES = sorted((ROOT / "templates").rglob("*.html"))


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: str(path.relative_to(ROOT)))
def test_no_inline_script_or_style_and_no_third_party(path):
    text = path.read_text(encoding="utf-8")
    assert not INLINE.search(text)
    assert not re.search(r"""(src|href)=["']https?://""", text)


def test_every_page_carries_a_strict_policy(officer_client):
    response = officer_client.get("/")
    policy = response.headers["Content-Security-Policy"]
    assert "default-src 'self'" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert response.headers["X-Frame-Options"] == "DENY"
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize(
    "key", ["", "short", settings.DEMO_KEY], ids=["none", "short", "demonstration"]
)
def test_it_does_not_start_in_production_without_a_key_of_its_own(key):
    environment = {
        **os.environ,
        "DJANGO_SETTINGS_MODULE": "config.settings",
        "DEBUG": "0",
        "SECRET_KEY": key,
        "ALLOWED_HOSTS": "etabli.example",
    }
    started = subprocess.run(
        [sys.executable, "manage.py", "check"],
        cwd=ROOT,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert started.returncode != 0
    assert "SECRET_KEY" in started.stderr


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


def test_too_many_wrong_passwords_close_the_door_for_a_while(client, territory, settings):
    settings.AXES_ENABLED = True
    UserFactory(territory=territory, email="ines@etabli.test")
    data = {"username": "ines@etabli.test", "password": "faux"}
    statuses = [client.post("/connexion/", data).status_code for _ in range(9)]
    assert statuses[0] == 422
    assert statuses[-1] == 429
