"""Confusion: who was human in truth, beside what the product took each hit for.

Pure. A hit of the ledger and a hit of the product's timeline are one when they are of the same
message, kind, method and agent; of several such the first belongs to the first, and so on.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

AGENT_LIMIT = 256  # characters that the product keeps
KINDS = {"opened": "open", "clicked": "click"}  # the product's word to the ledger's
TRUTHS = ("human", "machine")
VERDICTS = ("human", "machine", "unknown")

Pair = tuple[str, str, str]  # (open or click, what it was, what the product took it for)


@dataclass(frozen=True, slots=True)
class Shares:
    """How far a verdict can be trusted; None where there was nothing to judge."""

    precision: float | None  # of the hits called so, those that were
    recall: float | None  # of the hits that were so, those that were called so


@dataclass(frozen=True, slots=True)
class Confusion:
    """The hits of any number of messages."""

    pairs: Mapping[Pair, int]
    lost: int  # hits that only the ledger has
    invented: int  # hits that only the product has

    def count(self, truth: str, verdict: str, kind: str | None = None) -> int:
        """Count hits of one truth and verdict, of one kind or of both."""
        return sum(
            n
            for (k, t, v), n in self.pairs.items()
            if (t, v) == (truth, verdict) and kind in (None, k)
        )

    def shares(self, label: str) -> Shares:
        """Return precision and recall of `human` or `machine`."""
        right = self.count(label, label)
        called = sum(self.count(truth, label) for truth in TRUTHS)
        were = sum(self.count(label, verdict) for verdict in VERDICTS)
        return Shares(right / called if called else None, right / were if were else None)


def confuse(messages: Iterable[tuple[Mapping[str, Any], Iterable[Mapping[str, Any]]]]) -> Confusion:
    """Put the hits of messages side by side.

    Args:
        messages: of each its entry in the ledger and the events of its timeline.
    """
    pairs: Counter[Pair] = Counter()
    lost = invented = 0
    for entry, timeline in messages:
        true, told = _by_likeness(_true_hits(entry)), _by_likeness(_told_hits(timeline))
        for likeness in true.keys() | told.keys():
            truths, verdicts = true[likeness], told[likeness]
            pairs.update((likeness[0], t, v) for t, v in zip(truths, verdicts, strict=False))
            lost += max(0, len(truths) - len(verdicts))
            invented += max(0, len(verdicts) - len(truths))
    return Confusion(pairs, lost, invented)


_Likeness = tuple[str, str, str]  # kind, method, agent
_Hit = tuple[_Likeness, str, str]  # …, instant, human or machine


def _by_likeness(hits: Iterable[_Hit]) -> dict[_Likeness, list[str]]:
    """Return what the hits of one likeness were, in order of time."""
    found: dict[_Likeness, list[str]] = defaultdict(list)
    for likeness, _, label in sorted(hits, key=lambda hit: hit[1]):
        found[likeness].append(label)
    return found


def _true_hits(entry: Mapping[str, Any]) -> Iterator[_Hit]:
    for hit in (*entry["opens"], *entry["clicks"]):
        likeness = (hit["what"], hit["method"], hit["agent"][:AGENT_LIMIT])
        yield likeness, hit["started_at"], hit["kind"]


def _told_hits(timeline: Iterable[Mapping[str, Any]]) -> Iterator[_Hit]:
    for event in timeline:
        if event["type"] in KINDS:
            details = event["details"]
            likeness = (KINDS[event["type"]], details["method"], details.get("user_agent", ""))
            yield likeness, event["at"], event["verdict"]
