"""Suppressions through the API: by hand, by address and reason, back with an audit."""

from typing import Any

import pytest

from mailtide.domain.organisation import Scope
from tests.functions.tenants import Api, Tenant


def suppress(owner: Tenant, email: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = owner.make("/api/suppressions", {"email": email, **more})
    return made


def listed(owner: Tenant, **query: str) -> list[str]:
    data = owner.call("GET", "/api/suppressions", query=query).json["data"]
    return sorted(one["email"] for one in data)


def test_a_suppression_shows_its_scope(acme: Tenant) -> None:
    suppress(acme, "ann@example.com", note="asked")
    both = suppress(acme, "ann@example.com", scope="all", reason="manual")
    shown = [(one["reason"], one["scope"]) for one in both["reasons"]]
    assert sorted(shown) == [("manual", "all"), ("manual", "marketing")]
    unsubscribed = suppress(acme, "bob@example.com", reason="unsubscribe")
    assert [one["scope"] for one in unsubscribed["reasons"]] == ["marketing"]


def test_a_scope_that_the_reason_has_not_is_refused(acme: Tenant) -> None:
    body = {"email": "ann@example.com", "reason": "unsubscribe", "scope": "all"}
    answer = acme.call("POST", "/api/suppressions", body)
    assert (answer.status, answer.code) == (400, "suppression_scope")
    assert listed(acme) == []


@pytest.mark.parametrize("reason", ["manual_all", "bored", ""])
def test_a_reason_that_there_is_not_is_refused(acme: Tenant, reason: str) -> None:
    answer = acme.call("POST", "/api/suppressions", {"email": "a@b.com", "reason": reason})
    assert (answer.status, answer.code) == (400, "invalid_request")
    answer = acme.call("GET", "/api/suppressions", query={"reason": reason})
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_suppressions_are_found_by_address_and_by_reason(world: Api) -> None:
    suppress(world.acme, "ann@example.com")
    suppress(world.acme, "bob@example.com", reason="complaint")
    suppress(world.other, "cid@example.com")
    assert listed(world.acme, email="ANN@example.com") == ["ann@example.com"]
    assert listed(world.acme, email="cid@example.com") == []
    assert listed(world.acme, reason="complaint") == ["bob@example.com"]
    assert listed(world.acme, reason="hard_bounce") == []
    answer = world.acme.call("GET", "/api/suppressions", query={"email": "nobody"})
    assert (answer.status, answer.code) == (400, "invalid_address")


def test_a_filtered_listing_is_paged(acme: Tenant) -> None:
    for number in range(5):
        suppress(acme, f"{number}@example.com", reason="complaint" if number % 2 else "manual")
    found, after = [], None
    while True:
        query = {"reason": "manual", "limit": "1"} | ({"after": after} if after else {})
        page = acme.call("GET", "/api/suppressions", query=query).json
        found += [one["email"] for one in page["data"]]
        after = page["next"]
        if not page["has_more"]:
            break
    assert sorted(found) == ["0@example.com", "2@example.com", "4@example.com"]


def test_a_lifting_stands_in_the_audit_with_who_and_why(world: Api) -> None:
    made = suppress(world.acme, "ann@example.com", scope="all", note="asked")
    path = f"/api/suppressions/{made['contact_id']}"
    assert world.other.call("DELETE", path).status == 404
    answer = world.acme.call("DELETE", path, query={"note": "asked again"})
    assert answer.status == 204
    (entry,) = world.acme.call("GET", "/api/suppressions/audit").json["data"]
    since = made["reasons"][0]["at"]
    assert entry["reasons"] == [{"reason": "manual", "scope": "all", "since": since}]
    assert (entry["note"], entry["contact_id"]) == ("asked again", made["contact_id"])
    assert entry["key_id"] == f"{world.acme.org_id}{Scope.ADMIN}"
    assert "example.com" not in str(entry)
    assert world.other.call("GET", "/api/suppressions/audit").json["data"] == []
    assert world.acme.call("GET", path).status == 404
    assert listed(world.acme) == []
    assert suppress(world.acme, "ann@example.com")["reasons"][0]["scope"] == "marketing"
