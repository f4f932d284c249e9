"""What only the API does with sending IPs and suppressions."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from mailtide.domain.page import Page
from mailtide.domain.quota import Day, ReservationKey
from mailtide.domain.sending_ip import Relay, SendingIp, Ses, Tls
from mailtide.domain.suppression import Evidence, Reason, Stream, Suppression
from mailtide.store.quota import Quota
from mailtide.store.sending_ips import SendingIps
from mailtide.store.suppressions import Suppressions
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
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


def test_an_erased_person_stays_suppressed_without_the_address() -> None:
    suppressions = Suppressions()
    suppressions.add(suppression(CONTACTS[0]))
    suppressions.forget("acme", CONTACTS[0])
    suppressions.forget("acme", CONTACTS[1])
    assert suppressions.get("acme", CONTACTS[0]) == replace(suppression(CONTACTS[0]), email=None)
    assert suppressions.get("acme", CONTACTS[1]) is None
