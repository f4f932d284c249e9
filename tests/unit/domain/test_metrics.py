"""Metrics: what each row counts as, where, and that counters are sums over rows."""

from collections import Counter
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import metrics
from mailtide.domain.event import EventType
from mailtide.domain.message import Dimensions, EventRow
from mailtide.domain.metrics import METRICS, Cell

AT = datetime(2026, 11, 24, 10, 20, tzinfo=UTC)
BUCKET = "2026-11-24T10:15"
ENGAGED: dict[str, Any] = {
    "opens": {BUCKET: [1, 2, 0], "2026-11-24T11:00": [0, 0, 3]},
    "clicks": {BUCKET: [1, 0, 0]},
    "replies": {BUCKET: 2},
    "auto_replies": {BUCKET: 1},
    "uniques": {"unique_opens": BUCKET, "unique_clicks_human": "2026-11-24T11:00"},
}


def row(type_: EventType, at: datetime = AT, ip: str = "ip1", **data: Any) -> EventRow:
    """Return a row of a message over a sending IP."""
    of = Dimensions("org", "camp", "contact", "list1", "a", "identity1", ip, "gmail")
    return EventRow("m", type_.value, type_, of, at, data=data)


@pytest.mark.parametrize(
    ("at", "bucket"),
    [
        (datetime(2026, 11, 24, 10, 0, tzinfo=UTC), "2026-11-24T10:00"),
        (datetime(2026, 11, 24, 10, 14, 59, 999999, tzinfo=UTC), "2026-11-24T10:00"),
        (datetime(2026, 11, 24, 10, 15, tzinfo=UTC), "2026-11-24T10:15"),
        (datetime(2026, 12, 31, 23, 59, 59, tzinfo=UTC), "2026-12-31T23:45"),
        (  # Kathmandu is at +05:45
            datetime(2026, 11, 24, 5, 50, tzinfo=timezone(timedelta(hours=5, minutes=45))),
            "2026-11-24T00:00",
        ),
    ],
)
def test_the_quarter_hour_of_an_instant(at: datetime, bucket: str) -> None:
    assert metrics.quarter(at) == bucket


@pytest.mark.parametrize(
    ("one", "metric"),
    [
        (row(EventType.SENT, state="sent"), "sent"),
        (row(EventType.SENT, state="failed"), "failed"),
        (row(EventType.SENT, state="refused"), None),  # a later batch goes on with it
        (row(EventType.SUPPRESSED, reason="unsubscribe"), "suppressed"),
        (row(EventType.DOUBTED, settled=False), "in_doubt"),
        (row(EventType.DOUBTED, settled=True), None),
        (row(EventType.DELIVERED), "delivered"),
        (row(EventType.BOUNCED, kind="hard"), "bounced_hard"),
        (row(EventType.BOUNCED, kind="soft"), "bounced_soft"),
        (row(EventType.BOUNCED, kind="blocked"), "bounced_blocked"),
        (row(EventType.BOUNCED, kind="suppressed"), "suppressed"),  # nobody was asked
        (row(EventType.DEFERRED), "deferred"),
        (row(EventType.COMPLAINED), "complaints"),
        (row(EventType.UNSUBSCRIBED), "unsubscribes"),
        (row(EventType.OPENED), None),  # hits count through the engagement row
        (row(EventType.CLICKED), None),
        (row(EventType.REPLIED), None),
        (row(EventType.AUTO_REPLIED), None),
    ],
)
def test_what_a_row_counts_as(one: EventRow, metric: str | None) -> None:
    assert metrics.contributions(one) == ({(BUCKET, metric): 1} if metric else {})
    assert metric is None or metric in METRICS


def test_an_engagement_row_of_before_there_were_replies_counts_the_rest() -> None:
    before = {name: ENGAGED[name] for name in ("opens", "clicks", "uniques")}
    counted = metrics.contributions(row(EventType.ENGAGEMENT, **before))
    assert counted[BUCKET, "opens_human"] == 1
    assert not {metric for _, metric in counted} & {"replies", "auto_replies"}


def test_an_engagement_row_counts_each_verdict_in_its_quarter_hour() -> None:
    assert metrics.contributions(row(EventType.ENGAGEMENT, **ENGAGED)) == {
        (BUCKET, "opens_human"): 1,
        (BUCKET, "opens_machine"): 2,
        ("2026-11-24T11:00", "opens_unknown"): 3,
        (BUCKET, "clicks_human"): 1,
        (BUCKET, "unique_opens"): 1,
        ("2026-11-24T11:00", "unique_clicks_human"): 1,
        (BUCKET, "replies"): 2,
        (BUCKET, "auto_replies"): 1,
    }


def test_a_row_is_counted_once_in_each_dimension() -> None:
    cells = metrics.changes(None, row(EventType.DELIVERED))
    assert cells == {
        ("camp", f"{name}#{BUCKET}#{value}"): Counter(delivered=1)
        for name, value in (
            ("all", ""),
            ("provider", "gmail"),
            ("identity", "identity1"),
            ("list", "list1"),
            ("variant", "a"),
            ("ip", "ip1"),
        )
    }


def test_a_corrected_row_takes_back_what_it_counted() -> None:
    sent, failed = row(EventType.SENT, state="sent"), row(EventType.SENT, state="failed")
    assert metrics.changes(sent, failed)["camp", f"all#{BUCKET}#"] == {"sent": -1, "failed": 1}


def test_a_removed_row_takes_back_what_it_counted() -> None:
    assert metrics.changes(row(EventType.DELIVERED), None)["camp", f"all#{BUCKET}#"] == {
        "delivered": -1
    }


def test_a_row_that_moves_to_another_ip_changes_both_counters() -> None:
    old = row(EventType.SENT, ip="ip1", state="sent")
    new = row(EventType.SENT, ip="ip2", at=AT + timedelta(minutes=15), state="sent")
    cells = metrics.changes(old, new)
    assert cells["camp", f"ip#{BUCKET}#ip1"] == {"sent": -1}
    assert cells["camp", "ip#2026-11-24T10:30#ip2"] == {"sent": 1}


def test_a_counter_whose_change_is_zero_is_kept() -> None:
    old = row(EventType.DELIVERED, order="02#1#aa")
    new = row(EventType.DELIVERED, order="01#1#bb")
    cells = metrics.changes(old, new)
    assert len(cells) == 6
    assert all(counts == Counter(delivered=0) for counts in cells.values())
    assert all("delivered" in counts for counts in cells.values())


def test_nothing_becomes_nothing() -> None:
    assert metrics.changes(None, None) == {}


buckets = st.sampled_from([BUCKET, "2026-11-24T10:30", "2026-11-24T10:45"])
hits = st.dictionaries(buckets, st.lists(st.integers(0, 3), min_size=3, max_size=3), max_size=2)
uniques = st.dictionaries(st.sampled_from(["unique_opens", "unique_clicks"]), buckets)
ips = st.sampled_from(["", "ip1", "ip2"])
times = st.integers(0, 4).map(lambda n: AT + timedelta(minutes=15 * n))
states = st.sampled_from(["sent", "refused", "failed"])
rows = st.one_of(
    st.builds(row, st.just(EventType.SENT), times, ips, state=states),
    st.builds(row, st.just(EventType.DOUBTED), times, ips, settled=st.booleans()),
    st.builds(row, st.sampled_from([EventType.DELIVERED, EventType.DEFERRED]), times, ips),
    st.builds(
        row, st.just(EventType.ENGAGEMENT), times, ips, opens=hits, clicks=hits, uniques=uniques
    ),
)
writes = st.lists(st.tuples(st.integers(0, 4), st.none() | rows), max_size=30)


def nonzero(cells: dict[Cell, Counter[str]]) -> dict[Cell, dict[str, int]]:
    """Return the counters without what is zero."""
    found = {key: {m: n for m, n in counts.items() if n} for key, counts in cells.items()}
    return {key: counts for key, counts in found.items() if counts}


@given(writes)
def test_any_sequence_of_changes_sums_to_the_totals_of_the_rows_that_are_left(
    sequence: list[tuple[int, EventRow | None]],
) -> None:
    stored: dict[int, EventRow] = {}
    counters: dict[Cell, Counter[str]] = {}
    for key, new in sequence:
        for cell, counts in metrics.changes(stored.pop(key, None), new).items():
            counters.setdefault(cell, Counter()).update(counts)
        if new is not None:
            stored[key] = new
    assert nonzero(counters) == nonzero(metrics.totals(stored.values()))


@given(st.none() | rows, st.none() | rows)
def test_a_change_touches_every_counter_of_both_sides(
    old: EventRow | None, new: EventRow | None
) -> None:
    touched = set(metrics.changes(old, new))
    assert touched == set(metrics.changes(None, old)) | set(metrics.changes(None, new))


@given(rows, rows)
def test_a_change_and_its_reverse_cancel_out(old: EventRow, new: EventRow) -> None:
    total = metrics.changes(old, new)
    for cell, counts in metrics.changes(new, old).items():
        total[cell].update(counts)
    assert nonzero(total) == {}


@given(st.lists(rows, max_size=8))
def test_each_dimension_sums_to_the_same_counts(several: list[EventRow]) -> None:
    by_dimension: dict[str, Counter[str]] = {}
    for (_, name), counts in metrics.totals(several).items():
        by_dimension.setdefault(name.split("#")[0], Counter()).update(counts)
    assert len({tuple(sorted(counts.items())) for counts in by_dimension.values()}) <= 1
