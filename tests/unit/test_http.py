"""The frame of the HTTP API: who is let in, what a bad request gets, how pages go on."""

import json
from datetime import timedelta
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import Response

from mailtide import key_memory
from mailtide.bodies import BODY_LIMIT
from mailtide.domain.organisation import ApiKey, Scope, key_hash
from mailtide.domain.page import Page
from mailtide.errors import ConflictError, MailtideError, PermanentError, RetryableError
from mailtide.http import (
    After,
    Api,
    Body,
    Id,
    Limit,
    Listing,
    caller,
    listing,
    no_content,
    position,
    scoped,
)
from tests.frame import NOW, World, text_of
from tests.http import Answer, Client

KEYS = {scope: text_of("acme", scope) for scope in Scope}


class Thing(Body):
    name: str
    size: float = 1


class Shown(Body):
    name: str


ERRORS: dict[str, Exception] = {
    "conflict": ConflictError("not now"),
    "retry": RetryableError("later"),
    "permanent": PermanentError("never"),
    "bug": ZeroDivisionError("secret words"),
    "ours": MailtideError("?"),
}


def routes(api: Api) -> Api:
    @api.get("/api/things", **scoped(Scope.READ))
    def list_things(limit: Limit = 2, after: After = None) -> Listing[Shown]:
        start = int(position("acme/things", after) or 0)
        names = [f"thing {n}" for n in range(start, min(start + limit, 5))]
        end = start + limit
        page = Page(names, str(end) if end < 5 else None)
        return listing("acme/things", page, lambda name: Shown(name=name))

    @api.post("/api/things", status_code=201, **scoped(Scope.SEND))
    def create_thing(thing: Thing) -> Shown:
        return Shown(name=f"{caller(api).org_id}/{thing.name}")

    @api.delete("/api/things/<thing_id>", **scoped(Scope.ADMIN))
    def delete_thing(thing_id: Id) -> Response[None]:
        return no_content()

    @api.get("/api/errors/<name>", **scoped(Scope.READ))
    def fail(name: Id) -> Shown:
        raise ERRORS[name]

    @api.get("/api/wrong", **scoped(Scope.READ))
    def answer_wrongly() -> Shown:
        return {"nothing": "fits"}  # type: ignore[return-value]

    @api.get("/api/open")
    def open_to_all() -> Shown:
        return Shown(name="open")

    return api


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def api(world: World) -> Api:
    return routes(world.resolver())


def call(api: Api, method: str, path: str, *args: Any, key: str | None, **more: Any) -> Answer:
    return Client(api.resolve, key).call(method, path, *args, **more)


def test_a_key_with_the_scope_is_let_in(api: Api) -> None:
    answer = call(api, "POST", "/api/things", {"name": "box"}, key=KEYS[Scope.SEND])
    assert (answer.status, answer.json) == (201, {"name": "acme/box"})


def test_a_public_path_needs_no_key(api: Api) -> None:
    assert call(api, "GET", "/api/open", key=None).json == {"name": "open"}


@pytest.mark.parametrize("key", [None, "mt_unknown", "sk_other"])
def test_without_a_known_key_nobody_is_let_in(api: Api, key: str | None) -> None:
    answer = call(api, "POST", "/api/things", {"wrong": 1}, key=key)
    assert (answer.status, answer.code) == (401, "unauthenticated")
    assert answer.headers["WWW-Authenticate"].startswith("Bearer")


def test_an_unknown_path_without_a_key_is_not_even_unknown(api: Api) -> None:
    assert call(api, "GET", "/api/nothing", key=None).status == 401


@pytest.mark.parametrize(
    ("held", "method", "path", "status"),
    [
        (Scope.READ, "GET", "/api/things", 200),
        (Scope.READ, "POST", "/api/things", 403),
        (Scope.SEND, "GET", "/api/things", 200),
        (Scope.SEND, "DELETE", "/api/things/1", 403),
        (Scope.ADMIN, "POST", "/api/things", 201),
        (Scope.ADMIN, "DELETE", "/api/things/1", 204),
    ],
)
def test_a_scope_holds_the_smaller_ones(
    api: Api, held: Scope, method: str, path: str, status: int
) -> None:
    body = {"name": "box"} if method == "POST" else None
    answer = call(api, method, path, body, key=KEYS[held])
    assert answer.status == status
    assert answer.code == ("forbidden_scope" if status == 403 else "")


def test_a_revoked_key_works_for_ten_seconds_at_most(api: Api, world: World) -> None:
    key = KEYS[Scope.READ]
    assert call(api, "GET", "/api/things", key=key).status == 200
    known = world.keys[key_hash(key)]
    world.keys[key_hash(key)] = ApiKey(
        known.org_id, known.key_id, known.key_hash, known.name, known.scopes, NOW, revoked_at=NOW
    )
    world.now = NOW + timedelta(seconds=10)
    assert call(api, "GET", "/api/things", key=key).status == 401


def test_a_known_key_is_not_looked_up_again_within_ten_seconds(api: Api, world: World) -> None:
    for _ in range(3):
        call(api, "GET", "/api/things", key=KEYS[Scope.READ])
    assert world.asked == 1


def test_the_memory_of_keys_is_bounded(
    api: Api, world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(key_memory, "KEY_CACHE_SIZE", 1)
    for scope in (Scope.READ, Scope.SEND, Scope.READ):
        assert call(api, "GET", "/api/things", key=KEYS[scope]).status == 200
    assert world.asked == 3


def test_a_problem_says_what_who_and_which_request(api: Api) -> None:
    answer = call(api, "GET", "/api/errors/conflict", key=KEYS[Scope.READ])
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json == {
        "type": "urn:mailtide:problem:conflict_state",
        "title": "Conflict",
        "status": 409,
        "detail": "not now",
        "code": "conflict_state",
        "request_id": "request-1",
    }


@pytest.mark.parametrize(
    ("name", "status", "code"),
    [
        ("retry", 503, "unavailable"),
        ("permanent", 500, "internal"),
        ("ours", 500, "internal"),
        ("bug", 500, "internal"),
    ],
)
def test_our_own_trouble_is_a_problem_without_its_words(
    api: Api, name: str, status: int, code: str
) -> None:
    answer = call(api, "GET", f"/api/errors/{name}", key=KEYS[Scope.READ])
    assert (answer.status, answer.code) == (status, code)
    assert "secret" not in answer.text


def test_unavailable_says_when_to_try_again(api: Api) -> None:
    answer = call(api, "GET", "/api/errors/retry", key=KEYS[Scope.READ])
    assert int(answer.headers["Retry-After"]) > 0


def test_a_failing_key_store_is_a_problem_too() -> None:
    def broken(_: str) -> ApiKey | None:
        raise KeyError("table")

    answer = call(World().resolver(broken), "GET", "/api/things", key=KEYS[Scope.READ])
    assert (answer.status, answer.code) == (500, "internal")


def test_an_answer_that_breaks_our_own_schema_is_our_trouble(api: Api) -> None:
    assert call(api, "GET", "/api/wrong", key=KEYS[Scope.READ]).code == "internal"


@pytest.mark.parametrize(("method", "path"), [("GET", "/api/nothing"), ("PUT", "/api/things")])
def test_an_unknown_route_is_not_found(api: Api, method: str, path: str) -> None:
    answer = call(api, method, path, key=KEYS[Scope.ADMIN])
    assert (answer.status, answer.code) == (404, "not_found")


@pytest.mark.parametrize(
    "body",
    [
        '{"name": ',
        '{"name": "\\ud800"}',
        "[]",
        '[{"name": "box"}]',
        '"box"',
        '{"name": NaN}',
        "[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_what_is_not_a_json_object_is_invalid_json(api: Api, body: str | bytes) -> None:
    answer = call(api, "POST", "/api/things", key=KEYS[Scope.SEND], raw=body)
    assert (answer.status, answer.code) == (400, "invalid_json")


@pytest.mark.parametrize(
    ("body", "at"),
    [
        ({}, "body.name"),
        ({"name": "box", "nmae": "typo"}, "body.nmae"),
        ({"name": 5}, "body.name"),
    ],
)
def test_a_wrong_field_is_named(api: Api, body: dict[str, Any], at: str) -> None:
    answer = call(api, "POST", "/api/things", body, key=KEYS[Scope.SEND])
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert [error["at"] for error in answer.json["errors"]] == [at]


def test_of_countless_mistakes_the_first_are_named_in_a_short_answer(api: Api) -> None:
    body = {"name": "box", **{f"{number}" + "é" * 1000: 1 for number in range(150)}}
    answer = call(api, "POST", "/api/things", body, key=KEYS[Scope.SEND])
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert len(answer.json["errors"]) == 50
    assert len(answer.text) < 100_000


def test_a_missing_body_is_an_invalid_request(api: Api) -> None:
    assert call(api, "POST", "/api/things", key=KEYS[Scope.SEND]).code == "invalid_request"


def test_a_form_is_refused_with_the_right_content_type_named(api: Api) -> None:
    answer = call(
        api,
        "POST",
        "/api/things",
        key=KEYS[Scope.SEND],
        raw="name=box",
        content_type="application/x-www-form-urlencoded",
    )
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert "application/json" in answer.json["detail"]


@pytest.mark.parametrize(("extra", "status"), [(0, 201), (1, 413)])
def test_a_body_over_the_limit_is_refused(api: Api, extra: int, status: int) -> None:
    frame = len(json.dumps({"name": ""}))
    body = {"name": "x" * (BODY_LIMIT - frame + extra)}
    answer = call(api, "POST", "/api/things", body, key=KEYS[Scope.SEND])
    assert answer.status == status
    assert answer.code == ("payload_too_large" if extra else "")


def test_a_listing_is_read_page_by_page(api: Api) -> None:
    seen: list[str] = []
    query: dict[str, str] = {}
    while True:
        page = call(api, "GET", "/api/things", key=KEYS[Scope.READ], query=query).json
        seen += [thing["name"] for thing in page["data"]]
        if not page["has_more"]:
            break
        query = {"after": page["next"]}
    assert page["next"] is None
    assert seen == [f"thing {n}" for n in range(5)]


def test_a_parameter_that_nobody_knows_is_refused(api: Api) -> None:
    query = {"limit": "1", "limmit": "2", "x" * 500: "3"}
    answer = call(api, "GET", "/api/things", key=KEYS[Scope.READ], query=query)
    assert (answer.status, answer.code) == (400, "invalid_request")
    places = [error["at"] for error in answer.json["errors"]]
    assert places == ["query.limmit", "query." + "x" * 194]


@pytest.mark.parametrize("after", ["", "x", "AAAA", "é", "a" * 400])
def test_a_cursor_of_nobody_is_refused(api: Api, after: str) -> None:
    answer = call(api, "GET", "/api/things", key=KEYS[Scope.READ], query={"after": after})
    assert (answer.status, answer.code) == (400, "invalid_cursor")


@pytest.mark.parametrize("limit", ["0", "101", "ten"])
def test_a_limit_out_of_bounds_is_refused(api: Api, limit: str) -> None:
    answer = call(api, "GET", "/api/things", key=KEYS[Scope.READ], query={"limit": limit})
    assert (answer.status, answer.code) == (400, "invalid_request")
