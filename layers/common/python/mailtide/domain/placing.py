"""Placing: who of a block leaves over which IP, where rate limits have a say.

Everybody has to pass the gates of the identity, then those of an IP and its day. The walk is in
rank order and greedy: whoever comes first is served first, whatever comes of the others.
Source: docs/domain/rates.md.
"""

import math
from collections import Counter, deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailtide.domain.sending_rate import Gate

Way = Gate | str  # what has places: a limit's window, or the day of an IP, by its id


@dataclass(frozen=True, slots=True)
class Gates:
    """What stands before a block's recipients."""

    common: Sequence[Gate]  # of the identity
    own: Mapping[str, Sequence[Gate]]  # of each IP that may be used

    def all(self) -> tuple[Gate, ...]:
        """Return every one."""
        return (*self.common, *(gate for gates in self.own.values() for gate in gates))

    def passed(self, ip_id: str, provider: str) -> list[Way]:
        """Return all that a message to a provider takes a place of when it leaves over an IP."""
        return [*_covering(self.common, provider), *_covering(self.own[ip_id], provider), ip_id]


@dataclass(frozen=True, slots=True)
class Placing:
    """Who leaves how, by index in the block."""

    over: dict[int, str] = field(default_factory=dict)  # IP
    shut: dict[int, frozenset[Gate]] = field(default_factory=dict)  # what keeps them; empty: a day

    def needs(self, gates: Gates, providers: Mapping[int, str]) -> Counter[Way]:
        """Count the places that this takes of each gate and day."""
        return Counter(
            way for i, ip_id in self.over.items() for way in gates.passed(ip_id, providers[i])
        )


def walk(
    providers: Mapping[int, str], gates: Gates, left: Mapping[Way, int | None], seed: str
) -> Placing:
    """Place everybody who passes.

    Args:
        providers: of everybody who may be mailed, by index in the block.
        gates: what they have to pass.
        left: places of each gate and day; None is unlimited, what is missing has none.
        seed: decides which IP has the first turn, so that many small blocks spread.
    """
    rest = {way: math.inf if places is None else places for way, places in left.items()}
    turns = deque(sorted(gates.own))
    turns.rotate(-sum(seed.encode()))
    placing = Placing()
    for i, provider in providers.items():
        shut = _shut(_covering(gates.common, provider), rest)
        ip_id, kept = (None, shut) if shut else _choose(turns, gates, provider, rest)
        if ip_id is None:
            placing.shut[i] = kept
            continue
        placing.over[i] = ip_id
        for way in gates.passed(ip_id, provider):
            rest[way] -= 1
        turns.rotate(-1 - turns.index(ip_id))  # the one behind it is next
    return placing


def _choose(
    turns: Sequence[str], gates: Gates, provider: str, rest: Mapping[Way, float]
) -> tuple[str | None, frozenset[Gate]]:
    """Return the next IP that is open; else what keeps the one that limits keep the shortest."""
    kept: list[frozenset[Gate]] = []
    for ip_id in turns:
        if rest.get(ip_id, 0) < 1:
            continue
        shut = _shut(_covering(gates.own[ip_id], provider), rest)
        if not shut:
            return ip_id, shut
        kept.append(shut)
    return None, min(kept, key=_opens_at, default=frozenset())


def _covering(gates: Sequence[Gate], provider: str) -> list[Gate]:
    return [gate for gate in gates if gate.limit.covers(provider)]


def _opens_at(shut: frozenset[Gate]) -> datetime:
    return max(gate.ends for gate in shut)


def _shut(gates: Sequence[Gate], rest: Mapping[Way, float]) -> frozenset[Gate]:
    return frozenset(gate for gate in gates if rest.get(gate, 0) < 1)
