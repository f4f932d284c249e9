"""Previews of templates through the API: for a contact or a sample, and clear when they fail."""

from email import message_from_string
from typing import Any

import pytest

from tests.functions.tenants import Api, Tenant, furnish


def template(owner: Tenant, **parts: Any) -> str:
    given = {"name": "T", "subject": "Hi {{ contact.name }}", "html": "<p>{{ contact.x }}</p>"}
    made = owner.make("/api/templates", {**given, **parts}, "template_id")
    return f"/api/templates/{made}/preview"


def test_a_preview_for_a_contact_of_ones_own(acme: Tenant) -> None:
    contact = {"email": "ann@example.com", "attributes": {"name": "Ann", "x": "1 < 2"}}
    contact_id = acme.make("/api/contacts", contact, "contact_id")
    shown = acme.make(template(acme), {"contact_id": contact_id})
    assert shown["subject"] == "Hi Ann"
    assert shown["html"].startswith("<p>1 &lt; 2</p>")
    assert shown["text"] == "1 < 2\n"
    assert message_from_string(shown["source"])["To"] == "ann@example.com"
    assert shown["size"] == len(shown["source"].encode())
    assert [warning["at"] for warning in shown["warnings"]] == ["html:1:1"]


def test_a_preview_for_a_sample(acme: Tenant) -> None:
    ids = furnish(acme)
    sample = {"email": "Bob@example.org", "attributes": {"name": "Bob"}}
    path = template(acme)
    shown = acme.make(path, {"contact": sample, "identity_id": ids["identity_id"]})
    assert shown["subject"] == "Hi Bob"
    assert message_from_string(shown["source"])["From"] == '"Acme" <news@acme.example>'
    assert acme.make(path, {})["subject"] == "Hi"


def test_a_template_that_fails_for_the_contact_is_a_clear_problem(acme: Tenant) -> None:
    path = template(acme, html="<p>\n{{ 1 | divided_by: contact.x }}</p>")
    answer = acme.call("POST", path, {"contact": {"attributes": {"x": 0}}})
    assert (answer.status, answer.code) == (400, "template_error")
    assert answer.json["errors"][0]["at"] == "html:2:1"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"contact_id": "none"}, 404, "not_found"),
        ({"identity_id": "none"}, 404, "not_found"),
        ({"contact_id": "c", "contact": {}}, 400, "invalid_request"),
        ({"contact": {"email": "no address"}}, 400, "invalid_address"),
        ({"contact": {"attributes": {"x": "y" * 9000}}}, 400, "invalid_request"),
    ],
)
def test_what_a_preview_cannot_be_made_of(
    acme: Tenant, body: dict[str, Any], status: int, code: str
) -> None:
    answer = acme.call("POST", template(acme), body)
    assert (answer.status, answer.code) == (status, code)


def test_nothing_of_another_organisation_is_shown(world: Api) -> None:
    theirs = furnish(world.other)
    path = template(world.acme)
    for body in ({"contact_id": theirs["contact_id"]}, {"identity_id": theirs["identity_id"]}):
        assert world.acme.call("POST", path, body).status == 404
    stolen = f"/api/templates/{theirs['template_id']}/preview"
    assert world.acme.call("POST", stolen, {}).status == 404
