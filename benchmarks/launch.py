"""Launch: what 10,000 to 1,000,000 contacts cost, on stores in memory that are themselves linear.

The stores make their pages as they are asked for, as DynamoDB does (1 MB a page, read units by
4 KB), so a process holds no contact but those that the flow keeps; manifests are kept as the bytes
that would lie in the bucket. Every size runs in a process of its own, whose peak memory counts.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta

from benchmarks.promise import Promise
from mailtide.domain.batch import Batch, Planned
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.identifiers import SHARDS
from mailtide.domain.segment import Segment
from mailtide.domain.suppression import Evidence, Reason, Suppression
from mailtide.flows.audience import Audiences
from mailtide.flows.launch import Launch

SIZES = (10_000, 100_000, 1_000_000)
ROUNDS = 3  # of the sizes whose time a noisy machine could blur
PAGE_BYTES = 1024 * 1024
UNIT_BYTES = 4096  # of a consistent read
CONTACT_BYTES = 350
MEMBER_BYTES = 100
SUPPRESSION_BYTES = 200
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
_FIRST_LETTERS = dict(zip(SHARDS, "02468acegikmoqsu", strict=True))  # of ids in base 32
CAMPAIGN = Campaign(
    "acme", "c1", "Spring", ("l1", "l2"), "t", "i", State.SENDING, NOW, NOW, None, frozenset(SHARDS)
)


@dataclass
class Cost:
    """What was asked of the stores."""

    calls: int = 0
    units: float = 0.0

    def pages(self, count: int, each: int) -> Iterator[range]:
        """Yield the positions of each page of so many items."""
        size = PAGE_BYTES // each
        for first in range(0, max(count, 1), size):
            page = range(first, min(first + size, count))
            self.calls += 1
            self.units += max(1, -(-len(page) * each // UNIT_BYTES))
            yield page


@dataclass
class People:
    """An organisation: every contact is on the first list, each third on the second, too.

    One in a hundred is suppressed.
    """

    size: int
    cost: Cost

    def members(self, list_id: str, shard: str) -> Iterator[str]:
        """Yield the members of one shard of a list."""
        step = 1 if list_id == "l1" else 3
        for page in self.cost.pages(self._in_shard() // step, MEMBER_BYTES):
            yield from [_id(shard, n * step) for n in page]

    def mark_sent(self, _org_id: str, _list_id: str, _at: datetime) -> None:
        """Note when a list was sent to."""
        self.cost.calls += 1

    def _in_shard(self) -> int:
        return self.size // len(SHARDS)


class Segments:
    """The campaign has none."""

    def get_many(self, _org_id: str, _ids: Sequence[str]) -> Mapping[str, Segment]:
        """Return nothing."""
        return {}


class Contacts(People):
    """The organisation's contacts."""

    def get_many(self, _org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Refuse: every member has a contact."""
        raise AssertionError(f"{len(contact_ids)} members without a contact")

    def of_shard(self, org_id: str, shard: str) -> Iterator[Contact]:
        """Yield the contacts of a shard; ranks are in no order."""
        for page in self.cost.pages(self._in_shard(), CONTACT_BYTES):
            for n in page:
                joined = NOW - timedelta(seconds=n * 7919 % 1_000_003)
                contact_id = _id(shard, n)
                opened = joined if n % 3 == 0 else None
                yield Contact(
                    org_id, contact_id, f"{n}@example.com", "gmail", joined, {}, None, opened
                )


class Suppressions(People):
    """Whom the organisation does not write to."""

    def of_shard(self, org_id: str, shard: str) -> Iterator[Suppression]:
        """Yield the suppressions of a shard."""
        stop = {Reason.UNSUBSCRIBE: Evidence(NOW, "one click")}
        for page in self.cost.pages(self._in_shard() // 100, SUPPRESSION_BYTES):
            yield from [Suppression(org_id, _id(shard, n * 100), stop) for n in page]

    def get_many(self, _org_id: str, _contact_ids: Sequence[str]) -> Mapping[str, Suppression]:
        """Answer for a few people: the lists here are too long for that."""
        raise NotImplementedError


@dataclass
class Batches:
    """Manifests as bytes, and how many batches each shard has."""

    cost: Cost
    manifests: dict[str, list[bytes]] = field(default_factory=lambda: {s: [] for s in SHARDS})
    last: Sequence[Planned] = ()

    def stored(
        self, _campaign_id: str, _shard: str, _first: int = 0
    ) -> Sequence[tuple[Batch, Sequence[Planned]]]:
        """Return the batches from a number on: none, for nobody else launches."""
        self.cost.calls += 2  # the rows, and a manifest without one
        self.cost.units += 1
        return []

    def create(self, draft: Batch, recipients: Sequence[Planned]) -> Batch:
        """Put manifest and row."""
        self.cost.calls += 2
        written = json.dumps([[r.contact_id, r.list_id, r.variant] for r in recipients]).encode()
        self.manifests[draft.ref.shard].append(written)
        self.last = recipients
        return draft

    def recipients(self, _batch: Batch) -> Sequence[Planned]:
        """Return the recipients of the batch that was put last."""
        return self.last

    def exclude(self, _campaign_id: str, _shard: str, reasons: Mapping[str, str]) -> None:
        """Put whom the launch left out."""
        self.cost.calls += 1
        json.dumps(dict(reasons))


@dataclass
class Campaigns:
    """The one campaign."""

    cost: Cost
    campaign: Campaign = CAMPAIGN
    planned: int = 0

    def get(self, _org_id: str, _campaign_id: str) -> Campaign:
        """Read it."""
        self.cost.calls += 1
        self.cost.units += 1
        return self.campaign

    def shard_launched(
        self, _org: str, _campaign_id: str, shard: str, *, planned: int, excluded: object
    ) -> frozenset[str]:
        """Take a shard off those to launch."""
        self.cost.calls += 2
        self.planned += planned
        self.campaign = replace(self.campaign, launching=self.campaign.launching - {shard})
        return self.campaign.launching


class Launches:
    """Nobody asks for another run: each shard has all the time it needs."""

    def launch(self, _org_id: str, _campaign_id: str, shards: Iterable[str]) -> None:
        """Refuse."""
        raise AssertionError(f"shards {shards} did not finish")


def run() -> Iterable[Promise]:
    """Launch each size, the greatest against the least."""
    found = {size: _measured(size) for size in SIZES}
    least, most = found[SIZES[0]], found[SIZES[-1]]
    for name, what, unit in (
        ("cpu", "CPU", "s"),
        ("calls", "calls", "calls"),
        ("units", "read units", "units"),
    ):
        yield Promise(
            f"launch: {what} per contact, 1,000,000 against 10,000",
            (most[name] / SIZES[-1]) / (least[name] / SIZES[0]),
            1.5,
            at_least=False,
            figures=", ".join(f"{size:,}: {of[name]:,.5g} {unit}" for size, of in found.items()),
        )
    yield Promise(
        "launch of 1,000,000: peak memory of its process",
        most["memory"] / 2**20,
        512,
        at_least=False,
        figures=f"10,000: {least['memory'] / 2**20:.0f} MB; {most['seconds']:.1f} s in one process,"
        f" of which a page in memory and one shard's line; the manifests are {most['bytes']:,} B",
        unit="MB",
    )


def _measured(size: int) -> dict[str, float]:
    """Launch in a process of its own; of several runs the one that took least."""
    runs = []
    for _ in range(ROUNDS):
        command = [sys.executable, "-m", "benchmarks.launch", str(size)]
        shown = subprocess.run(command, check=True, capture_output=True).stdout
        runs.append(json.loads(shown))
    return dict(min(runs, key=lambda one: one["cpu"]))


def _launch(size: int) -> dict[str, float]:
    cost = Cost()
    people = People(size, cost)
    campaigns, batches = Campaigns(cost), Batches(cost)
    launch = Launch(
        campaigns=campaigns,
        lists=people,
        segments=Segments(),
        audiences=Audiences(people, Contacts(size, cost), Suppressions(size, cost), few=0),
        batches=batches,
        launches=Launches(),
        release=tuple,
        clock=lambda: NOW,
    )
    began, cpu = time.perf_counter(), time.process_time()
    for shard in SHARDS:
        launch.run("acme", "c1", shard, NOW + timedelta(hours=1))
    return {
        "cpu": time.process_time() - cpu,
        "seconds": time.perf_counter() - began,
        "calls": cost.calls,
        "units": cost.units,
        "memory": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024,
        "bytes": sum(len(one) for many in batches.manifests.values() for one in many),
        "planned": campaigns.planned,
    }


def _id(shard: str, number: int) -> str:
    return f"{_FIRST_LETTERS[shard]}{number:025d}"


if __name__ == "__main__":
    print(json.dumps(_launch(int(sys.argv[1]))))
