"""Identities over the API: what a change keeps, what is refused, and one that is gone."""

from typing import Any

import pytest

from mailtide import app
from mailtide.store import dynamo
from tests.functions.tenants import Tenant, furnish


def test_an_identity_keeps_what_a_change_leaves_out(acme: Tenant) -> None:
    identity_id = furnish(acme)["identity_id"]
    path = f"/api/identities/{identity_id}"
    changed = acme.call("PATCH", path, {"reply_to": "us@ACME.example", "from_name": ""}).json
    assert changed["reply_to"] == "us@acme.example"
    assert changed["from_name"] == ""
    assert changed["from_address"] == "news@acme.example"
    assert acme.call("PATCH", path, {"reply_to": None}).json["reply_to"] is None
    assert acme.call("DELETE", path).status == 204


def test_an_identity_has_domains_selectors_and_a_pool(acme: Tenant) -> None:
    path = f"/api/identities/{furnish(acme)['identity_id']}"
    fields = {
        "reply_domain": "Reply.ACME.example.",
        "tracking_domain": "go.acme.example",
        "dkim_selectors": ["S1", "s1", "s2"],
    }
    acme.call("PATCH", path, fields)
    shown = acme.call("GET", path).json
    assert shown["reply_domain"] == "reply.acme.example"
    assert shown["tracking_domain"] == "go.acme.example"
    assert shown["dkim_selectors"] == ["s1", "s2"]
    assert shown["pool_id"] is None


def test_an_identity_is_replaced_as_a_whole(acme: Tenant) -> None:
    path = f"/api/identities/{furnish(acme)['identity_id']}"
    acme.call("PATCH", path, {"tracking_domain": "go.acme.example"})
    whole = {
        "name": "Other",
        "from_name": "Acme",
        "from_address": "other@acme.example",
        "bounce_domain": "b.acme.example",
    }
    answer = acme.call("PUT", path, whole)
    assert (answer.status, answer.json["name"]) == (200, "Other")
    assert answer.json["tracking_domain"] is None
    assert acme.call("GET", path).json == answer.json
    assert acme.call("PUT", "/api/identities/nobody", whole).status == 404


def test_a_change_of_an_identity_that_is_deleted_meanwhile_is_a_404(acme: Tenant) -> None:
    identity_id = furnish(acme)["identity_id"]
    path = f"/api/identities/{identity_id}"

    def delete_first(**_: Any) -> None:
        app.api().identities.delete(acme.org_id, identity_id)

    events = dynamo.client().meta.events
    events.register("before-call.dynamodb.UpdateItem", delete_first)
    try:
        answer = acme.call("PATCH", path, {"name": "Other"})
    finally:
        events.unregister("before-call.dynamodb.UpdateItem", delete_first)
    assert (answer.status, answer.code) == (404, "not_found")
    assert acme.call("GET", path).status == 404


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("from_address", "news", "invalid_address"),
        ("reply_to", "us@", "invalid_address"),
        ("bounce_domain", "no domain", "invalid_request"),
        ("bounce_domain", "localhost", "invalid_request"),
        ("bounce_domain", f"{'a.' * 100}example", "invalid_request"),
        ("reply_domain", "reply", "invalid_request"),
        ("reply_domain", "", "invalid_request"),
        ("tracking_domain", "https://go.acme.example", "invalid_request"),
        ("tracking_domain", "go.acme.example:8443", "invalid_request"),
        ("dkim_selectors", ["s1", "no selector"], "invalid_request"),
        ("dkim_selectors", None, "invalid_request"),
        ("from_name", "Acme\r\nBcc: all@example.com", "invalid_request"),
        ("stream", "spam", "invalid_request"),
        ("name", None, "invalid_request"),
    ],
)
def test_an_identity_that_cannot_send_is_refused(
    acme: Tenant, field: str, value: str | None, code: str
) -> None:
    path = f"/api/identities/{furnish(acme)['identity_id']}"
    answer = acme.call("PATCH", path, {field: value})
    assert (answer.status, answer.code) == (400, code)
    assert answer.json["errors"][0]["at"] == f"body.{field}"
