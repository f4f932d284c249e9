"""Rate limits: what they cover, their windows, and the line of those who wait for one."""

from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import sending_rate as rules
from mailtide.domain.sending_rate import MOST, Gate, Owner, Per, RateLimit
from mailtide.errors import InvalidInputError

NOW = datetime(2026, 11, 24, 10, 17, 42, 5, tzinfo=UTC)


def gate(messages: int = 60, per: Per = Per.MINUTE, at: datetime = NOW) -> Gate:
    (found,) = rules.gates("acme", Owner.IP, "ip1", [RateLimit(messages, per)], at)
    return found


@pytest.mark.parametrize(
    ("per", "began"),
    [
        (Per.MINUTE, datetime(2026, 11, 24, 10, 17, tzinfo=UTC)),
        (Per.HOUR, datetime(2026, 11, 24, 10, tzinfo=UTC)),
        (Per.DAY, datetime(2026, 11, 24, tzinfo=UTC)),
    ],
)
def test_a_window_begins_on_the_clock(per: Per, began: datetime) -> None:
    assert per.begin(NOW) == began
    assert gate(per=per).ends == began + per.length


def test_windows_are_in_utc_wherever_the_instant_was_read() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5, minutes=45)))
    assert {per.begin(there) for per in Per} == {per.begin(NOW) for per in Per}


@given(at=st.datetimes(timezones=st.just(UTC)), per=st.sampled_from(list(Per)))
def test_every_instant_lies_in_its_window(at: datetime, per: Per) -> None:
    began = per.begin(at)
    assert began <= at < began + per.length
    assert per.begin(began) == began


@pytest.mark.parametrize(
    ("provider", "mail", "covered"),
    [
        (None, "gmail", True),
        ("gmail", "gmail", True),
        ("gmail", "yahoo", False),
        ("other", "other", True),
        ("other", "other:example.org", True),
        ("other:example.org", "other:example.org", True),
        ("other:example.org", "other:example.com", False),
        ("other", "gmail", False),
    ],
)
def test_a_limit_covers_its_provider(provider: str | None, mail: str, covered: bool) -> None:
    assert RateLimit(1, Per.DAY, provider).covers(mail) is covered


def test_what_is_written_is_read_again() -> None:
    limits = (RateLimit(5, Per.MINUTE), RateLimit(7, Per.DAY, "gmail"))
    assert rules.kept(rules.written(limits)) == limits
    assert rules.checked(rules.written(limits)) == limits


@pytest.mark.parametrize(
    ("given_limits", "place"),
    [
        ([{"messages": 1, "per": "hour", "provider": "gmial"}], "rate_limits.0.provider"),
        (
            [{"messages": 1, "per": "hour", "provider": "other:a'b"}],
            "rate_limits.0.provider",
        ),
        ([{"messages": 1, "per": "hour"}, {"messages": 2, "per": "hour"}], "rate_limits.1"),
        ([{"messages": 1, "per": "hour"}] * (MOST + 1), "rate_limits"),
    ],
)
def test_a_limit_that_cannot_be_kept_is_named(
    given_limits: list[dict[str, Any]], place: str
) -> None:
    with pytest.raises(InvalidInputError) as refused:
        rules.checked(given_limits)
    assert [one["at"] for one in refused.value.errors] == [f"body.{place}"]


def test_the_first_who_waits_has_the_next_window_and_the_others_come_behind() -> None:
    first, behind = rules.turn(None, 15, gate(60))
    assert first == datetime(2026, 11, 24, 10, 18, tzinfo=UTC)
    assert behind == first + timedelta(seconds=15)
    assert rules.turn(behind, 60, gate(60)) == (behind, behind + timedelta(minutes=1))


def test_more_than_a_window_takes_is_looked_at_in_its_turn_all_the_same() -> None:
    first, behind = rules.turn(None, 1000, gate(60))
    assert behind - first == timedelta(minutes=1)


@pytest.mark.parametrize(
    ("per", "end"),
    [
        (Per.MINUTE, timedelta(minutes=18 + 60)),
        (Per.HOUR, timedelta(hours=2)),
        (Per.DAY, timedelta(hours=14 + 24)),
    ],
)
def test_behind_a_round_the_turns_begin_anew(per: Per, end: timedelta) -> None:
    one, end_at = gate(60, per), datetime(2026, 11, 24, 10, tzinfo=UTC) + end
    last = end_at - timedelta(microseconds=1)
    assert rules.turn(last, 1, one)[0] == last
    for free_at in (end_at, datetime.max.replace(tzinfo=UTC)):
        assert rules.turn(free_at, 1, one)[0] == one.ends


def test_a_line_that_ended_long_ago_makes_nobody_wait() -> None:
    first, _ = rules.turn(NOW - timedelta(days=1), 1, gate())
    assert first == gate().ends


@given(
    counts=st.lists(st.integers(1, 200), min_size=1, max_size=40),
    messages=st.integers(1, 500),
    per=st.sampled_from(list(Per)),
)
def test_a_round_calls_no_more_than_a_window_takes_and_leaves_no_window_out(
    counts: list[int], messages: int, per: Per
) -> None:
    """But for the group that a window's end cuts."""
    one, free_at = gate(messages, per), None
    rounds: list[list[tuple[datetime, int]]] = []
    for count in counts:
        at, free_at = rules.turn(free_at, count, one)
        if at == one.ends:
            rounds.append([])
        rounds[-1].append((at, min(count, messages)))
    assert free_at is not None
    end = one.ends + max(rules.ROUND, per.length)
    for due in rounds:
        assert [at for at, _ in due] == sorted(at for at, _ in due)
        windows = [per.begin(at) for at, _ in due]
        for window in windows:
            called = [count for at, count in due if per.begin(at) == window]
            assert sum(called[:-1]) <= messages
        until = free_at if due is rounds[-1] else end
        passed = (until - one.ends) // per.length
        assert {one.ends + n * per.length for n in range(passed)} <= set(windows)
