"""One campaign over SES and an SMTP relay at once, on the deployed template.

Replies of SES are lost, it throttles and refuses; what it tells comes through the real topic, twice
and in disorder.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

from local import laptop
from local.audit import Audit, audit, mailed_wrongly
from local.demo import people
from local.demo.campaign import Audience, add_sending_ips, import_people, start
from local.laptop import Laptop, Options
from local.watch import Watch, totals, until_quiet

pytestmark = pytest.mark.system

RATE = 4.0  # messages a second; far less than the senders could do
LOST = 0.1  # share of replies
OVER_SES = {"drop": LOST, "relay_4xx": 0.15, "relay_5xx": 0.03}
OPTIONS = Options(
    ip_tags=("mta1",),
    ses_tags=("ses1",),
    stack={
        "visibility_seconds": 5,
        "sender_concurrency": 3,
        "sender_timeout_seconds": 40,
        "function_timeout_seconds": 20,
    },
    receivers={
        "seed": "system-ses",
        "delays": {
            "deliver": [0.05, 0.4],
            "retry": [1.0, 2.0],
            "machine": [0.05, 0.5],
            "human": [8.0, 10.0],  # before that a hit looks like a machine's
            "next": [1.0, 2.0],
        },
        "behaviour": {
            "chaos": 0.2,
            "rates": {"hard": 0.06, "soft": 0.05, "block": 0.04, "defer": 0.06, "complain": 0.06},
            "overrides": [{"ip": "ses1", "rates": OVER_SES}],
        },
    },
    ses={"state": {"rate": RATE}},
)


@dataclass(frozen=True, slots=True)
class Life:
    """A campaign that is over."""

    machine: Laptop
    audience: Audience
    campaign_id: str
    came_to_rest: bool
    found: Audit

    @property
    def over_ses(self) -> list[dict[str, Any]]:
        """Return the ledger's messages that SES took."""
        return [one for one in self.found.ledger["messages"] if one["ip"] == "ses1"]


@pytest.fixture(scope="module")
def life() -> Iterator[Life]:
    with laptop.running(OPTIONS) as machine:
        yield live(machine)


def live(machine: Laptop) -> Life:
    """Let one campaign happen."""
    first = people.make(150, seed="system-ses", bad=0, twice=0)
    second = people.overlapping(first, shared=20, strangers=10, seed="system-ses")
    audience = Audience(first, second, ())
    lists = [
        import_people(machine.api, name, f).list_id for name, f in (("A", first), ("B", second))
    ]
    add_sending_ips(machine.api, machine.ways_out, daily_limit=1000)
    campaign_id = start(machine.api, lists)
    watch = Watch(machine.api, machine.receivers, campaign_id)
    count = len(audience.expected)
    quiet = until_quiet(watch.look, count, lambda _: None, deadline_seconds=300)
    found = audit(machine.api, machine.receivers, campaign_id)
    return Life(machine, audience, campaign_id, quiet, found)


def test_books_agree_over_both_ways(life: Life) -> None:
    assert life.found.problems == []
    assert life.came_to_rest


def test_everybody_is_mailed_once_whatever_was_lost_or_throttled(life: Life) -> None:
    expected = life.audience.expected
    found = mailed_wrongly(
        life.machine.api, life.campaign_id, life.found.ledger, expected=expected, suppressed=()
    )
    assert found == []


def test_both_ways_carried_mail_and_every_fate_happened_over_ses(life: Life) -> None:
    assert {message["ip"] for message in life.found.ledger["messages"]} == {"mta1", "ses1"}
    fates = {message["fate"] for message in life.over_ses}
    assert fates >= {"delivered", "deferred", "hard", "soft"}


def test_ses_throttled_and_refused_some(life: Life) -> None:
    codes = Counter(one["code"] for one in life.found.ledger["refusals"] if one["ip"] == "ses1")
    assert codes[454] > 0
    assert codes[554] > 0


def test_no_faster_than_ses_allows(life: Life) -> None:
    sent = sorted(message["accepted_at"] for message in life.over_ses)
    assert len(sent) > RATE
    assert Counter(at[:19] for at in sent).most_common(1)[0][1] <= 2 * RATE + 1


def test_a_lost_reply_is_a_doubt_that_its_events_settle(life: Life) -> None:
    counts = totals(life.machine.api, life.campaign_id)
    assert counts["in_doubt"] == 0
    doubted = [one["message_id"] for one in life.over_ses if was_doubted(life, one["message_id"])]
    assert doubted
    assert len(doubted) < len(life.over_ses) / 2


def was_doubted(life: Life, message_id: str) -> bool:
    """Say whether nobody knew for a while whether a message had left."""
    events = life.machine.api.get(f"/api/messages/{message_id}")["events"]
    return any(event["type"] == "doubted" for event in events)


def test_the_account_of_ses_is_shown(life: Life) -> None:
    account = life.machine.api.get("/api/ses-account")
    assert account["production"] is True
    made = life.machine.receivers.ses()
    [set_name] = made["sets"]
    assert set_name.endswith("-ses1")
    assert made["destinations"][set_name]["mailtide"]["Enabled"] is True


def test_nothing_ended_among_the_dead_letters(life: Life) -> None:
    sqs, outputs = life.machine.emulator.client("sqs"), life.machine.deployment.outputs
    dead = sqs.get_queue_attributes(
        QueueUrl=outputs["EventsDeadLetters"], AttributeNames=["ApproximateNumberOfMessages"]
    )
    assert dead["Attributes"]["ApproximateNumberOfMessages"] == "0"
