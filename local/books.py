"""Books: the receivers' ledger against the product's counters, and what must never happen.

Pure. The ledger is the JSON of the receivers' `GET /ledger`; the counters are those of the API.
In total, by provider and by identity every number must be equal. By hour, too, except for what
happened so close to the edge of an hour that either side is right: each fact of the ledger carries
the span in which the product may have stamped it, and counts for certain in an hour only if the
whole span lies in it.

A message in doubt (the connection was lost before the relay answered) was counted as sent ahead of
its hand-over. Once all events are in, one that the relay took is in doubt no longer; so those that
still are have to make up, cell by cell, what is counted as sent and not in the ledger.

Units: spans are closed, aware UTC instants; counts are messages, attempts (`deferred`) or hits.
"""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

Ledger = Mapping[str, Any]  # messages, refusals, duplicates
Cell = tuple[str, str, str]  # (dimension, value, metric), such as ("provider", "gmail", "sent")
Span = tuple[datetime, datetime]

TOTAL, HOUR, PROVIDER, IDENTITY = "total", "hour", "provider", "identity"
METRICS = (
    "sent",
    "failed",
    "delivered",
    "bounced_hard",
    "bounced_soft",
    "bounced_blocked",
    "deferred",
    "opens",
    "unique_opens",
    "clicks",
    "unique_clicks",
    "complaints",
    "unsubscribes",
    "replies",
    "unique_replies",
    "auto_replies",
)
# Who was human is for the product to judge: the ledger's totals are of all hits.
SUMS = {
    hits: tuple(f"{hits}_{verdict}" for verdict in ("human", "machine", "unknown"))
    for hits in ("opens", "clicks")
}
IN_DOUBT = "in_doubt"
KEPT_BACK = "kept_back"  # a fate that counts as no bounce: no receiver was asked
SECOND = timedelta(seconds=1)
# `sent` is stamped before a block's first byte leaves, so the whole block may lie in between.
WRITE_AHEAD = timedelta(seconds=120)
# Posts are stamped while they are answered; the ledger only keeps when they began.
POST = timedelta(seconds=120)


@dataclass(frozen=True, slots=True)
class Fact:
    """One thing that happened, and when the product may say it did."""

    metric: str
    span: Span
    provider: str
    identity: str


@dataclass(frozen=True, slots=True)
class Difference:
    """One number on which the books do not agree."""

    dimension: str
    value: str
    metric: str
    least: int  # what the ledger allows
    most: int
    counted: int  # what the product says

    def __str__(self) -> str:
        place = f"{self.dimension} {self.value}".strip()
        allowed = str(self.least) if self.least == self.most else f"{self.least} to {self.most}"
        return f"{place}: {self.metric} is {self.counted}, the ledger has {allowed}"


def facts(ledger: Ledger) -> Iterator[Fact]:
    """Yield everything that the ledger knows of."""
    for message in ledger["messages"]:
        for metric, span in _spans(message):
            yield Fact(metric, span, message["provider"], message["identity"])


def _spans(message: Mapping[str, Any]) -> Iterator[tuple[str, Span]]:
    accepted = _instant(message["accepted_at"])
    yield "sent", (accepted - WRITE_AHEAD, accepted + SECOND)
    # The relay's own events carry the ledger's very instant.
    for at in map(_instant, message["deferred_at"]):
        yield "deferred", (at, at)
    bounced = [] if message["fate"] == KEPT_BACK else [f"bounced_{message['fate']}"]
    for metric, key, slack in (
        ("delivered", "delivered_at", timedelta()),
        *((metric, "bounced_at", timedelta()) for metric in bounced),
        ("bounced_hard", "returned_at", POST),
        ("complaints", "complained_at", POST),
        ("unsubscribes", "unsubscribed_at", POST),
    ):
        if message[key]:
            at = _instant(message[key])
            yield metric, (at, at + slack)
    for kind in ("opens", "clicks", "replies", "auto_replies"):
        spans = [(_instant(h["started_at"]), _instant(h["answered_at"])) for h in message[kind]]
        yield from ((kind, span) for span in spans)
        if spans and kind != "auto_replies":
            first = (min(start for start, _ in spans), min(end for _, end in spans))
            yield f"unique_{kind}", first


def _instant(text: str) -> datetime:
    return datetime.fromisoformat(text).astimezone(UTC)


def failures(ledger: Ledger) -> int:
    """Count the messages that their carrier refused for good and never took."""
    taken = {message["message_id"] for message in ledger["messages"]}
    refused = {r["message_id"] for r in ledger["refusals"] if r["code"] >= 500}
    return len(refused - taken)


def compare(ledger: Ledger, counters: Mapping[Cell, int]) -> list[Difference]:
    """Return every number that differs; the counters must be those of the ledger's messages.

    Messages that a carrier refused for good are compared in total only: the ledger does not know
    whose they would have been.
    """
    happened = list(facts(ledger))
    exact = Counter(cell for fact in happened for cell in _exact_cells(fact))
    exact[TOTAL, "", "failed"] = failures(ledger)
    ranges = {cell: (count, count) for cell, count in exact.items()} | _by_hour(happened)
    told = _told(counters)
    found = []
    for cell in sorted(set(ranges) | set(told)):
        least, most = ranges.get(cell, (0, 0))
        if not least <= told.get(cell, 0) <= most:
            found.append(Difference(*cell, least, most, told.get(cell, 0)))
    return found + list(_hours_together(exact, told))


def _exact_cells(fact: Fact) -> tuple[Cell, Cell, Cell]:
    return (
        (TOTAL, "", fact.metric),
        (PROVIDER, fact.provider, fact.metric),
        (IDENTITY, fact.identity, fact.metric),
    )


def _by_hour(happened: Iterable[Fact]) -> dict[Cell, tuple[int, int]]:
    """Return how many of each metric lie in an hour for certain, and how many at most."""
    certain: Counter[Cell] = Counter()
    possible: Counter[Cell] = Counter()
    for fact in happened:
        start, end = map(hour, fact.span)
        if start == end:
            certain[HOUR, start, fact.metric] += 1
        # Spans are far shorter than an hour, so there are at most two.
        possible.update((HOUR, name, fact.metric) for name in {start, end})
    return {cell: (certain[cell], most) for cell, most in possible.items()}


def hour(at: datetime) -> str:
    """Name the hour (UTC) an instant lies in: `2026-11-24T10`."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H")


def _told(counters: Mapping[Cell, int]) -> dict[Cell, int]:
    """Return what the product says of the compared metrics, without zeros and doubts."""
    told: Counter[Cell] = Counter()
    parts = {part: total for total, members in SUMS.items() for part in members}
    for (dimension, value, metric), count in counters.items():
        compared = parts.get(metric, metric)
        if metric == IN_DOUBT:
            told[dimension, value, "sent"] -= count
        elif compared in METRICS and (compared != "failed" or dimension == TOTAL):
            told[dimension, value, compared] += count
    return {cell: count for cell, count in told.items() if count}


def _hours_together(exact: Counter[Cell], told: Mapping[Cell, int]) -> Iterator[Difference]:
    """Hours may share what happened at their edges, but they may not lose or gain any of it."""
    for metric in METRICS:
        if metric == "failed":
            continue
        expected = exact[TOTAL, "", metric]
        counted = sum(n for (dim, _, name), n in told.items() if (dim, name) == (HOUR, metric))
        if counted != expected:
            yield Difference("all hours together", "", metric, expected, expected, counted)


def unmailed(ledger: Ledger, expected: Collection[str]) -> set[str]:
    """Return which of these lower-case addresses the carriers neither took nor refused for good."""
    taken = {message["recipient"].lower() for message in ledger["messages"]}
    refused = {r["recipient"].lower() for r in ledger["refusals"] if r["code"] >= 500}
    return set(expected) - taken - refused


def people_problems(
    ledger: Ledger,
    *,
    expected: Collection[str],
    suppressed: Collection[str],
    in_doubt: Collection[str] = (),
) -> list[str]:
    """Say who was mailed twice, against a suppression, without reason or not at all.

    Args:
        ledger: the campaign's.
        expected: lower-case addresses that the campaign is for, the suppressed left out.
        suppressed: lower-case addresses that were suppressed before it started.
        in_doubt: lower-case addresses that the product reports as perhaps never mailed.
    """
    mailed = Counter(message["recipient"].lower() for message in ledger["messages"])
    kinds = (
        ("mailed twice", [who for who, times in mailed.items() if times > 1]),
        ("mailed though suppressed", mailed.keys() & set(suppressed)),
        ("mailed though on no list", mailed.keys() - set(expected) - set(suppressed)),
        ("never mailed", unmailed(ledger, expected) - set(in_doubt)),
        ("mailed and still in doubt", mailed.keys() & set(in_doubt)),
    )
    found = [f"{who}: {problem}" for problem, people in kinds for who in sorted(people)]
    if ledger["duplicates"]:
        found.append(f"the ledger lists {len(ledger['duplicates'])} recipients mailed twice")
    return found


def import_problems(
    rows: int, job: Mapping[str, Any], report: Sequence[Mapping[str, str]], bad: Mapping[int, str]
) -> list[str]:
    """Say what is wrong with a finished import.

    Args:
        rows: how many the file has, without its header.
        job: the import as the API shows it.
        report: the refused rows, each with its `line` and `reason`.
        bad: what is wrong with the file's bad rows, by their line.
    """
    found = []
    parts = {name: int(job[name]) for name in ("imported", "merged", "refused")}
    if sum(parts.values()) != rows or int(job["rows_read"]) != rows:
        found.append(f"{rows} rows were uploaded; {job['rows_read']} read, {parts}")
    listed = {int(row["line"]): row["reason"] for row in report}
    missing, needless = sorted(bad.keys() - listed.keys()), sorted(listed.keys() - bad.keys())
    found += [f"line {line} ({bad[line]}) is not in the report" for line in missing]
    found += [f"line {line} was refused without need: {listed[line]}" for line in needless]
    found += [f"line {line} has no reason" for line in sorted(listed) if not listed[line]]
    if len(report) != len(listed):
        found.append(f"the report has {len(report)} rows for {len(listed)} lines")
    return found
