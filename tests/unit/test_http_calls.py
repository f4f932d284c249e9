"""Idempotency keys and rate limits over HTTP: what a repeat gets, and what every answer says."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from mailtide.domain.idempotency import KEPT_FOR, TAKEN_OVER_AFTER
from mailtide.domain.organisation import Scope
from mailtide.errors import ConflictError, RetryableError
from mailtide.http import Api, Body, scoped
from tests.frame import World, text_of
from tests.http import Answer, Client

LIMITS = ("RateLimit-Limit", "RateLimit-Remaining", "RateLimit-Reset")
PATH = "/api/things"


class Thing(Body):
    name: str


class Made(Body):
    number: int


class Works:
    """Counts what was carried out, and may go wrong."""

    def __init__(self) -> None:
        self.done = 0
        self.fails: Exception | None = None
        self.meanwhile: Callable[[], Any] | None = None

    def work(self) -> Made:
        self.done += 1
        if self.meanwhile:
            meanwhile, self.meanwhile = self.meanwhile, None
            meanwhile()
        if self.fails:
            raise self.fails
        return Made(number=self.done)


@pytest.fixture
def world() -> World:
    return World()


@pytest.fixture
def works() -> Works:
    return Works()


def process(world: World, works: Works) -> Api:
    """Return a process of the function."""
    api = world.resolver()

    @api.get(PATH, **scoped(Scope.READ))
    def look() -> Made:
        return works.work()

    @api.post(PATH, status_code=201, **scoped(Scope.SEND))
    def make(thing: Thing, dry_run: bool = False) -> Made:
        return works.work()

    @api.put(PATH, **scoped(Scope.SEND))
    def put(thing: Thing) -> Made:
        return works.work()

    @api.post("/api/secrets", **scoped(Scope.ADMIN))
    def secret() -> Made:
        return works.work()

    return api


@pytest.fixture
def api(world: World, works: Works) -> Api:
    return process(world, works)


def call(
    api: Api,
    key: str | None = "once",
    *,
    method: str = "POST",
    path: str = PATH,
    name: str = "box",
    caller: str = "",
    **more: Any,
) -> Answer:
    headers = {} if key is None else {"Idempotency-Key": key}
    client = Client(api.resolve, caller or text_of("acme", Scope.SEND), headers)
    return client.call(method, path, {"name": name} if path == PATH else None, **more)


def test_a_repeat_is_answered_alike_and_carried_out_once(api: Api, works: Works) -> None:
    first, again = call(api), call(api)
    assert (again.status, again.text) == (first.status, first.text) == (201, '{"number":1}')
    assert again.headers["Content-Type"] == first.headers["Content-Type"]
    assert "Idempotent-Replayed" not in first.headers
    assert again.headers["Idempotent-Replayed"] == "true"
    assert works.done == 1


def test_another_process_knows_the_call_too(world: World, works: Works) -> None:
    assert call(process(world, works)).json == call(process(world, works)).json
    assert works.done == 1


def test_without_a_key_every_call_is_carried_out(api: Api, works: Works) -> None:
    assert [call(api, None).json["number"] for _ in range(2)] == [1, 2]


def test_after_a_day_the_key_is_free(api: Api, world: World, works: Works) -> None:
    call(api)
    world.now += KEPT_FOR
    assert call(api, name="other").json == {"number": 2}


@pytest.mark.parametrize(
    "other",
    [{"name": "other"}, {"method": "PUT"}, {"query": {"dry_run": "true"}}],
)
def test_a_key_means_one_call(api: Api, works: Works, other: dict[str, Any]) -> None:
    call(api)
    answer = call(api, **other)
    assert (answer.status, answer.code) == (409, "idempotency_key_reused")
    assert works.done == 1


def test_another_key_of_the_organisation_gets_the_answer(api: Api, works: Works) -> None:
    first = call(api)
    assert call(api, caller=text_of("acme", Scope.ADMIN)).text == first.text
    assert works.done == 1


def test_a_smaller_scope_gets_no_answer_of_a_larger_one(api: Api, works: Works) -> None:
    admin = text_of("acme", Scope.ADMIN)
    assert call(api, path="/api/secrets", caller=admin).status == 200
    assert call(api, path="/api/secrets").code == "forbidden_scope"
    assert call(api, caller=text_of("acme", Scope.READ)).code == "forbidden_scope"


def test_who_was_refused_for_its_scope_has_claimed_nothing(api: Api, works: Works) -> None:
    assert call(api, caller=text_of("acme", Scope.READ)).status == 403
    assert call(api).status == 201


def test_another_organisation_has_keys_of_its_own(api: Api, works: Works) -> None:
    call(api)
    answer = call(api, caller=text_of("globex", Scope.SEND), name="theirs")
    assert answer.json == {"number": 2}


def test_of_two_calls_at_once_one_is_carried_out(world: World, works: Works) -> None:
    answers: list[Answer] = []
    works.meanwhile = lambda: answers.append(call(process(world, works)))
    assert call(process(world, works)).json == {"number": 1}
    assert (answers[0].status, answers[0].code) == (409, "idempotency_in_progress")
    assert int(answers[0].headers["Retry-After"]) >= 1
    assert works.done == 1


def busy(*_: Any) -> Any:
    raise RetryableError("busy")


class Death(BaseException):
    """Ends a process where it stands."""


def test_a_death_before_the_answer_frees_the_key_after_the_time_out(
    world: World, works: Works
) -> None:
    def die() -> None:
        raise Death

    works.meanwhile = die
    with pytest.raises(Death):
        call(process(world, works))
    api = process(world, works)
    assert call(api).code == "idempotency_in_progress"
    world.now += TAKEN_OVER_AFTER
    assert call(api).json == {"number": 2}
    assert call(api).json == {"number": 2}


@pytest.mark.parametrize(
    ("fails", "status"), [(RetryableError("later"), 503), (ZeroDivisionError("bug"), 500)]
)
def test_trouble_of_ours_is_not_kept(api: Api, works: Works, fails: Exception, status: int) -> None:
    works.fails = fails
    assert call(api).status == status
    works.fails = None
    assert call(api).json == {"number": 2}


def test_a_refusal_by_the_state_of_things_is_kept(api: Api, works: Works) -> None:
    works.fails = ConflictError("not now")
    first = call(api)
    works.fails = None
    again = call(api)
    assert (again.status, again.text) == (first.status, first.text)
    assert again.code == "conflict_state"
    assert call(api, "a new key").status == 400
    assert call(api, "a-new-key").status == 201


def test_a_body_that_is_refused_claims_nothing(api: Api) -> None:
    headers = {"Idempotency-Key": "once"}
    client = Client(api.resolve, text_of("acme", Scope.SEND), headers)
    assert client.call("POST", PATH, {"nmae": "box"}).code == "invalid_request"
    assert call(api).status == 201


def test_a_get_needs_no_key_and_keeps_nothing(api: Api, world: World) -> None:
    assert [call(api, method="GET").json["number"] for _ in range(2)] == [1, 2]
    assert world.calls.records == {}


@pytest.mark.parametrize("key", ["", " ", "k" * 257, "kéy", "a b"])
def test_what_cannot_be_a_key_is_refused(api: Api, works: Works, key: str) -> None:
    answer = call(api, key)
    assert (answer.status, answer.code) == (400, "invalid_idempotency_key")
    assert works.done == 0


def test_a_table_in_trouble_carries_nothing_out(
    api: Api, world: World, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(world.calls), "claim", busy)
    assert call(api).status == 503
    assert works.done == 0


def test_an_answer_that_cannot_be_kept_is_given_all_the_same(
    world: World, works: Works, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(type(world.calls), "answer", busy)
    api = process(world, works)
    assert call(api).json == {"number": 1}
    assert call(api).code == "idempotency_in_progress"


def test_every_answer_says_what_is_left(world: World, works: Works) -> None:
    world.limit = 3
    world.now += timedelta(seconds=20)
    api = process(world, works)
    answers = [
        call(api, None),
        call(api, "not a key"),
        Client(api.resolve, text_of("acme", Scope.READ)).call("GET", "/api/nothing"),
    ]
    assert [answer.status for answer in answers] == [201, 400, 404]
    said = [[answer.headers[name] for name in LIMITS] for answer in answers]
    assert said == [["3", "2", "40"], ["3", "1", "40"], ["3", "0", "40"]]


def test_one_too_many_is_refused_until_the_next_minute(world: World, works: Works) -> None:
    world.limit = 1
    api = process(world, works)
    assert call(api, None).status == 201
    refused = call(api)
    assert (refused.status, refused.code) == (429, "rate_limited")
    assert refused.headers["Retry-After"] == refused.headers["RateLimit-Reset"] == "60"
    assert works.done == 1
    assert call(api, None, caller=text_of("globex", Scope.SEND)).status == 201
    world.now += timedelta(seconds=60)
    assert call(api).status == 201  # the refused call has claimed nothing


def test_callers_that_nobody_knows_are_not_counted(world: World, works: Works) -> None:
    world.limit = 1
    api = process(world, works)
    for caller in ("mt_unknown", "nothing"):
        answer = call(api, caller=caller)
        assert answer.status == 401
        assert not set(LIMITS) & set(answer.headers)
    assert world.counts.requests == {}


def test_without_a_limit_no_answer_speaks_of_one(api: Api) -> None:
    assert not set(LIMITS) & set(call(api).headers)
