import io

import pytest
from django.core.management import call_command

from crm.api.docs import sections
from crm.models import SCOPES, Role


@pytest.fixture
def schema(client, db):
    response = client.get("/api/v1/schema/", headers={"Accept": "application/vnd.oai.openapi+json"})
    assert response.status_code == 200
    return response.json()


def test_the_schema_is_valid_and_without_a_warning(db):
    call_command("spectacular", validate=True, fail_on_warn=True, stdout=io.StringIO())


def test_each_list_declares_its_scope_and_its_refusals(schema):
    for path, item in schema["paths"].items():
        operation = item["get"]
        assert operation["x-scope"] in SCOPES, path
        assert {"200", "401", "403", "429"} <= set(operation["responses"]), path
        assert "400" in operation["responses"] or "404" in operation["responses"], path


def test_the_schema_speaks_french_and_names_no_row(schema, territory):
    for item in schema["paths"].values():
        for parameter in item["get"]["parameters"]:
            assert territory.name not in str(parameter)
            assert "A list" not in parameter.get("description", "")


def test_anyone_reads_how_the_api_works(client, db):
    response = client.get("/api/v1/docs/")
    page = response.content.decode()
    assert response.status_code == 200
    for section in sections():
        assert f'id="{section["anchor"]}"' in page
    assert "Authorization: Token" in page
    assert "http://testserver/api/v1/projects/" in page
    assert "<script>" not in page
    assert 'style="' not in page


def test_the_page_documents_every_filter_and_every_field(client, schema):
    page = client.get("/api/v1/docs/").content.decode()
    for path, item in schema["paths"].items():
        if "{" not in path:
            for parameter in item["get"]["parameters"]:
                assert f"<code>{parameter['name']}</code>" in page or parameter["name"] == "format"
    for field in ("planned_investment", "applications[].amount_granted", "sites[].siret"):
        assert f"<code>{field}</code>" in page


def test_the_root_leads_to_the_page(client, db):
    assert client.get("/api/v1/").headers["Location"] == "/api/v1/docs/"


def test_someone_signed_in_reads_it_too(sign_in):
    assert sign_in(Role.READER).get("/api/v1/docs/").status_code == 200
