"""Aftermath: what receivers and readers make of the mail, and the flows that bring it back.

The relay's reports and the readers' hits go through a queue into `ingest`; the changes of the event
rows lie in a stream of two shards that `rollup` and `react` read, in cuts of any size, again after
a failure, and now and then by a reader who was given up long ago.
"""

import json
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from local.memory.bucket import Bucket
from local.memory.contacts import Contacts
from local.memory.counters import Counters
from local.memory.engagement import Engagement
from local.memory.events import Events
from local.memory.rows import Change as Record
from local.memory.rows import EventTable
from local.world.case import REDACTOR
from local.world.clock import Clock
from local.world.queue import Queue
from local.world.relay import Taken
from mailtide.domain.event import EventType
from mailtide.domain.organisation import Source, SourceKind
from mailtide.flows import envelope
from mailtide.flows.envelope import Hit
from mailtide.flows.firing import Happening
from mailtide.flows.ingest import Ingest
from mailtide.flows.react import React
from mailtide.flows.rollup import Change, Rollup, Unreadable

SOURCE = "source0000000000"
SHARDS = ("shard-a", "shard-b")
BROWSER = "Mozilla/5.0 (Macintosh; Intel Mac OS X 14_5) AppleWebKit/605.1.15 Safari/605.1.15"
Wrap = Callable[[object, str], Any]


@dataclass(frozen=True, slots=True)
class Sources:
    """The one source, of one organisation."""

    org_id: str
    since: datetime

    def find_source(self, source_id: str) -> Source | None:
        """Return the source."""
        if source_id != SOURCE:
            return None
        return Source(self.org_id, SOURCE, SourceKind.STALWART, "relay", self.since)


@dataclass(slots=True)
class Aftermath:
    """All that follows a hand-over."""

    clock: Clock
    chance: random.Random
    table: EventTable
    queue: Queue[str]
    wrap: Wrap  # makes every call of a collaborator a step
    org_id: str
    suppressions: Any
    readers: float = 1.0  # share of the messages of which anything more is heard
    stream_cut: int = 9  # records of a batch of the stream, at most
    counters: Counters = field(default_factory=Counters)
    engagement: Engagement = field(default_factory=lambda: Engagement(set()))
    bucket: Bucket = field(default_factory=Bucket)
    shards: dict[str, list[Record]] = field(default_factory=lambda: {s: [] for s in SHARDS})
    dealt: int = 0  # records of the stream that lie in a shard
    cursors: dict[tuple[str, str], int] = field(default_factory=dict)  # (reader, shard) -> index
    unheard: list[Taken] = field(default_factory=list)  # of which nobody tells anything
    told: list[str] = field(default_factory=list)  # every payload that was ever queued

    def follow(self, taken: Taken, envelope_from: str) -> None:
        """Queue what becomes of one message that the relay took."""
        if self.readers < 1 and self.chance.random() >= self.readers:
            self.unheard.append(taken)
            return
        at = taken.at.replace(microsecond=0) + timedelta(seconds=self.chance.randint(1, 300))
        fate = self.chance.choice(["delivered", "delivered", "delivered", "hard", "deferred"])
        if fate == "deferred":
            self._report("queue.rescheduled", at, taken, envelope_from, {})
            at += timedelta(minutes=self.chance.randint(1, 40))
        if fate == "hard":
            words = {"code": 550, "details": "5.1.1 The email account does not exist"}
            self._report("delivery.rcpt-to-rejected", at, taken, envelope_from, words)
            self._report("delivery.dsn-perm-fail", at, taken, envelope_from, words)
            return
        self._report("delivery.delivered", at, taken, envelope_from, {"code": 250, "details": "ok"})
        for _ in range(self.chance.choice([0, 1, 3])):
            at += timedelta(seconds=self.chance.randint(1, 2000))
            self._hit(taken, at)

    def ingest(self, text: str) -> None:
        """Run the ingest flow on one message of the queue."""
        Ingest(
            events=self.wrap(Events(self.table), "events"),
            sources=Sources(self.org_id, self.clock.now),
            suppressions=self.wrap(self.suppressions, "suppressions"),
            bucket=self.wrap(self.bucket, "bucket"),
            redactor=REDACTOR,
            read_address=lambda _address: None,  # no mail comes into this world
            name_contact=lambda _org_id, _address: None,
        ).run(text)

    def behind(self, reader: str, shard: str) -> bool:
        """Say whether a shard has records that a reader has not finished."""
        for record in self.table.stream[self.dealt :]:
            self.shards[_shard_of(record)].append(record)
        self.dealt = len(self.table.stream)
        return self.cursors.get((reader, shard), 0) < len(self.shards[shard])

    def next_batch(self, reader: str, shard: str) -> tuple[list[Record], Callable[[], None]]:
        """Cut a batch of any size behind what a reader has finished; and what to do when it has."""
        records = self.shards[shard]
        start = self.cursors.get((reader, shard), 0)
        end = min(len(records), start + self.chance.randint(1, self.stream_cut))

        def finished() -> None:
            self.cursors[reader, shard] = max(end, self.cursors.get((reader, shard), 0))

        return records[start:end], finished

    def rollup(self, records: list[Record], shard: str) -> None:
        """Run the rollup flow on one batch of one shard."""
        counters = self.wrap(self.counters, "counters")
        Rollup(counters, _NoQuarantine(), emulated=False).run(_changes(records), shard)

    def react(self, records: list[Record], _shard: str) -> None:
        """Run the react flow on one batch."""
        engagement = self.wrap(self.engagement, "engagement")
        React(engagement, Contacts(), _NoTriggers()).run(_changes(records))

    def _report(
        self, word: str, at: datetime, taken: Taken, sender: str, words: dict[str, Any]
    ) -> None:
        data = {"from": sender, "to": taken.recipient, "hostname": "mx.example.com", **words}
        created = at.strftime("%Y-%m-%dT%H:%M:%SZ")
        event = {"id": "1", "createdAt": created, "type": word, "data": data}
        body = json.dumps({"events": [event]}).encode()
        envelope.send_bodies(envelope.STALWART, SOURCE, [body], at, _Sink(self), self.bucket)

    def _hit(self, taken: Taken, at: datetime) -> None:
        type_ = self.chance.choice([EventType.OPENED, EventType.CLICKED])
        request = str(self.chance.random())
        key = envelope.hit_key(type_, at, taken.message_id, request)
        link = None if type_ is EventType.OPENED else self.chance.randint(0, 3)
        agent = self.chance.choice([BROWSER, "", "Mozilla/5.0"])
        url = None if link is None else f"https://example.com/{link}"
        hit = Hit(type_, taken.message_id, key, at, "GET", agent, "192.0.2.1", link, url)
        self.tell(envelope.write_hits([hit], at))

    def tell(self, text: str) -> None:
        """Queue one payload."""
        self.told.append(text)
        self.queue.put(text)


@dataclass(frozen=True, slots=True)
class _Sink:
    """The queue as the webhook sees it."""

    aftermath: Aftermath

    def send(self, body: str) -> None:
        self.aftermath.tell(body)

    def send_all(self, bodies: Iterable[str]) -> None:
        for body in bodies:
            self.send(body)


class _NoTriggers:
    """Nothing fires."""

    def run(self, _org_id: str, _happenings: Sequence[Happening]) -> list[str]:
        return []


class _NoQuarantine:
    """There are no unreadable records here."""

    def put(self, shard: str, record: Unreadable) -> None:
        raise AssertionError(f"unreadable record in {shard}: {record}")


def _shard_of(record: Record) -> str:
    row = record.new or record.old
    return SHARDS[row is not None and row.message_id[-1] in "02468acegikmoqsu"]


def _changes(records: list[Record]) -> list[Change | Unreadable]:
    return [Change(f"{r.sequence:021d}", r.old, r.new) for r in records]
