"""Segments over the API: both forms, mistakes with their places, who fits, and the count."""

from typing import Any

import pytest

from mailtide.flows.pointers import read_job
from tests.functions.tenants import Api, Tenant

GMAIL = {"field": "provider", "op": "is", "value": "gmail"}


def segment(acme: Tenant, **body: Any) -> Any:
    return acme.make("/api/segments", {"name": "Some", **body})


def test_a_segment_is_kept_and_shown_in_both_forms(acme: Tenant) -> None:
    made = segment(acme, text="provider is gmail or timezone missing")
    assert made["filter"] == {"or": [GMAIL, {"field": "timezone", "op": "missing"}]}
    assert made["text"] == 'provider is "gmail" or timezone missing'
    path = f"/api/segments/{made['segment_id']}"
    assert acme.call("GET", path).json == made
    assert acme.call("GET", "/api/segments").json["data"] == [made]
    changed = acme.call("PATCH", path, {"filter": GMAIL, "name": "Gmail"}).json
    assert changed == {**made, "name": "Gmail", "filter": GMAIL, "text": 'provider is "gmail"'}
    assert acme.call("PATCH", path, {}).json == changed
    assert acme.call("DELETE", path).status == 204
    assert acme.call("GET", path).status == 404


def deep(levels: int) -> dict[str, Any]:
    found: dict[str, Any] = GMAIL
    for _ in range(levels):
        found = {"not": found}
    return found


@pytest.mark.parametrize(
    ("body", "code", "at"),
    [
        ({}, "invalid_request", "body.filter"),
        ({"filter": GMAIL, "text": "email exists"}, "invalid_request", None),
        (
            {"filter": {"and": [GMAIL, {**GMAIL, "op": "<"}]}},
            "filter_error",
            "body.filter.and.1.op",
        ),
        ({"filter": deep(400)}, "filter_error", "body.filter" + ".not" * 10),
        ({"text": "email\nlike x"}, "filter_error", "body.text:2:1"),
        ({"text": "list is nobodys"}, "filter_error", "body.text"),
        ({"filter": {**GMAIL, "field": "list"}}, "filter_error", "body.filter"),
        ({"text": "x" * 20_001}, "invalid_request", "body.text"),
        ({"filter": "email exists"}, "invalid_request", "body.filter"),
    ],
)
def test_a_mistake_is_named_by_its_place_and_nothing_is_kept(
    acme: Tenant, body: dict[str, Any], code: str, at: str | None
) -> None:
    answer = acme.call("POST", "/api/segments", {"name": "Wrong", **body})
    assert (answer.status, answer.code) == (400, code)
    assert answer.json.get("errors", [{}])[0].get("at") == at
    assert acme.call("GET", "/api/segments").json["data"] == []


def test_who_fits_is_listed_page_by_page(acme: Tenant) -> None:
    for n in range(5):
        email = f"{n}@{'gmail.com' if n % 2 else 'example.com'}"
        acme.make("/api/contacts", {"email": email, "attributes": {"n": n}})
    made = segment(acme, text="provider is gmail and attributes.n >= 1")
    path = f"/api/segments/{made['segment_id']}/contacts"
    first = acme.call("GET", path, query={"limit": "1"}).json
    second = acme.call("GET", path, query={"limit": "1", "after": first["next"]}).json
    found = [one["email"] for page in (first, second) for one in page["data"]]
    assert sorted(found) == ["1@gmail.com", "3@gmail.com"]
    assert second["next"] is None


def test_a_count_is_a_job(world: Api) -> None:
    made = segment(world.acme, text="provider is gmail")
    answer = world.acme.call("POST", f"/api/segments/{made['segment_id']}/count")
    assert (answer.status, answer.json["kind"]) == (202, "segment_count")
    assert answer.json["task"] == {"segment_id": made["segment_id"], "filter": GMAIL}
    (pointer,) = world.pointers("jobs")
    assert read_job(pointer).job_id == answer.json["job_id"]
