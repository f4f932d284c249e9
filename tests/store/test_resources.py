"""What only the API does with campaigns, sending IPs and suppressions."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from mailtide.domain.campaign import Campaign, Move, State
from mailtide.domain.content import Identity, Template
from mailtide.domain.page import Page
from mailtide.domain.quota import Day, ReservationKey
from mailtide.domain.sending_ip import Relay, SendingIp, Ses, Tls
from mailtide.domain.suppression import Evidence, Reason, Stream, Suppression
from mailtide.errors import ConflictError
from mailtide.store.campaigns import Campaigns
from mailtide.store.identities import Identities
from mailtide.store.quota import Quota
from mailtide.store.sending_ips import SendingIps
from mailtide.store.suppressions import Suppressions
from mailtide.store.templates import Templates
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
DRAFT = Campaign("acme", "c1", "November", ("l1", "l2"), "t1", "i1", State.DRAFT, NOW)
TEMPLATE = Template("acme#started", "c1", "Letter", "Hello", "<p>Hello</p>")
IDENTITY = Identity("acme#started", "c1", "News", "Acme", "news@acme.test", "b.acme.test")
RELAY = Relay("relay.acme.test", 587, Tls.STARTTLS, "user", "mailtide/relay/ip1")
IP = SendingIp("acme", "ip1", "one", Stream.MARKETING, RELAY, daily_limit=50)
CONTACTS = [f"{first}{'0' * 25}" for first in "04cv"]


@pytest.fixture(autouse=True)
def tables() -> Iterator[None]:
    with moto_tables():
        yield


def suppression(contact_id: str) -> Suppression:
    reasons = {Reason.MANUAL: Evidence(NOW, "asked by phone")}
    return Suppression("acme", contact_id, reasons, "ann@example.com")


def test_a_draft_is_created_once_and_listed() -> None:
    campaigns = Campaigns()
    assert campaigns.create(DRAFT)
    assert campaigns.create(DRAFT)
    assert not campaigns.create(replace(DRAFT, name="other"))
    other = replace(DRAFT, campaign_id="c2")
    campaigns.create(other)
    assert campaigns.page("acme", 1, None) == Page([DRAFT], "c1")
    assert campaigns.page("acme", 1, "c1") == Page([other])


def test_only_a_draft_is_revised_or_deleted() -> None:
    campaigns = Campaigns()
    campaigns.create(DRAFT)
    revised = replace(DRAFT, name="December", list_ids=("l3",))
    assert campaigns.revise(revised)
    assert campaigns.get("acme", "c1") == revised
    campaigns.move(revised, Move.CANCEL, NOW)
    assert not campaigns.revise(DRAFT)
    assert not campaigns.delete_draft(DRAFT)


def test_a_deleted_draft_is_gone() -> None:
    campaigns = Campaigns()
    campaigns.create(DRAFT)
    assert campaigns.delete_draft(DRAFT)
    assert campaigns.get("acme", "c1") is None
    assert not campaigns.revise(DRAFT)


def test_a_start_keeps_the_content_in_the_same_write() -> None:
    campaigns = Campaigns()
    campaigns.create(DRAFT)
    assert campaigns.start(DRAFT, TEMPLATE, IDENTITY, NOW)
    started = campaigns.get("acme", "c1")
    assert started is not None
    assert (started.state, len(started.launching)) == (State.SENDING, 16)
    assert Templates().get("acme#started", "c1") == TEMPLATE
    assert Identities().get("acme#started", "c1") == IDENTITY


def test_a_repeated_start_is_known_by_its_instant() -> None:
    campaigns = Campaigns()
    campaigns.create(DRAFT)
    assert campaigns.start(DRAFT, TEMPLATE, IDENTITY, NOW)
    assert campaigns.start(DRAFT, TEMPLATE, IDENTITY, NOW)
    later = NOW + timedelta(seconds=1)
    assert not campaigns.start(DRAFT, replace(TEMPLATE, html="new"), IDENTITY, later)
    assert Templates().get("acme#started", "c1") == TEMPLATE


@pytest.mark.parametrize(
    "change", [{"list_ids": ("l3",)}, {"template_id": "t2"}, {"identity_id": "i2"}]
)
def test_a_plan_that_was_revised_meanwhile_is_not_started(change: dict[str, str]) -> None:
    campaigns = Campaigns()
    campaigns.create(DRAFT)
    campaigns.revise(replace(DRAFT, **change))  # type: ignore[arg-type]
    assert not campaigns.start(DRAFT, TEMPLATE, IDENTITY, NOW)
    assert Templates().get("acme#started", "c1") is None


def test_what_is_no_draft_is_not_started() -> None:
    with pytest.raises(ConflictError):
        Campaigns().start(replace(DRAFT, state=State.SENT), TEMPLATE, IDENTITY, NOW)


def test_a_sending_ip_is_kept_with_its_relay() -> None:
    ips = SendingIps()
    ips.create(IP, NOW)
    ips.create(replace(IP, tag="late"), NOW)
    assert ips.get("acme", "ip1") == IP
    assert ips.page("acme", 9, None) == Page([IP])


@pytest.mark.parametrize("pool", [None, "managed"])
def test_a_sending_ip_is_kept_with_its_configuration_set(pool: str | None) -> None:
    ips = SendingIps()
    ips.create(IP, NOW)
    through_ses = replace(IP, transport=Ses("news", pool))
    assert ips.change(IP, through_ses)
    assert ips.get("acme", "ip1") == through_ses


def test_every_field_of_a_sending_ip_changes() -> None:
    ips = SendingIps()
    changed = SendingIp(
        "acme", "ip1", "one", Stream.TRANSACTIONAL, replace(RELAY, secret=None), active=False
    )
    assert not ips.change(IP, changed)
    ips.create(IP, NOW)
    assert ips.change(IP, changed)
    assert ips.get("acme", "ip1") == changed
    assert ips.change(changed, IP)
    assert ips.get("acme", "ip1") == IP


def test_two_changes_of_different_fields_both_stay() -> None:
    ips = SendingIps()
    ips.create(IP, NOW)
    assert ips.change(IP, replace(IP, active=False))
    assert ips.change(IP, replace(IP, daily_limit=9))
    assert ips.get("acme", "ip1") == replace(IP, active=False, daily_limit=9)


def test_a_change_of_nothing_finds_the_sending_ip_all_the_same() -> None:
    ips = SendingIps()
    assert not ips.change(IP, IP)
    ips.create(IP, NOW)
    assert ips.change(IP, IP)
    assert ips.get("acme", "ip1") == IP


def test_a_sending_ip_is_deleted_once() -> None:
    ips = SendingIps()
    ips.create(IP, NOW)
    assert ips.delete("acme", "ip1")
    assert not ips.delete("acme", "ip1")


def test_a_days_limit_holds_for_reservations_from_then_on() -> None:
    quota = Quota()
    today = NOW.date()
    quota.reserve(IP, ReservationKey("ip1", today, "b1", 0), 30)
    quota.set_limit("ip1", today, 40)
    assert quota.day(IP, today) == Day(30, 40)
    assert quota.reserve(IP, ReservationKey("ip1", today, "b1", 100), 30) == 10
    quota.set_limit("ip1", today, None)
    assert quota.day(IP, today) == Day(40, 50)


def test_suppressions_are_listed_across_shards() -> None:
    suppressions = Suppressions()
    for contact_id in CONTACTS:
        suppressions.add(suppression(contact_id))
    assert suppressions.page("acme", 3, None) == Page(
        [suppression(one) for one in CONTACTS[:3]], CONTACTS[2]
    )


def test_a_suppression_is_removed_with_all_its_reasons() -> None:
    suppressions = Suppressions()
    suppressions.add(suppression(CONTACTS[0]))
    assert suppressions.remove("acme", CONTACTS[0]) == suppression(CONTACTS[0])
    assert suppressions.remove("acme", CONTACTS[0]) is None
    assert suppressions.get("acme", CONTACTS[0]) is None


def test_an_erased_person_stays_suppressed_without_the_address() -> None:
    suppressions = Suppressions()
    suppressions.add(suppression(CONTACTS[0]))
    suppressions.forget("acme", CONTACTS[0])
    suppressions.forget("acme", CONTACTS[1])
    assert suppressions.get("acme", CONTACTS[0]) == replace(suppression(CONTACTS[0]), email=None)
    assert suppressions.get("acme", CONTACTS[1]) is None
