"""Rank: engaged contacts first, the most recent before the others, then the newest sign-ups."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.contact import ENGAGED_FOR, Contact, rank

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
SECOND = timedelta(seconds=1)
ages = st.integers(0, 10 * 365 * 24 * 3600).map(lambda seconds: timedelta(seconds=seconds))


def contact(
    joined: timedelta, opened: timedelta | None = None, clicked: timedelta | None = None
) -> Contact:
    """Return a contact who joined, opened and clicked so long ago."""
    return Contact(
        org_id="org",
        contact_id="0" * 26,
        email="ann@example.com",
        provider="gmail",
        created_at=NOW - joined,
        last_open_at=None if opened is None else NOW - opened,
        last_click_at=None if clicked is None else NOW - clicked,
    )


def test_an_engagement_exactly_90_days_old_still_counts() -> None:
    newest = contact(joined=timedelta(0))
    on_the_edge = contact(joined=timedelta(999), opened=ENGAGED_FOR)
    assert rank(on_the_edge, NOW) < rank(newest, NOW)


def test_an_engagement_older_than_90_days_does_not_count() -> None:
    lapsed = contact(joined=timedelta(999), opened=ENGAGED_FOR + SECOND)
    assert rank(lapsed, NOW) == rank(contact(joined=timedelta(999)), NOW)


def test_a_click_counts_as_an_open_does() -> None:
    opened = contact(joined=timedelta(9), opened=timedelta(1))
    clicked = contact(joined=timedelta(99), clicked=timedelta(1))
    assert rank(opened, NOW) == rank(clicked, NOW)


def test_a_reply_counts_as_a_click_does() -> None:
    clicked = contact(joined=timedelta(9), clicked=timedelta(1))
    replied = replace(contact(joined=timedelta(99)), last_reply_at=NOW - timedelta(days=1))
    assert rank(clicked, NOW) == rank(replied, NOW)


def test_the_later_of_open_and_click_counts() -> None:
    both = contact(timedelta(9), opened=ENGAGED_FOR + SECOND, clicked=timedelta(3))
    assert rank(both, NOW) == rank(contact(timedelta(9), clicked=timedelta(3)), NOW)


def test_an_engagement_after_now_counts_as_the_newest() -> None:
    ahead = contact(timedelta(9), opened=-timedelta(seconds=5))
    assert rank(ahead, NOW) < rank(contact(timedelta(9), opened=timedelta(0)), NOW)


@given(joined=ages, other_joined=ages, seen=ages)
def test_the_engaged_come_before_all_others(
    joined: timedelta, other_joined: timedelta, seen: timedelta
) -> None:
    engaged = contact(joined, opened=min(seen, ENGAGED_FOR))
    assert rank(engaged, NOW) < rank(contact(other_joined), NOW)


@given(recent=ages, longer=ages, joined=ages)
def test_who_was_seen_last_comes_first(
    recent: timedelta, longer: timedelta, joined: timedelta
) -> None:
    recent, longer = sorted((min(recent, ENGAGED_FOR), min(longer, ENGAGED_FOR)))
    fresh, stale = contact(joined, opened=recent), contact(timedelta(0), clicked=longer)
    assert rank(fresh, NOW) <= rank(stale, NOW)
    assert (rank(fresh, NOW) == rank(stale, NOW)) == (recent == longer)


@given(newer=ages, older=ages)
def test_of_the_others_the_newest_sign_up_comes_first(newer: timedelta, older: timedelta) -> None:
    newer, older = sorted((newer, older))
    assert rank(contact(newer), NOW) <= rank(contact(older), NOW)


@given(joined=ages, seen=ages, waited=ages)
def test_waiting_alone_never_moves_a_contact_forward(
    joined: timedelta, seen: timedelta, waited: timedelta
) -> None:
    one = contact(joined, opened=seen)
    assert rank(one, NOW) <= rank(one, NOW + waited)
