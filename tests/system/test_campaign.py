"""One campaign on the deployed template with its permissions enforced: wire to counters, and again.

About 300 contacts on two lists, two SMTP relays, receivers that repeat and shuffle their webhooks.
"""

import random
import time
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from cli.api import Api, ApiError
from local import laptop
from local.audit import Audit, audit, counters, mailed_wrongly
from local.books import unmailed
from local.demo import people
from local.demo.campaign import (
    Audience,
    Imported,
    add_sending_ips,
    import_people,
    start,
    suppress,
)
from local.deployed import Deployed
from local.laptop import Laptop, Options
from local.watch import Watch, until_quiet
from tests.system.recorder import Recorder, recording
from tests.system.replay import Replay

pytestmark = pytest.mark.system

VISIBILITY_SECONDS = 5
POISON = "this is no event"
QUEUES = ("Launch", "Sending", "Events", "Imports")
SCANNER = {"provider": "other", "mx": "mx.gateway.example", "scanner": True}
RECEIVERS: dict[str, Any] = {
    "seed": "system",
    "domains": dict.fromkeys(people.SCANNED, SCANNER),
    "delays": {
        "deliver": [0.05, 0.4],
        "retry": [1.0, 2.0],
        "machine": [0.05, 0.5],
        "human": [8.0, 10.0],  # before that a hit looks like a machine's
        "next": [1.0, 2.0],
    },
    "behaviour": {
        "chaos": 0.2,
        "rates": {
            "hard": 0.03,
            "soft": 0.02,
            "block": 0.02,
            "defer": 0.05,
            "relay_5xx": 0.01,
            "drop": 0.01,
            "complain": 0.03,
            "unsubscribe": 0.1,
        },
    },
}


@dataclass(frozen=True, slots=True)
class Life:
    """A campaign that is over."""

    machine: Laptop
    deployed: Deployed
    recorder: Recorder
    audience: Audience
    imports: list[Imported]
    campaign_id: str
    came_to_rest: bool
    found: Audit


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    with recording() as recorder:
        stack = {
            "visibility_seconds": VISIBILITY_SECONDS,
            "sender_concurrency": 3,
            "sender_timeout_seconds": 20,
            "function_timeout_seconds": 20,
            "environment": {"AWS_ENDPOINT_URL_SQS": recorder.url},
        }
        with laptop.running(Options(stack=stack, receivers=RECEIVERS)) as machine:
            recorder.upstream = machine.emulator.endpoint
            yield live(machine, recorder)


def live(machine: Laptop, recorder: Recorder) -> Life:
    """Let one campaign happen, with a poisoned event in the middle of it."""
    first = people.make(280, seed="system", bad=len(people.BAD), twice=6)
    second = people.overlapping(first, shared=60, strangers=30, seed="system")
    audience = Audience(first, second, first.addresses[:5])
    imports = [import_people(machine.api, name, f) for name, f in (("A", first), ("B", second))]
    suppress(machine.api, audience.suppressed)
    add_sending_ips(machine.api, machine.ways_out, daily_limit=1000)
    campaign_id = start(machine.api, [one.list_id for one in imports])
    events = machine.deployment.outputs["EventsQueue"]
    machine.emulator.client("sqs").send_message(QueueUrl=events, MessageBody=POISON)
    watch = Watch(machine.api, machine.receivers, campaign_id)
    people_count = len(audience.expected)
    quiet = until_quiet(watch.look, people_count, lambda _: None, deadline_seconds=300)
    found = audit(machine.api, machine.receivers, campaign_id)
    return Life(machine, Deployed(machine), recorder, audience, imports, campaign_id, quiet, found)


def test_request_without_a_key_is_told_to_bring_one(life: Life) -> None:
    with Api(life.machine.url, None) as nobody, pytest.raises(ApiError) as refused:
        nobody.get("/api/campaigns")
    assert (refused.value.status, refused.value.code) == (401, "unauthenticated")


def test_key_may_do_what_its_scope_says_and_no_more(life: Life) -> None:
    made = life.machine.api.post("/api/keys", {"name": "reader", "scopes": ["read"]})
    path = f"/api/campaigns/{life.campaign_id}"
    with Api(life.machine.url, made["key"]) as reader:
        assert reader.get(path)["campaign_id"] == life.campaign_id
        with pytest.raises(ApiError) as refused:
            reader.post(f"{path}/cancel")
    assert (refused.value.status, refused.value.code) == (403, "forbidden_scope")


def test_unsigned_webhook_is_refused(life: Life) -> None:
    answer = httpx.post(life.machine.source["webhook_url"], json={"events": []}, timeout=60)
    assert (answer.status_code, answer.json()["code"]) == (401, "signature_missing")


def test_every_row_is_imported_merged_or_reported(life: Life) -> None:
    assert [one.problems for one in life.imports] == [[], []]
    assert life.imports[0].job["refused"] == len(people.BAD)


def test_everybody_is_mailed_once_and_nobody_suppressed(life: Life) -> None:
    expected, suppressed = life.audience.expected, life.audience.suppressed
    found = mailed_wrongly(
        life.machine.api,
        life.campaign_id,
        life.found.ledger,
        expected=expected,
        suppressed=suppressed,
    )
    assert found == []


def test_books_agree(life: Life) -> None:
    assert life.found.problems == []
    assert life.came_to_rest


def test_both_ips_carried_mail_and_every_fate_happened(life: Life) -> None:
    messages = life.found.ledger["messages"]
    assert {message["ip_tag"] for message in messages} == {"mta1", "mta2"}
    fates = {message["fate"] for message in messages}
    assert fates == {"delivered", "deferred", "hard", "soft", "blocked"}
    assert life.found.ledger["refusals"]
    for what in ("opens", "clicks", "complained_at", "unsubscribed_at"):
        assert any(message[what] for message in messages)


def test_message_whose_connection_was_lost_is_settled_by_its_events(life: Life) -> None:
    """What stays in doubt is what had left behind it and was lost with the connection."""
    path = f"/api/campaigns/{life.campaign_id}/insights"
    counts = life.machine.api.get(path)["totals"]["counts"]
    lost = unmailed(life.found.ledger, life.audience.expected)
    assert counts["in_doubt"] == len(lost)


def test_poisoned_event_ends_in_the_dead_letters_and_nothing_else_does(life: Life) -> None:
    sqs, outputs = life.machine.emulator.client("sqs"), life.machine.deployment.outputs
    letters: list[dict[str, Any]] = []
    deadline = time.monotonic() + 60
    while not letters and time.monotonic() < deadline:
        dead = sqs.receive_message(QueueUrl=outputs["EventsDeadLetters"], WaitTimeSeconds=2)
        letters = dead.get("Messages", [])
    assert [letter["Body"] for letter in letters] == [POISON]
    assert {name: life.deployed.waiting(f"{name}DeadLetters") for name in QUEUES} == {
        "Launch": 0,
        "Sending": 0,
        "Events": 1,
        "Imports": 0,
    }


def test_everything_again_in_other_order_and_cuts_changes_no_number_and_sends_nothing(
    life: Life,
) -> None:
    before = state(life)
    again = Replay(life.machine, life.deployed, life.recorder.sent, random.Random("again"))  # noqa: S311
    counts = again.queues() | {"webhooks": again.webhooks(), "records": again.streams()}
    assert min(counts.values()) > 0, counts
    assert not any(again.release().values())
    settle(life)
    assert state(life) == before


def test_erased_person_is_nowhere_and_no_number_moves(life: Life) -> None:
    api = life.machine.api
    message = next(m for m in life.found.ledger["messages"] if m["opens"] and m["clicks"])
    address = message["recipient"]
    [sent] = api.all("/api/messages", recipient=address)
    before = counters(api, life.campaign_id)
    assert address in everything(life)
    api.call("DELETE", f"/api/contacts/{sent['contact_id']}")
    settle(life)
    assert address not in everything(life)
    assert counters(api, life.campaign_id) == before


def state(life: Life) -> dict[str, Any]:
    """Return all that a replay could change: rows, counters, and what the receivers got."""
    machine, rows = life.machine, life.deployed.event_rows()
    return {
        "rows": sorted(rows, key=lambda row: (row["message_id"]["S"], row["event_key"]["S"])),
        "counters": counters(machine.api, life.campaign_id),
        "suppressions": list(machine.api.all("/api/suppressions", limit="100")),
        "ledger": machine.receivers.ledger(life.campaign_id),
    }


def settle(life: Life) -> None:
    """Wait until the queue `events` is empty and the streams' readers had time to run."""
    deadline = time.monotonic() + 60
    while life.deployed.waiting("EventsQueue"):
        assert time.monotonic() < deadline, "the queue does not drain"
        time.sleep(0.5)
    time.sleep(3)


def everything(life: Life) -> str:
    """Return all items, objects and log lines of the deployed stack as one text."""
    machine = life.machine
    return "".join(map(repr, [*items(machine), *objects(machine), *lines(machine)])).lower()


def items(machine: Laptop) -> Iterator[Any]:
    dynamodb = machine.emulator.client("dynamodb")
    for table in dynamodb.list_tables()["TableNames"]:
        yield from dynamodb.get_paginator("scan").paginate(TableName=table)


def objects(machine: Laptop) -> Iterator[bytes]:
    s3, bucket = machine.emulator.client("s3"), machine.deployment.outputs["DataBucket"]
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        for one in page.get("Contents", []):
            yield s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()


def lines(machine: Laptop) -> Iterator[Any]:
    logs = machine.emulator.client("logs")
    for group in logs.describe_log_groups()["logGroups"]:
        yield from logs.get_paginator("filter_log_events").paginate(
            logGroupName=group["logGroupName"]
        )
