"""Metrics: what one row of a message adds to the counters.

A counter is a sum over rows: when a row changes from `old` to `new`, the counters change by
f(new) - f(old). So the order, number and grouping of changes cannot matter.

Units: counts of messages or hits per quarter-hour (UTC) of the thing's own time.
Source: docs/tables.md (dimensions that are kept), docs/events.md (what counts as what).
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow, SentState

QUARTER = "%Y-%m-%dT%H:%M"
METRICS = (
    "sent",
    "failed",
    "suppressed",
    "in_doubt",
    "delivered",
    "bounced_hard",
    "bounced_soft",
    "bounced_blocked",
    "deferred",
    "complaints",
    "unsubscribes",
    "opens_human",
    "opens_machine",
    "opens_unknown",
    "unique_opens",
    "unique_opens_human",
    "unique_opens_machine",
    "clicks_human",
    "clicks_machine",
    "clicks_unknown",
    "unique_clicks",
    "unique_clicks_human",
    "unique_clicks_machine",
    "replies",
    "unique_replies",
    "auto_replies",
)
VERDICTS = ("human", "machine", "unknown")  # the order of the counts in an engagement row

_STATES: Mapping[EventType, str] = {
    EventType.DELIVERED: "delivered",
    EventType.DEFERRED: "deferred",
    EventType.COMPLAINED: "complaints",
    EventType.UNSUBSCRIBED: "unsubscribes",
    EventType.SUPPRESSED: "suppressed",
}

Contribution = tuple[str, str]  # (quarter-hour, metric)
Cell = tuple[str, str]  # (campaign id, "dimension#quarter-hour#value")


def quarter(at: datetime) -> str:
    """Return the quarter-hour (UTC) an instant lies in, as `2026-11-24T10:15`."""
    at = at.astimezone(UTC)
    return at.replace(minute=at.minute - at.minute % 15).strftime(QUARTER)


def contributions(row: EventRow) -> Counter[Contribution]:
    """Return what one row adds, by quarter-hour and metric."""
    if row.event_type is EventType.ENGAGEMENT:
        return Counter(dict(_engagement(row.data)))
    metric = _metric(row)
    return Counter({(quarter(row.ts), metric): 1} if metric else {})


def _metric(row: EventRow) -> str | None:
    if row.event_type is EventType.SENT:
        by_state = {SentState.SENT: "sent", SentState.FAILED: "failed"}
        return by_state.get(SentState(row.data["state"]))
    if row.event_type is EventType.BOUNCED:
        kind = str(row.data["kind"])
        return kind if kind == "suppressed" else f"bounced_{kind}"
    if row.event_type is EventType.DOUBTED:
        return None if row.data["settled"] else "in_doubt"
    return _STATES.get(row.event_type)


def _engagement(data: Mapping[str, Any]) -> Iterator[tuple[Contribution, int]]:
    """Read `opens`, `clicks` ({quarter: count per verdict}), answers and `uniques`."""
    for kind in ("opens", "clicks"):
        for bucket, counts in data[kind].items():
            for verdict, count in zip(VERDICTS, counts, strict=True):
                if count:
                    yield (bucket, f"{kind}_{verdict}"), int(count)
    for metric in ("replies", "auto_replies"):
        for bucket, count in data.get(metric, {}).items():  # rows of before there were answers
            yield (bucket, metric), int(count)
    for metric, bucket in data["uniques"].items():
        yield (bucket, metric), 1


def dimensions(row: EventRow) -> tuple[tuple[str, str], ...]:
    """Return the (dimension, value) pairs under which a row is counted."""
    of = row.of
    return (
        ("all", ""),
        ("provider", of.provider),
        ("identity", of.identity_id),
        ("list", of.list_id),
        ("variant", of.variant),
        ("ip", of.ip_id),
    )


def cell(row: EventRow, dimension: str, bucket: str, value: str) -> Cell:
    """Return the key of one counter row."""
    return row.of.campaign_id, f"{dimension}#{bucket}#{value}"


def changes(old: EventRow | None, new: EventRow | None) -> dict[Cell, Counter[str]]:
    """Return f(new) - f(old), by counter row and metric.

    A counter that either side touches is present even when its change is 0: its checkpoint has to
    move, or a second reader of the same batch could add to it twice.
    """
    total: dict[Cell, Counter[str]] = {}
    for row, sign in ((old, -1), (new, 1)):
        if row is None:
            continue
        for (bucket, metric), count in contributions(row).items():
            for dimension, value in dimensions(row):
                counter = total.setdefault(cell(row, dimension, bucket, value), Counter())
                counter[metric] += sign * count
    return total


def totals(rows: Iterable[EventRow]) -> dict[Cell, Counter[str]]:
    """Return the counters that the rows of any number of messages sum up to (a rebuild)."""
    total: dict[Cell, Counter[str]] = {}
    for row in rows:
        for key, counts in changes(None, row).items():
            total.setdefault(key, Counter()).update(counts)
    return total
