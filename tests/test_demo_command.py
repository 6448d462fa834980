"""Where the demonstration may be loaded, and where it may not."""

from io import StringIO

import pytest
from django.core.management import CommandError, call_command

from config import demo
from crm.models import Organisation, Role, User
from tests.crm.factories import OrganisationFactory, TerritoryFactory

pytestmark = pytest.mark.django_db


def test_refused_outside_debug(settings):
    settings.DEBUG = False
    TerritoryFactory(code=demo.CODE)
    for options in ([], ["--empty"]):
        with pytest.raises(CommandError, match="hors du mode DEBUG"):
            call_command("load_demo", *options)
    assert not User.objects.exists()


def test_empty_gives_the_accounts_and_no_fiction(settings):
    settings.DEBUG = True
    territory = TerritoryFactory(code=demo.CODE)
    out = StringIO()
    call_command("load_demo", "--empty", stdout=out)
    call_command("load_demo", "--empty", stdout=out)
    territory.refresh_from_db()
    roles = set(territory.memberships.values_list("role", flat=True))
    assert roles == set(Role)
    assert User.objects.get(email="agent@etabli.test").check_password("etabli-demo")
    assert not territory.is_demo
    assert not Organisation.objects.exists()
    assert out.getvalue().count("etabli-demo") == 10


def test_fiction_does_not_join_real_work(settings):
    settings.DEBUG = True
    company = OrganisationFactory(territory=TerritoryFactory(code=demo.CODE))
    out = StringIO()
    call_command("load_demo", stdout=out)
    assert "contient déjà des organisations" in out.getvalue()
    assert list(Organisation.objects.all()) == [company]


def test_without_the_reference_files_it_says_what_to_run(settings):
    settings.DEBUG = True
    with pytest.raises(CommandError, match="load_reference"):
        call_command("load_demo")
