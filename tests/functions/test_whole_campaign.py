"""The life of one campaign to about 200 people, through every function, and all of it once more.

Mail goes over real SMTP to the receivers, whose webhooks, readers and scanners come back over HTTP.
Between the functions AWS is at its worst (tests/functions/cloud.py). The receivers' ledger is the
witness. The tests look at a campaign that is over; the last one feeds everything to it again.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import datetime, timedelta
from random import Random
from typing import Any

import pytest

from cli.api import Api
from cli.bootstrap import bootstrap
from local import receivers_process
from local.audit import Audit, audit, mailed_wrongly
from local.books import import_problems, unmailed
from local.demo import people
from local.receivers_process import Receivers
from mailtide import app
from mailtide.domain import metrics
from mailtide.store import dynamo
from mailtide.transports.smtp_window import WIDEST
from tests.aws import Stack
from tests.functions.cloud import Cloud
from tests.functions.front_door import FrontDoor, open_door
from tests.functions.quick_moto import quicken
from tests.functions.snapshot import counters, event_rows, everything, without_zeros
from tests.functions.throttle import Throttle
from tests.functions.winter_campaign import (
    LIMITS,
    SEED,
    Audience,
    Imported,
    add_sending_ips,
    import_lists,
    receivers,
    start,
)

KEPT = timedelta(milliseconds=1)  # instants are cut to it


@dataclass(frozen=True, slots=True)
class Life:
    """A campaign that is over, and the world it happened in."""

    api: Api
    cloud: Cloud
    door: FrontDoor
    receivers: Receivers
    audience: Audience
    imports: Sequence[Imported]
    campaign_id: str
    found: Audit

    @property
    def messages(self) -> Sequence[Mapping[str, Any]]:
        """What the receivers took."""
        return list(self.found.ledger["messages"])

    def people(self, key: str, value: object = None) -> set[str]:
        """Return to whose message this happened, or where it is this."""
        return {
            one["recipient"].lower()
            for one in self.messages
            if (one[key] if value is None else one[key] == value)
        }

    def timeline(self, message_id: str) -> Sequence[Mapping[str, Any]]:
        """Ask what happened to a message."""
        return list(self.api.get(f"/api/messages/{message_id}")["events"])


@pytest.fixture(scope="module")
def life(shared_stack: Stack) -> Iterator[Life]:
    with ExitStack() as stack:
        patch = stack.enter_context(pytest.MonkeyPatch.context())
        quicken(patch)
        throttle = Throttle(Random(SEED))  # noqa: S311 - a repeatable world, no secret
        cloud = Cloud(shared_stack, Random(SEED), throttle)  # noqa: S311
        door = stack.enter_context(open_door(cloud))
        patch.setenv("MAILTIDE_PUBLIC_URL", door.url)
        app.connect()
        stack.enter_context(throttle.listening(dynamo.client()))

        owner = bootstrap("The Winter Shop", app.now())
        api = stack.enter_context(Api(door.url, owner.key))
        source = api.post("/api/sources", {"name": "Relay"})
        audience = Audience.make()
        config = receivers(source, audience)
        witness = stack.enter_context(receivers_process.running(config))
        imports = import_lists(api, cloud, audience, cloud.run)
        for address in audience.suppressed:
            api.post("/api/suppressions", {"email": address})
        add_sending_ips(api, witness.smtp_ports)
        campaign_id = start(api, [one.list_id for one in imports])
        cloud.run(lambda: witness.is_settled() and state(api, campaign_id) == "sent")
        found = audit(api, witness, campaign_id)
        yield Life(api, cloud, door, witness, audience, imports, campaign_id, found)


def state(api: Api, campaign_id: str) -> str:
    return str(api.get(f"/api/campaigns/{campaign_id}")["state"])


def test_every_row_is_imported_merged_or_reported(life: Life) -> None:
    for one in life.imports:
        assert import_problems(one.file.rows, one.job, one.report, one.file.bad) == []
        assert (one.job["state"], one.job["merged"]) == ("done", one.file.merged)
    assert len(life.imports[0].report) == len(people.BAD)
    assert life.imports[0].file.merged == 6


def test_everybody_is_mailed_once_and_nobody_who_is_suppressed(life: Life) -> None:
    expected, suppressed = life.audience.expected, life.audience.suppressed
    assert len(expected) == 196
    found = mailed_wrongly(
        life.api, life.campaign_id, life.found.ledger, expected=expected, suppressed=suppressed
    )
    assert found == []


def test_no_sending_ip_passes_its_daily_limit(life: Life) -> None:
    days = Counter((m["ip_tag"], m["accepted_at"][:10]) for m in life.messages)
    assert {tag for tag, _ in days} == LIMITS.keys()
    assert all(count <= LIMITS[tag] for (tag, _), count in days.items())


def test_the_campaign_is_sent_and_only_what_was_lost_on_the_way_is_in_doubt(life: Life) -> None:
    """One connection is lost behind a message; up to a window of others was on the way there."""
    assert state(life.api, life.campaign_id) == "sent"
    insights = life.api.get(f"/api/campaigns/{life.campaign_id}/insights")
    assert insights["complete"]
    in_doubt = insights["totals"]["counts"]["in_doubt"]
    assert in_doubt == len(unmailed(life.found.ledger, life.audience.expected)) < WIDEST


def test_insights_equal_the_receivers_ledger(life: Life) -> None:
    assert life.found.problems == []


@pytest.mark.usefixtures("life")
def test_counters_are_the_sum_over_the_rows() -> None:
    sums = metrics.totals(event_rows())
    assert counters() == without_zeros({cell: dict(counts) for cell, counts in sums.items()})


def test_people_and_machines_are_told_apart(life: Life) -> None:
    judged = {(truth, verdict) for _, truth, verdict in life.found.confusion.pairs}
    assert judged == {("human", "human"), ("machine", "machine")}


def test_timelines_show_the_words_that_receivers_refused_with(life: Life) -> None:
    refused = [message for message in life.messages if message["smtp_response"]]
    assert {message["fate"] for message in refused} == {"hard", "soft", "blocked", "deferred"}
    for message in refused:
        events = life.timeline(message["message_id"])
        words = {(event["smtp_code"], event["smtp_response"]) for event in events}
        assert (message["smtp_code"], message["smtp_response"]) in words


def test_contacts_know_when_they_opened_clicked_and_answered_as_people(life: Life) -> None:
    contacts = {one["email"].lower(): one for one in life.api.all("/api/contacts")}
    for message in life.messages:
        contact = contacts[message["recipient"].lower()]
        assert is_one_of(contact["last_open_at"], message["opens"])
        assert is_one_of(contact["last_click_at"], message["clicks"])
        assert is_one_of(contact["last_reply_at"], message["replies"])


def is_one_of(at: str | None, hits: Sequence[Mapping[str, Any]]) -> bool:
    """Say whether an instant is that of a person's hit; there is none where there was no hit."""
    spans = [
        (
            datetime.fromisoformat(hit["started_at"]) - KEPT,
            datetime.fromisoformat(hit["answered_at"]),
        )
        for hit in hits
        if hit["kind"] == "human"
    ]
    if at is None:
        return not spans
    return any(first <= datetime.fromisoformat(at) <= last for first, last in spans)


def test_who_is_gone_complains_or_unsubscribes_is_suppressed_and_nobody_else(life: Life) -> None:
    reasons: dict[str, set[str]] = {}
    for one in life.api.all("/api/suppressions"):
        for reason in one["reasons"]:
            reasons.setdefault(reason["reason"], set()).add(one["email"].lower())
    assert reasons == {
        "manual": set(life.audience.suppressed),
        "hard_bounce": life.people("fate", "hard") | life.people("returned_at"),
        "complaint": life.people("complained_at"),
        "unsubscribe": life.people("unsubscribed_at"),
    }


def test_it_was_no_easy_life(life: Life) -> None:
    """What the tests above are about did happen."""
    assert life.people("replies")
    assert life.people("auto_replies")
    assert life.people("returned_at")
    assert {one["code"] for one in life.found.ledger["refusals"]} == {451, 550}
    [dropped] = [who for who, fate in life.audience.fates.items() if fate == "drop"]
    [message] = life.api.all("/api/messages", recipient=dropped)
    assert "doubted" in {event["type"] for event in life.timeline(message["message_id"])}
    assert life.cloud.throttle.refused > 5
    assert sum(bodies.total() - len(bodies) for bodies in life.cloud.handed_out.values()) > 5
    assert all(len(records) > 200 for records in life.cloud.stream.records.values())


def test_everything_again_in_another_order_changes_nothing_and_sends_nothing(life: Life) -> None:
    before, seen = lasting(), life.receivers.summary(life.campaign_id)
    life.cloud.feed_again()
    for handler, event in life.cloud.shuffled(life.door.posts):
        assert life.cloud.invoke(None, handler, event)["statusCode"] == 200
    life.cloud.run(life.receivers.is_settled)
    assert life.receivers.summary(life.campaign_id) == seen
    assert lasting() == before
    assert audit(life.api, life.receivers, life.campaign_id).problems == []


def lasting() -> dict[str, Any]:
    """Return all that the tables hold, but for when somebody last said what they said before.

    Whoever unsubscribes or complains again has said it later: that outlives a lifting in between.
    """
    found = everything()
    table = found["suppression_list"]
    found["suppression_list"] = {
        id_: {name: value for name, value in item.items() if not name.startswith("last_")}
        for id_, item in table.items()
    }
    return found
