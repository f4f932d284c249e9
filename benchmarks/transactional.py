"""Transactional: how long a message takes from the call to the relay, with and without a campaign.

The whole stack in the emulator: API, queue, function, SMTP to the receivers, who note the instant.
The same messages are sent three times, the middle time while a campaign runs whose sender may run
once at a time. What is compared is one run's 99th percentiles, so the emulator's own slowness is on
both sides; a campaign that shared queue, function or IP would hold messages up until it is done.
"""

import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from benchmarks.promise import Promise
from local import laptop
from local.demo import people
from local.demo.campaign import add_sending_ips, import_people, start
from local.laptop import Laptop, Options
from local.receivers_process import QUIET_RATES

CONTACTS = 3000  # of the campaign, which has to outlast the messages sent meanwhile
MESSAGES = 100
PAUSE_SECONDS = 0.15  # between calls
WAIT_SECONDS = 120.0  # for what was taken to arrive
BULK, PROMPT = "bulk", "prompt"
SEED = "transactional"
OPTIONS = Options(
    ip_tags=(BULK, PROMPT),
    stack={"visibility_seconds": 5, "sender_timeout_seconds": 20, "function_timeout_seconds": 20},
    receivers={
        "seed": SEED,
        # Nobody bounces: a reader who did once would be suppressed for the next round. And nothing
        # comes back before the end: here two cores would do it that the sending waits for, on AWS
        # each function has its own.
        "delays": {"deliver": [3600.0, 3600.0]},
        "behaviour": {"chaos": 0.0, "rates": QUIET_RATES},
    },
)
CONTENT = {"subject": "Your code", "html": "<p>Your code is {{ variables.code }}.</p>"}


@dataclass(frozen=True, slots=True)
class Round:
    """One series of messages."""

    group: str  # what the messages are counted under
    seconds: list[float]  # from call to hand-over, sorted

    @property
    def p99(self) -> float:
        """The 99th percentile."""
        return self.seconds[min(len(self.seconds) - 1, round(0.99 * len(self.seconds)))]

    @property
    def median(self) -> float:
        """The 50th percentile."""
        return self.seconds[len(self.seconds) // 2]


def run() -> Iterable[Promise]:
    """Send alone, beside a campaign, and alone again."""
    with laptop.running(OPTIONS) as machine:
        yield from _compared(machine)


def _compared(machine: Laptop) -> Iterable[Promise]:
    senders = {"FunctionName": "Mailtide-sender", "ReservedConcurrentExecutions": 1}
    machine.emulator.client("lambda").put_function_concurrency(**senders)
    by_tag = {way.tag: way for way in machine.ways_out}
    add_sending_ips(machine.api, [by_tag[BULK]], 1_000_000)
    identity_id = _transactional(machine, dict(by_tag[PROMPT].transport))
    file = people.make(CONTACTS, seed=SEED, bad=0, twice=0)
    imported = import_people(machine.api, "Everybody", file)
    _sent(machine, identity_id, 20)  # the functions are started
    before = _sent(machine, identity_id, MESSAGES)
    campaign_id = start(machine.api, [imported.list_id])
    _wait(lambda: _mailed(machine, campaign_id) > 0)
    first = _mailed(machine, campaign_id)
    beside = _sent(machine, identity_id, MESSAGES)
    bulk = machine.receivers.ledger(campaign_id)["messages"]
    machine.api.post(f"/api/campaigns/{campaign_id}/cancel")
    _wait(lambda: not _is_moving(machine, campaign_id))
    after = _sent(machine, identity_id, MESSAGES)
    yield _slower(before, beside, after)
    yield _strays(bulk, machine.receivers.ledger(beside.group)["messages"])
    yield Promise(
        claim="campaign's messages handed over meanwhile",
        measured=len(bulk) - first,
        bound=1,
        at_least=True,
        figures=f"of {CONTACTS}, by one sender at a time",
        unit="messages",
    )


def _slower(before: Round, beside: Round, after: Round) -> Promise:
    alone = Round("both", sorted(before.seconds + after.seconds))
    shown = "; ".join(
        f"{when} p50 {one.median * 1000:.0f}, p99 {one.p99 * 1000:.0f} ms"
        for when, one in (("alone", before), ("beside it", beside), ("alone again", after))
    )
    return Promise(
        claim="p99 from call to hand-over while a campaign runs, over the same without it",
        measured=beside.p99 / alone.p99,
        bound=2.0,
        at_least=False,
        figures=f"{MESSAGES} messages each: {shown}",
    )


def _strays(bulk: Sequence[Mapping[str, Any]], prompt: Sequence[Mapping[str, Any]]) -> Promise:
    strays = sum(one["ip"] != BULK for one in bulk) + sum(one["ip"] != PROMPT for one in prompt)
    return Promise(
        claim="messages on the other stream's path",
        measured=strays,
        bound=0,
        at_least=False,
        figures=f"{len(bulk)} of the campaign over `{BULK}`, {len(prompt)} single over `{PROMPT}`",
        unit="messages",
    )


def _transactional(machine: Laptop, transport: dict[str, Any]) -> str:
    ip = {"tag": PROMPT, "stream": "transactional", "transport": transport}
    machine.api.post("/api/sending-ips", ip)
    identity = {
        "name": "Codes",
        "from_name": "The Winter Shop",
        "from_address": "codes@mail.shop.example",
        "bounce_domain": "bounce.shop.example",
        "stream": "transactional",
    }
    return str(machine.api.post("/api/identities", identity)["identity_id"])


def _sent(machine: Laptop, identity_id: str, count: int) -> Round:
    """Send messages one after another; return how long each took until the relay had it."""
    began: dict[str, datetime] = {}
    for number in range(count):
        at = datetime.now(UTC)
        taken = machine.api.post(
            "/api/messages",
            {
                "to": {"email": f"reader{number}@gmail.com"},
                "identity_id": identity_id,
                "content": CONTENT,
                "variables": {"code": f"{number}"},
            },
        )
        began[taken["message_id"]] = at
        time.sleep(PAUSE_SECONDS)
    group = next(iter(began))[:10]
    arrived: dict[str, datetime] = {}

    def all_there() -> bool:
        for one in machine.receivers.ledger(group)["messages"]:
            arrived[one["message_id"]] = datetime.fromisoformat(one["accepted_at"])
        return began.keys() <= arrived.keys()

    _wait(all_there)
    return Round(group, sorted((arrived[one] - at).total_seconds() for one, at in began.items()))


def _mailed(machine: Laptop, campaign_id: str) -> int:
    return len(machine.receivers.ledger(campaign_id)["messages"])


def _is_moving(machine: Laptop, campaign_id: str) -> bool:
    before = _mailed(machine, campaign_id)
    time.sleep(3)
    return _mailed(machine, campaign_id) != before


def _wait(done: Any) -> None:
    deadline = time.monotonic() + WAIT_SECONDS
    while not done():
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {WAIT_SECONDS:.0f} seconds")
        time.sleep(0.5)
