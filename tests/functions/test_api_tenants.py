"""Every operation of the description: who may call it, and that nobody reaches another's things.

The walks find new operations by themselves. What they need: examples of each body (`example` in the
shapes) with each of its ids in one of them, and one thing for each id (`tenants.furnish`). That an
example with ids of one's own is taken is shown by `test_api_examples`.
"""

import re
from datetime import datetime, timedelta

import pytest

from mailtide import app
from mailtide.domain.organisation import Scope
from tests.functions import snapshot
from tests.functions.gateway import RESOLVERS, front, function_of
from tests.functions.tenants import Api, Tenant, furnish
from tests.functions.walk import BELOW, NAMES, OPERATIONS, named_in, with_anothers
from tests.http import Client

NOBODYS = dict.fromkeys(NAMES, "zebra")
WITH_IDS = [operation for operation in OPERATIONS if operation.names]
WITHOUT_IDS = [one for one in OPERATIONS if one.method == "GET" and not one.names]
LISTINGS = [
    one
    for one in WITHOUT_IDS
    if "after" in {parameter["name"] for parameter in one.described.get("parameters", ())}
]
# Each item of these has an answer of its own, and another's id is one that is not found.
PER_ITEM = {"POST /api/lists/{list_id}/members"}


def test_every_route_is_described_with_its_scope() -> None:
    described = {(one.method, one.path) for one in OPERATIONS}
    for resolver in RESOLVERS.values():
        routes = resolver._static_routes + resolver._dynamic_routes
        hidden = {"/api/openapi.json"}
        named = {(one.method, one.openapi_path) for one in routes} - {
            ("GET", one) for one in hidden
        }
        assert named <= described


def test_every_operation_needs_the_scope_that_the_manual_says() -> None:
    """The other walks believe what a route says of its scope; this one does not."""
    needed = {str(one): one.scope for one in OPERATIONS}
    admin = re.compile(
        r"\w+ /api/(keys|sources|sending-ips/relay-settings)\b"
        r"|(POST|PUT|PATCH|DELETE) /api/(identities|sending-ips|pools|organisation)\b"
        r"|DELETE /api/suppressions/"
    )
    assert needed == {
        name: Scope.ADMIN
        if admin.match(name)
        else Scope.READ
        if name.startswith("GET ")
        else Scope.SEND
        for name in needed
    }


@pytest.mark.parametrize("key", [None, "mt_unknown"])
def test_every_operation_wants_a_key(world: Api, key: str | None) -> None:
    for operation in OPERATIONS:
        answer = operation.call(Client(front, key), NOBODYS)
        assert (answer.status, answer.code) == (401, "unauthenticated"), str(operation)


def test_every_operation_refuses_the_next_smaller_scope(acme: Tenant) -> None:
    ids = furnish(acme)
    before = snapshot.everything()
    for operation in OPERATIONS:
        smaller = BELOW[operation.scope]
        if smaller is not None:
            answer = operation.call(acme.clients[smaller], ids)
            assert (answer.status, answer.code) == (403, "forbidden_scope"), str(operation)
    assert snapshot.everything() == before


def test_every_id_has_something_that_stands_for_it(acme: Tenant) -> None:
    ids = furnish(acme)
    assert [name for name in NAMES if name not in ids] == [], "furnish one of them"


def test_every_id_of_another_organisation_is_not_found(world: Api) -> None:
    mine, theirs = furnish(world.other), furnish(world.acme)
    before = snapshot.everything()
    for operation in WITH_IDS:
        for name in operation.names:
            answer = operation.call(world.other.admin, mine | {name: theirs[name]})
            assert (answer.status, answer.code) == (404, "not_found"), (str(operation), name)
            assert_nothing_leaks(answer.text, {k: v for k, v in theirs.items() if k != name})
    assert snapshot.everything() == before


def test_no_body_can_name_another_organisations_things(world: Api) -> None:
    mine, theirs = furnish(world.other), furnish(world.acme)
    before = snapshot.everything()
    for operation in OPERATIONS:
        tried = set()
        for example in operation.body_examples:
            for name, body in with_anothers(example, mine, theirs):
                answer = operation.send(world.other.admin, mine, body)
                refused = {200} if str(operation) in PER_ITEM else {400, 404}
                assert answer.status in refused, (str(operation), name, answer.text)
                tried.add(name)
        untried = named_in(operation.body_schema) - tried
        assert not untried, f"{operation}: no example has {untried}"
    assert snapshot.everything() == before


def test_no_listing_shows_another_organisations_things(world: Api) -> None:
    theirs = furnish(world.acme)
    for operation in WITHOUT_IDS:
        answer = operation.call(world.other.admin, {})
        assert answer.status == 200, (str(operation), answer.text)
        assert_nothing_leaks(answer.text, theirs)
        assert world.acme.org_id not in answer.text, str(operation)


def assert_nothing_leaks(text: str, ids: dict[str, str]) -> None:
    assert [name for name, id_ in ids.items() if id_ in text] == []


@pytest.mark.parametrize("text", ["zebra", "ABC", "-", "ü", "%00", "a b"])
def test_what_is_no_id_at_all_is_not_found(acme: Tenant, text: str) -> None:
    ids, nothing = furnish(acme), dict.fromkeys(NAMES, text)
    for operation in WITH_IDS:
        answer = operation.send(acme.admin, nothing, operation.bodies(ids)[0])
        assert (answer.status, answer.code) == (404, "not_found"), (str(operation), answer.text)


def test_every_cursor_is_of_one_listing_of_one_organisation(world: Api) -> None:
    furnish(world.acme)
    furnish(world.acme, "bob")
    cursors = {}
    for operation in LISTINGS:
        page = world.acme.call("GET", operation.path, query=operation.query | {"limit": "1"})
        if page.json.get("next"):
            cursors[operation.path] = page.json["next"]
    assert {"/api/lists", "/api/keys"} <= set(cursors)
    for operation in LISTINGS:
        for path, after in cursors.items():
            query = operation.query | {"after": after}
            other = world.other.call("GET", operation.path, query=query)
            assert other.code == "invalid_cursor", (str(operation), path)
            own = world.acme.call("GET", operation.path, query=query)
            assert own.code == ("" if path == operation.path else "invalid_cursor")


@pytest.mark.parametrize("function", RESOLVERS)
def test_a_read_key_that_has_just_read_still_writes_nothing(acme: Tenant, function: str) -> None:
    """What a function remembers of a key is the key's own scopes, whoever called before."""
    ids = furnish(acme)
    reader, admin = acme.clients[Scope.READ], acme.clients[Scope.ADMIN]
    own = [one for one in OPERATIONS if function_of(one.named(NOBODYS)) == function]
    writing = [one for one in own if one.method != "GET"]
    reading = next(one for one in own if one.method == "GET" and one.scope is Scope.READ)
    assert reading.call(admin, ids).status == 200
    for operation in writing:
        assert reading.call(reader, ids).status == 200
        assert operation.call(reader, ids).code == "forbidden_scope", str(operation)


@pytest.mark.parametrize("function", RESOLVERS)
def test_a_revoked_key_stops_within_ten_seconds(
    acme: Tenant, function: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    at = app.now()

    def clock() -> datetime:
        return at

    keys = RESOLVERS[function]._keys
    monkeypatch.setattr(keys, "_now", clock)
    ids = furnish(acme)
    made = acme.make("/api/keys", {"name": "Leaver", "scopes": ["admin"]})
    leaver = Client(front, made["key"])
    own = [one for one in OPERATIONS if function_of(one.named(NOBODYS)) == function]
    reading = next(one for one in own if one.method == "GET")
    assert reading.call(leaver, ids).status == 200
    assert acme.call("DELETE", f"/api/keys/{made['key_id']}").status == 204
    at += timedelta(seconds=10)
    for operation in own:
        answer = operation.call(leaver, ids)
        assert (answer.status, answer.code) == (401, "unauthenticated"), str(operation)


def test_the_description_needs_no_key() -> None:
    answer = Client(front).call("GET", "/api/openapi.json")
    assert answer.status == 200
    assert {one.path for one in OPERATIONS} <= set(answer.json["paths"])
