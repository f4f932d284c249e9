"""Every call that makes or starts something, carried out again: nothing is there twice.

A first attempt does its work, but its answer is not kept, as when its process dies between the two.
Once it must be over, the same call is carried out again.
"""

from collections.abc import Iterator
from datetime import datetime
from itertools import count
from typing import Any

import pytest

from mailtide import app
from mailtide.app import ip_desks
from mailtide.domain.idempotency import TAKEN_OVER_AFTER
from mailtide.errors import RetryableError
from mailtide.store.idempotency import IdempotencyKeys
from mailtide.store.lists import Lists
from tests.functions.gateway import RESOLVERS, front
from tests.functions.snapshot import held
from tests.functions.tenants import Tenant, furnish
from tests.functions.walk import OPERATIONS
from tests.http import Answer, Client

POSTS = [operation for operation in OPERATIONS if operation.method == "POST"]
numbers = count()


@pytest.fixture(autouse=True)
def names(shared_stack: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the example's relay have an address; nothing is looked up for real."""
    app.api.cache_clear()
    monkeypatch.setattr(ip_desks, "_resolve", lambda host: ["93.184.216.34"])
    yield
    app.api.cache_clear()


def busy(*_: Any) -> Any:
    raise RetryableError("busy")


def later() -> datetime:
    return app.now() + TAKEN_OVER_AFTER


def named(answer: Answer) -> dict[str, Any]:
    """Return the ids and the secrets that an answer shows."""
    return {
        name: value
        for name, value in answer.json.items()
        if name.endswith("_id") or name in ("key", "signature_key", "hook_token")
    }


def test_a_call_that_died_before_its_answer_was_kept_makes_nothing_twice(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = furnish(acme)
    made = 0
    for operation in POSTS:
        headers = {"Idempotency-Key": f"call-{next(numbers)}"}
        client = Client(front, acme.admin.key, headers)
        before = set(held())
        with monkeypatch.context() as death:
            death.setattr(IdempotencyKeys, "answer", busy)
            first = operation.call(client, ids)
        between = set(held())
        with monkeypatch.context() as afterwards:
            afterwards.setattr(RESOLVERS["api"], "_now", later)
            again = operation.call(client, ids)
        assert set(held()) == between, str(operation)
        if first.status == 201:
            assert (again.status, named(again)) == (201, named(first)), (str(operation), again.text)
            made += between != before
    assert made > 10


def test_a_call_that_was_told_to_come_again_makes_nothing_twice(
    acme: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The write went through, its reply was lost: the caller hears 503 and tries again."""
    create = Lists.create

    def lose_the_reply(lists: Lists, *args: Any) -> None:
        create(lists, *args)
        raise RetryableError("no reply")

    client = Client(front, acme.admin.key, {"Idempotency-Key": "once"})
    with monkeypatch.context() as trouble:
        trouble.setattr(Lists, "create", lose_the_reply)
        assert client.call("POST", "/api/lists", {"name": "News"}).status == 503
    made = client.call("POST", "/api/lists", {"name": "News"})
    assert made.status == 201
    shown = acme.call("GET", "/api/lists").json["data"]
    assert [one["list_id"] for one in shown] == [made.json["list_id"]]


def test_calls_of_other_keys_make_things_of_their_own(acme: Tenant) -> None:
    body = {"name": "News"}
    made = {
        Client(front, acme.admin.key, {"Idempotency-Key": key})
        .call("POST", "/api/lists", body)
        .json["list_id"]
        for key in ("one", "two", "three")
    }
    assert len(made) == 3
