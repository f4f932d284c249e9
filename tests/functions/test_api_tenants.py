"""Every route of the API: who may call it, and that nobody reaches another's things."""

import re

import pytest

from functions.api.handler import lambda_handler, resolver
from functions.api.openapi import PATH
from mailtide.domain.organisation import Scope
from tests.functions.tenants import Api, Tenant, furnish
from tests.http import Client

NEEDED = {
    (route.method, route.openapi_path): Scope(route.security[0]["key"][0])
    for route in resolver._static_routes + resolver._dynamic_routes
    if route.security
}
ROUTES = sorted(
    (route.method, route.openapi_path)
    for route in resolver._static_routes + resolver._dynamic_routes
    if route.openapi_path != PATH
)
BODIES: dict[str, dict[str, object]] = {
    "/api/campaigns": {
        "name": "x",
        "list_ids": ["l"],
        "template_id": "t",
        "identity_id": "i",
    },
    "/api/contacts": {"email": "bob@example.com"},
    "/api/templates/{template_id}": {"name": "x", "subject": "x", "html": "<p>x</p>"},
    "/api/lists/{list_id}": {"name": "x"},
    "/api/identities/{identity_id}": {
        "name": "x",
        "from_name": "x",
        "from_address": "x@example.com",
        "bounce_domain": "b.example.com",
    },
}
BELOW = {Scope.READ: None, Scope.SEND: Scope.READ, Scope.ADMIN: Scope.SEND}


def body(method: str, path: str) -> dict[str, object] | None:
    return None if method in ("GET", "DELETE") else BODIES.get(path, {})


def test_every_route_names_its_scope() -> None:
    assert set(NEEDED) == set(ROUTES)
    assert all(scope is not Scope.READ for (method, _), scope in NEEDED.items() if method != "GET")


def test_every_route_wants_a_key(world: Api) -> None:
    stranger = Client(lambda_handler)
    for method, path in ROUTES:
        answer = stranger.call(method, path, body(method, path))
        assert (answer.status, answer.code) == (401, "unauthenticated"), path


def test_every_route_refuses_the_next_smaller_scope(world: Api) -> None:
    for (method, path), needed in NEEDED.items():
        smaller = BELOW[needed]
        if smaller is not None:
            answer = world.acme.clients[smaller].call(method, path, full_body(method, path))
            assert (answer.status, answer.code) == (403, "forbidden_scope"), (method, path)


def full_body(method: str, path: str) -> dict[str, object] | None:
    bodies: dict[str, dict[str, object]] = {
        "/api/identities": BODIES["/api/identities/{identity_id}"],
        "/api/keys": {"name": "x", "scopes": ["read"]},
        "/api/lists": {"name": "x"},
        "/api/sending-ips": {
            "tag": "x",
            "transport": {"host": "h", "port": 587, "tls": "none"},
        },
        "/api/sources": {"name": "x"},
        "/api/suppressions": {"email": "x@example.com"},
        "/api/templates": {"name": "x", "subject": "x", "html": "x"},
    }
    return bodies.get(path) or body(method, path) if method in ("POST", "PATCH", "PUT") else None


def test_every_id_of_another_organisation_is_not_found(world: Api) -> None:
    ids = furnish(world.acme)
    walked = 0
    for method, path in ROUTES:
        if "{" not in path:
            continue
        answer = world.other.call(method, path.format(**ids), body(method, path))
        assert (answer.status, answer.code) == (404, "not_found"), (method, path, answer.text)
        walked += 1
    assert walked == len([path for _, path in ROUTES if "{" in path])
    assert still_there(world.acme, ids)


@pytest.mark.parametrize("text", ["zebra", "ABC", "-", "ü"])
def test_what_is_no_id_at_all_is_not_found(acme: Tenant, text: str) -> None:
    walked = {path: method for method, path in ROUTES if path.endswith("}")}
    for path, method in walked.items():
        named = re.sub(r"{\w+}", text, path)
        answer = acme.call(method, named, full_body(method, path))
        assert (answer.status, answer.code) == (404, "not_found"), (method, named, answer.text)


def still_there(owner: Tenant, ids: dict[str, str]) -> bool:
    """Say whether the owner's things are as they were made."""
    paths = [path for method, path in ROUTES if method == "GET" and "{" in path]
    answers = [owner.call("GET", path.format(**ids)) for path in paths]
    return all(answer.status == 200 for answer in answers)


def test_no_listing_shows_another_organisations_things(world: Api) -> None:
    furnish(world.acme)
    for method, path in ROUTES:
        if method == "GET" and "{" not in path and path != "/api/keys":
            mine = world.acme.call("GET", path).json["data"]
            others = world.other.call("GET", path).json["data"]
            assert (len(mine), others) == (1, []), path


def test_a_campaign_cannot_name_another_organisations_things(world: Api) -> None:
    ids = furnish(world.acme)
    answer = world.other.call(
        "POST",
        "/api/campaigns",
        {
            "name": "Theft",
            "list_ids": [ids["list_id"]],
            "template_id": ids["template_id"],
            "identity_id": ids["identity_id"],
        },
    )
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert [error["at"] for error in answer.json["errors"]] == [
        "body.list_ids.0",
        "body.template_id",
        "body.identity_id",
    ]


def test_another_organisations_contact_cannot_be_put_on_a_list(world: Api) -> None:
    ids = furnish(world.acme)
    list_id = world.other.make("/api/lists", {"name": "Mine"}, "list_id")
    answer = world.other.call("PUT", f"/api/lists/{list_id}/members/{ids['contact_id']}")
    assert answer.status == 404


def test_a_cursor_of_another_organisation_is_refused(world: Api) -> None:
    for number in range(3):
        world.acme.make("/api/contacts", {"email": f"{number}@example.com"})
    page = world.acme.call("GET", "/api/contacts", query={"limit": "1"}).json
    answer = world.other.call("GET", "/api/contacts", query={"after": page["next"]})
    assert answer.code == "invalid_cursor"


def test_the_description_needs_no_key() -> None:
    answer = Client(lambda_handler).call("GET", "/api/openapi.json")
    assert answer.status == 200
    assert answer.json["openapi"].startswith("3.1")
    assert {path for _, path in ROUTES} <= set(answer.json["paths"])
