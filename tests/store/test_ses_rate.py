"""The shared rate: one contract for table and twin; who is overtaken books behind the other."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.ses_rate import SesRate as MemorySesRate
from mailtide.domain.ses_rate import Booking
from mailtide.errors import RetryableError
from mailtide.store import dynamo
from mailtide.store.row import Row
from mailtide.store.ses_rate import RATE, SesRate
from mailtide.store.tables import WarmupRow
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, 0, 0, 123_000, tzinfo=UTC)
LATE = NOW + timedelta(minutes=2)
TENTH = timedelta(milliseconds=100)

Store = SesRate | MemorySesRate


@pytest.fixture(params=["memory", "table"])
def rate(request: pytest.FixtureRequest) -> Iterator[Store]:
    if request.param == "memory":
        yield MemorySesRate()
        return
    with moto_tables(WarmupRow):
        yield SesRate("eu-west-1")


@pytest.fixture
def table() -> Iterator[SesRate]:
    with moto_tables(WarmupRow):
        yield SesRate("eu-west-1")


def book(rate: Store, wanted: int, at: datetime = NOW) -> Booking | None:
    return rate.book(wanted, 10.0, at, LATE)


def test_bookings_follow_each_other(rate: Store) -> None:
    assert book(rate, 4) == Booking(NOW, TENTH, 4)
    assert book(rate, 9, NOW + TENTH) == Booking(NOW + 4 * TENTH, TENTH, 9)
    assert book(rate, 1, NOW + timedelta(minutes=1)) == Booking(
        NOW + timedelta(minutes=1), TENTH, 1
    )


def test_instants_keep_their_microseconds(rate: Store) -> None:
    assert rate.book(1, 3.0, NOW, LATE) is not None
    booking = rate.book(1, 3.0, NOW, LATE)
    assert booking is not None
    assert booking.first == NOW + timedelta(microseconds=333_334)


def test_what_is_held_is_booked_by_nobody(rate: Store) -> None:
    rate.hold(NOW + 5 * TENTH)
    rate.hold(NOW + 2 * TENTH)  # a shorter one takes nothing back
    assert book(rate, 1) == Booking(NOW + 5 * TENTH, TENTH, 1)


def test_a_hold_behind_the_time_of_a_sender_leaves_it_nothing(rate: Store) -> None:
    rate.hold(LATE)
    assert book(rate, 1) is None
    assert rate.book(1, 10.0, NOW, LATE + TENTH) == Booking(LATE, TENTH, 1)  # and takes nothing


def test_each_region_has_its_own_instants() -> None:
    with moto_tables(WarmupRow):
        assert book(SesRate("eu-west-1"), 5) == Booking(NOW, TENTH, 5)
        assert book(SesRate("us-east-1"), 5) == Booking(NOW, TENTH, 5)
        row = dynamo.get(WarmupRow, "ses#eu-west-1", RATE)
        assert row is not None
        assert row.id == "ses#eu-west-1/rate"


@pytest.fixture
def overtaken(monkeypatch: pytest.MonkeyPatch) -> Callable[[int], None]:
    """Let another sender book between each read and its write, so many times."""

    def arrange(times: int) -> None:
        read = dynamo.get
        left = [times]

        def read_and_be_overtaken(model: type[Row], hash_key: str, range_key: str) -> Row | None:
            found = read(model, hash_key, range_key)
            if left[0] > 0:
                left[0] -= 1
                monkeypatch.setattr(dynamo, "get", read)
                assert book(SesRate("eu-west-1"), 1) is not None
                monkeypatch.setattr(dynamo, "get", read_and_be_overtaken)
            return found

        monkeypatch.setattr(dynamo, "get", read_and_be_overtaken)

    return arrange


def test_two_senders_never_have_the_same_instant(
    table: SesRate, overtaken: Callable[[int], None]
) -> None:
    overtaken(2)
    assert book(table, 3) == Booking(NOW + 2 * TENTH, TENTH, 3)
    assert book(table, 1) == Booking(NOW + 5 * TENTH, TENTH, 1)


def test_a_sender_that_is_always_overtaken_gives_up(
    table: SesRate, overtaken: Callable[[int], None]
) -> None:
    overtaken(100)
    with pytest.raises(RetryableError):
        book(table, 1)
