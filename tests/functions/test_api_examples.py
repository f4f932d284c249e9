"""The description's examples are true: each is sent for real and answered as it is described."""

from collections.abc import Callable, Iterator, Mapping
from datetime import timedelta
from itertools import count

import pytest

from mailtide import app
from mailtide.app import ip_desks
from tests.aws import BUCKET, Stack
from tests.functions.tenants import Tenant, furnish, make_transactional, tenant
from tests.functions.walk import OPERATIONS, Operation, misfits

pytestmark = pytest.mark.thorough

Ids = Mapping[str, str]
Prepare = Callable[[Stack, Tenant, Ids], None]
numbers = count()
EXAMPLES = [
    (operation, number)
    for operation in OPERATIONS
    if operation.method != "GET"
    for number in range(len(operation.body_examples))
]


@pytest.fixture(autouse=True)
def names(shared_stack: Stack, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Let the example's relay have an address; nothing is looked up for real."""
    app.api.cache_clear()
    monkeypatch.setattr(ip_desks, "_resolve", lambda host: ["93.184.216.34"])
    yield
    app.api.cache_clear()


def upload(stack: Stack, owner: Tenant, ids: Ids) -> None:
    key = f"imports/{owner.org_id}/{ids['import_id']}/source.csv"
    stack.s3.put_object(Bucket=BUCKET, Key=key, Body=b"email\nbob@example.com\n")


def upload_suppressions(stack: Stack, owner: Tenant, ids: Ids) -> None:
    key = f"imports/{owner.org_id}/{ids['job_id']}/source.csv"
    stack.s3.put_object(Bucket=BUCKET, Key=key, Body=b"email\nbob@example.com\n")


def move(*verbs: str) -> Prepare:
    def prepare(stack: Stack, owner: Tenant, ids: Ids) -> None:
        for verb in verbs:
            assert owner.call("POST", f"/api/campaigns/{ids['campaign_id']}/{verb}").status < 300

    return prepare


def schedule(stack: Stack, owner: Tenant, ids: Ids) -> None:
    body = {"send_at": (app.now() + timedelta(days=1)).isoformat()}
    assert owner.call("POST", f"/api/campaigns/{ids['campaign_id']}/schedule", body).status == 200


def let_messages_leave(stack: Stack, owner: Tenant, ids: Ids) -> None:
    make_transactional(owner, ids)


# What has to be so before an example can work; others work on what `furnish` makes.
BEFORE: dict[str, Prepare] = {
    "POST /api/messages": let_messages_leave,
    "POST /api/imports/{import_id}/start": upload,
    "POST /api/campaigns/{campaign_id}/unschedule": schedule,
    "POST /api/suppressions/imports/{job_id}/start": upload_suppressions,
    "POST /api/campaigns/{campaign_id}/pause": move("start"),
    "POST /api/campaigns/{campaign_id}/resume": move("start", "pause"),
    "POST /api/campaigns/{campaign_id}/cancel": move("start"),
}


@pytest.mark.parametrize(("operation", "number"), EXAMPLES, ids=str)
def test_an_example_is_answered_as_described(
    shared_stack: Stack, operation: Operation, number: int
) -> None:
    owner = tenant(f"example{next(numbers)}")
    ids = furnish(owner)
    if str(operation) in BEFORE:
        BEFORE[str(operation)](shared_stack, owner, ids)
    answer = operation.send(owner.admin, ids, operation.bodies(ids)[number])
    assert answer.status == operation.status, answer.text
    assert misfits(operation, answer) == []


def test_everything_is_shown_as_described(acme: Tenant) -> None:
    ids = furnish(acme)
    for operation in OPERATIONS:
        if operation.method == "GET":
            answer = operation.call(acme.admin, ids)
            assert answer.status == operation.status, (str(operation), answer.text)
            assert misfits(operation, answer) == [], str(operation)


def test_every_body_has_an_example() -> None:
    bodies = [one for one in OPERATIONS if "requestBody" in one.described]
    assert [str(one) for one in bodies if one.body_examples == [None]] == []


def test_every_operation_says_what_it_does_and_where_it_belongs() -> None:
    for operation in OPERATIONS:
        described = operation.described
        assert described["summary"]
        assert described["description"]
        assert described["tags"]
        assert described["security"], str(operation)
    names = [operation.described["operationId"] for operation in OPERATIONS]
    assert len(set(names)) == len(names)
