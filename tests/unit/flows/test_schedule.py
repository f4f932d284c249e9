"""Scheduled campaigns: started once at their time, given up with a reason, left to later."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.memory.campaigns import Campaigns
from local.memory.contacts import Lists
from local.memory.quota import SendingIps
from local.memory.ses_identities import SesIdentities, verified
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact_list import ContactList
from mailtide.domain.content import Identity, Template
from mailtide.domain.sending_ip import Relay, SendingIp, Ses, Tls
from mailtide.domain.suppression import Stream
from mailtide.errors import RetryableError
from mailtide.flows.schedule import AT_ONCE, Schedule
from mailtide.flows.ses_senders import SesSenders
from mailtide.flows.start import Starter
from tests.sending_outside import Queues

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
DUE = Campaign("acme", "c1", "November", ("l1",), "t1", "i1", State.SCHEDULED, NOW, send_at=NOW)


class Stage:
    """One organisation with all that a campaign names."""

    def __init__(self) -> None:
        self.campaigns, self.lists, self.ips, self.queues = (
            Campaigns(),
            Lists(),
            SendingIps(),
            Queues(),
        )
        self.ses = SesIdentities()
        self.lists.create(ContactList("acme", "l1", "News", NOW))
        letter = Template("acme", "t1", "Letter", "Hello", "<p>Hello</p>")
        self.campaigns.templates.create(letter, NOW)
        sender = Identity("acme", "i1", "News", "Acme", "n@x.com", "b.x.com")
        self.campaigns.identities.create(sender, NOW)
        relay = Relay("relay.example.com", 587, Tls.STARTTLS)
        self.ips.put(SendingIp("acme", "ip1", "one", Stream.MARKETING, relay))

    def look(self, now: datetime = NOW, campaigns: Campaigns | None = None) -> int:
        """Take one look."""
        store = campaigns or self.campaigns
        starter = Starter(
            campaigns=store,
            lists=self.lists,
            segments=store.segments,
            templates=store.templates,
            identities=store.identities,
            sending_ips=self.ips,
            senders=SesSenders(self.ses),
            launches=self.queues,
            clock=lambda: now,
        )
        return Schedule(store, starter).run(now)

    def campaign(self) -> Campaign:
        return self.campaigns.rows["acme", "c1"]


@pytest.fixture
def stage() -> Stage:
    stage = Stage()
    stage.campaigns.put(DUE)
    return stage


def test_a_campaign_starts_at_its_time_and_once(stage: Stage) -> None:
    assert stage.look(NOW - timedelta(milliseconds=1)) == 0
    assert stage.look() == 1
    assert stage.campaign().state is State.SENDING
    assert stage.campaign().started_at == NOW
    assert len(stage.queues.launches) == 16
    assert stage.look() == 0
    assert stage.campaigns.templates.get("acme#started", "c1") is not None


def test_what_cannot_start_is_a_draft_that_says_why_and_holds_up_nobody(stage: Stage) -> None:
    stage.campaigns.put(replace(DUE, campaign_id="c0", template_id="gone"))
    assert stage.look() == 1
    given_up = stage.campaigns.rows["acme", "c0"]
    assert given_up.state is State.DRAFT
    assert given_up.schedule_error == "body.template_id: there is no template `gone`"
    assert stage.campaign().state is State.SENDING


def test_without_a_sending_ip_the_reason_says_so(stage: Stage) -> None:
    stage.ips.rows.clear()
    assert stage.look() == 0
    assert stage.campaign().state is State.DRAFT
    assert "No sending IP" in (stage.campaign().schedule_error or "")


def test_over_ses_it_waits_for_a_verified_sender_and_says_so(stage: Stage) -> None:
    stage.ips.put(SendingIp("acme", "ip2", "two", Stream.MARKETING, Ses("news")))
    assert stage.look() == 0
    assert "create the domain `x.com`" in (stage.campaign().schedule_error or "")
    stage.campaigns.put(DUE)
    stage.ses.found["x.com"] = verified("x.com")
    assert stage.look() == 1


class Silent(SesIdentities):
    """An SES that has no answer now."""

    def find(self, name: str) -> None:
        raise RetryableError(f"no answer for {name}")


def test_while_ses_has_no_answer_the_campaign_waits(stage: Stage) -> None:
    stage.ips.put(SendingIp("acme", "ip2", "two", Stream.MARKETING, Ses("news")))
    stage.ses = Silent()
    assert stage.look() == 0
    assert stage.campaign() == DUE


class Busy(Campaigns):
    """Campaigns whose start fails on our side."""

    def start(self, *_: Any) -> bool:
        raise RetryableError("too many transactions")


def test_trouble_of_our_own_changes_nothing_and_the_next_look_starts_it(stage: Stage) -> None:
    store = stage.campaigns
    busy = Busy(store.rows, store.last_move, store.launch_shards, store.templates, store.identities)
    assert stage.look(campaigns=busy) == 0
    assert stage.campaign() == DUE
    assert stage.look(NOW + timedelta(minutes=1)) == 1


class Slow(Campaigns):
    """Campaigns that were moved by somebody else between our look and our write."""

    def due(self, now: datetime, limit: int) -> Sequence[Campaign]:
        found = super().due(now, limit)
        self.put(replace(found[0], **self.meanwhile))
        return found

    meanwhile: dict[str, Any]


@pytest.mark.parametrize(
    "meanwhile",
    [
        {"state": State.DRAFT, "send_at": None},
        {"state": State.CANCELLED},
        {"state": State.SENDING},
        {"send_at": NOW + timedelta(days=1)},
    ],
)
def test_what_somebody_else_did_to_it_meanwhile_stands(
    stage: Stage, meanwhile: dict[str, Any]
) -> None:
    store = stage.campaigns
    slow = Slow(store.rows, store.last_move, store.launch_shards, store.templates, store.identities)
    slow.meanwhile = meanwhile
    assert stage.look(campaigns=slow) == 0
    assert stage.campaign() == replace(DUE, **meanwhile)
    assert stage.queues.launches == []


def test_a_look_starts_so_many_and_leaves_the_others_to_the_next(stage: Stage) -> None:
    for n in range(AT_ONCE + 4):
        stage.campaigns.put(replace(DUE, campaign_id=f"d{n:02}"))
    assert [stage.look(), stage.look(), stage.look()] == [AT_ONCE, 5, 0]
