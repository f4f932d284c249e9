"""The limiter: it counts, it stops counting who is over, and it lets all through in trouble."""

from datetime import UTC, datetime, timedelta

from botocore.exceptions import ClientError

from local.memory.idempotency import RequestCounts
from mailtide.errors import RetryableError
from mailtide.limiter import TROUBLE_LASTS, Limiter

NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


class Counts(RequestCounts):
    """Counts that can be in trouble, and know how often they were asked."""

    trouble: Exception | None = None
    asked = 0

    def add(self, org_id: str, window: datetime) -> int:
        self.asked += 1
        if self.trouble:
            raise self.trouble
        return super().add(org_id, window)


def spend(limiter: Limiter, org_id: str = "acme", after: float = 0) -> bool | None:
    left = limiter.spend(org_id, NOON + timedelta(seconds=after))
    return None if left is None else not left.is_over


def test_each_organisation_has_a_limit_of_its_own_in_each_minute() -> None:
    limiter = Limiter(Counts().add, 2)
    assert [spend(limiter) for _ in range(3)] == [True, True, False]
    assert spend(limiter, "other")
    assert spend(limiter, after=59) is False
    assert spend(limiter, after=60)


def test_processes_share_the_limit() -> None:
    counts = Counts()
    one, two = Limiter(counts.add, 2), Limiter(counts.add, 2)
    assert [spend(one), spend(two), spend(one), spend(two)] == [True, True, False, False]


def test_who_is_over_costs_nothing_more() -> None:
    counts = Counts()
    limiter = Limiter(counts.add, 1)
    for _ in range(10):
        spend(limiter)
    assert counts.asked == 2


def test_without_a_limit_nothing_is_counted() -> None:
    counts = Counts()
    assert spend(Limiter(counts.add, 0)) is None
    assert counts.asked == 0


def test_trouble_lets_everything_through_and_is_left_alone_for_a_while() -> None:
    counts = Counts()
    limiter = Limiter(counts.add, 1)
    for trouble in (RetryableError("busy"), ClientError({"Error": {"Code": "Gone"}}, "UpdateItem")):
        counts.trouble = trouble
        after = TROUBLE_LASTS.total_seconds() * counts.asked
        assert [spend(limiter, after=after) for _ in range(3)] == [None] * 3
    assert counts.asked == 2
    counts.trouble = None
    assert spend(limiter, after=25)
