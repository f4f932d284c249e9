"""Engagement: whether a person or a machine opened, clicked and answered, from a message's rows.

Each rule that fits adds its score to a hit; the sum decides. The rules look at all rows of the
message and at nothing else, so a verdict can be computed again at any time, from rows in any order.

Units: scores are added; seconds are from the delivery's time, which has whole seconds.
Source: docs/domain/engagement.md (each rule, its score and whose it is).
"""

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow, millis
from mailtide.domain.metrics import VERDICTS, quarter

MACHINE_FROM = 1.0  # a sum of scores from here on is a machine's
UNKNOWN_FROM = 0.5  # from here on it is not taken for a person's
MAX_OPENS = 100  # earliest opens of a message that count
MAX_CLICKS = 500  # earliest clicks; whoever has a link may follow it for ever
MAX_ANSWERS = 100  # earliest answers of each kind; whoever has the address may write for ever
BURST_LINKS = 3  # so many different links ...
BURST = timedelta(seconds=3)  # ... within this time are not a person's
INSTANT = timedelta(seconds=2)  # after delivery: nobody has seen the message yet
EARLY = timedelta(seconds=7)

LAST_OPEN = "last_human_open_at"  # of one message, in its engagement row
LAST_CLICK = "last_human_click_at"
LAST_REPLY = "last_reply_at"

_HITS: Mapping[EventType, str] = {EventType.OPENED: "opens", EventType.CLICKED: "clicks"}
_ANSWERS: Mapping[EventType, str] = {
    EventType.REPLIED: "replies",
    EventType.AUTO_REPLIED: "auto_replies",
}
_BARE_AGENT = "Mozilla/5.0"
_ROBOT = re.compile(  # a Cubot is a phone
    r"(?<!cu)bot\b|crawl|spider|scanner|headless|phantom|puppeteer|playwright|selenium"
    r"|python|\bcurl|wget|libwww|go-http|java/|okhttp|httpclient|http_request|axios|node-?fetch"
    r"|node\.js|\bruby|\bperl|powershell|preview|prefetch|externalhit|monitor|validator|fetcher"
    r"|safelinks|barracuda|mimecast|proofpoint|messagelabs|symantec|trendmicro|fireeye|sophos|zscaler",
    re.IGNORECASE,
)


class Label(StrEnum):
    """Who is behind a hit."""

    HUMAN = "human"
    MACHINE = "machine"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Context:
    """What the rules know of the message beside the hit."""

    delivered_at: datetime | None
    bursts: Sequence[tuple[datetime, datetime]]  # first and last instant of each, by time


@dataclass(frozen=True, slots=True)
class Rule:
    """One sign; a negative score speaks for a person."""

    reason: str
    score: float
    fits: Callable[[EventRow, Context], bool]


@dataclass(frozen=True, slots=True)
class Judged:
    """One hit with its verdict."""

    event_key: str
    type: EventType  # opened or clicked
    at: datetime
    label: Label
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The verdicts of one message's hits, and its answers; each by time."""

    hits: tuple[Judged, ...]
    answers: tuple[EventRow, ...]  # replied and auto_replied: what they are was judged as they came

    @property
    def counted(self) -> Mapping[str, datetime]:
        """The rows that count: their times by their keys."""
        answers = {row.event_key: row.ts for row in self.answers}
        return {hit.event_key: hit.at for hit in self.hits} | answers


def judge(rows: Iterable[EventRow]) -> Verdict:
    """Judge each hit among all rows of one message; what is beyond the limits is left out."""
    everything = sorted({row.event_key: row for row in rows}.values(), key=_by_time)
    opens = _earliest(everything, EventType.OPENED, MAX_OPENS)
    clicks = _earliest(everything, EventType.CLICKED, MAX_CLICKS)
    answers = [row for type_ in _ANSWERS for row in _earliest(everything, type_, MAX_ANSWERS)]
    delivered = next((r.ts for r in everything if r.event_type is EventType.DELIVERED), None)
    context = Context(delivered, _bursts(clicks))
    hits = sorted([*opens, *clicks], key=_by_time)
    judged = tuple(_judged(row, context) for row in hits)
    return Verdict(judged, tuple(sorted(answers, key=_by_time)))


def summary(verdict: Verdict) -> dict[str, Any]:
    """Return what is stored of a verdict.

    `{"opens": {quarter: [human, machine, unknown]}, "clicks": …, "replies": {quarter: count},
    "auto_replies": …, "uniques": {metric: quarter}, "last_human_open_at": ms | None,
    "last_human_click_at": ms | None, "last_reply_at": ms | None}`
    """
    counts: dict[str, dict[str, list[int]]] = {"opens": {}, "clicks": {}}
    uniques: dict[str, str] = {}
    last_human: dict[str, int] = {}
    for hit in verdict.hits:
        kind, bucket = _HITS[hit.type], quarter(hit.at)
        cell = counts[kind].setdefault(bucket, [0] * len(VERDICTS))
        cell[VERDICTS.index(hit.label.value)] += 1
        uniques.setdefault(f"unique_{kind}", bucket)
        if hit.label is not Label.UNKNOWN:
            uniques.setdefault(f"unique_{kind}_{hit.label.value}", bucket)
        if hit.label is Label.HUMAN:
            last_human[kind] = millis(hit.at)
    replies = [row.ts for row in verdict.answers if row.event_type is EventType.REPLIED]
    if replies:
        uniques["unique_replies"] = quarter(replies[0])
    return {
        **counts,
        **_answered(verdict.answers),
        "uniques": uniques,
        LAST_OPEN: last_human.get("opens"),
        LAST_CLICK: last_human.get("clicks"),
        LAST_REPLY: millis(replies[-1]) if replies else None,
    }


def _answered(answers: Iterable[EventRow]) -> dict[str, dict[str, int]]:
    """Return the count of answers of each kind, by quarter-hour."""
    counts: dict[str, Counter[str]] = {kind: Counter() for kind in _ANSWERS.values()}
    for row in answers:
        counts[_ANSWERS[row.event_type]][quarter(row.ts)] += 1
    return {kind: dict(by_quarter) for kind, by_quarter in counts.items()}


def _earliest(rows: Iterable[EventRow], type_: EventType, limit: int) -> list[EventRow]:
    """Return the first rows of a type among rows that are by time."""
    return [row for row in rows if row.event_type is type_][:limit]


def _by_time(row: EventRow) -> tuple[datetime, str]:
    return row.ts, row.event_key


def _judged(row: EventRow, context: Context) -> Judged:
    fitting = [rule for rule in RULES if rule.fits(row, context)]
    score = round(sum(rule.score for rule in fitting), 3)
    label = Label.HUMAN
    if score >= UNKNOWN_FROM:
        label = Label.MACHINE if score >= MACHINE_FROM else Label.UNKNOWN
    reasons = tuple(rule.reason for rule in fitting)
    return Judged(row.event_key, row.event_type, row.ts, label, score, reasons)


def _bursts(clicks: Sequence[EventRow]) -> list[tuple[datetime, datetime]]:
    """Return the spans in which too many different links were fetched at once; none overlap.

    Args:
        clicks: by time.
    """
    found: list[tuple[datetime, datetime]] = []
    links: Counter[str] = Counter()
    start = 0
    for last in clicks:
        links[_text(last, "link")] += 1
        while last.ts - clicks[start].ts > BURST:
            links -= Counter([_text(clicks[start], "link")])
            start += 1
        if len(links) >= BURST_LINKS:
            first = clicks[start].ts
            if found and first <= found[-1][1]:
                first = found.pop()[0]
            found.append((first, last.ts))
    return found


def _text(row: EventRow, name: str) -> str:
    return str(row.data.get(name, ""))


def _after_delivery(row: EventRow, context: Context) -> timedelta | None:
    return row.ts - context.delivered_at if context.delivered_at else None


def _asks_without_looking(row: EventRow, _: Context) -> bool:
    return _text(row, "method").upper() in ("HEAD", "OPTIONS")


def _is_robot(row: EventRow, _: Context) -> bool:
    agent = _text(row, "user_agent").strip()
    return not agent or _ROBOT.search(agent) is not None


def _is_bare(row: EventRow, _: Context) -> bool:
    return _text(row, "user_agent").strip() == _BARE_AGENT


def _in_burst(row: EventRow, context: Context) -> bool:
    return any(first <= row.ts <= last for first, last in context.bursts)


def _is_instant(row: EventRow, context: Context) -> bool:
    after = _after_delivery(row, context)
    return after is not None and after <= INSTANT


def _is_early(row: EventRow, context: Context) -> bool:
    after = _after_delivery(row, context)
    return after is not None and INSTANT < after <= EARLY


def _is_google_proxy(row: EventRow, _: Context) -> bool:
    return "GoogleImageProxy" in _text(row, "user_agent")


RULES: tuple[Rule, ...] = (
    Rule("method", 1.0, _asks_without_looking),
    Rule("agent", 1.0, _is_robot),
    Rule("apple_proxy", 1.0, _is_bare),
    Rule("burst", 1.0, _in_burst),
    Rule("instant", 1.0, _is_instant),
    Rule("early", 0.6, _is_early),
    Rule("google_proxy", -0.6, _is_google_proxy),
)
