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

Capacity = Gate | str  # what has places: a limit's window, or the day of an IP, by its id


@dataclass(frozen=True, slots=True)
class Gates:
    """What stands before a block's recipients."""

    common: Sequence[Gate]  # of the identity
    own: Mapping[str, Sequence[Gate]]  # of each IP that may be used

    def all(self) -> tuple[Gate, ...]:
        """Return every one."""
        return (*self.common, *(gate for gates in self.own.values() for gate in gates))

    def passed(self, ip_id: str, provider: str) -> list[Capacity]:
        """Return all that a message to a provider takes a place of when it leaves over an IP."""
        return [*_covering(self.common, provider), *_covering(self.own[ip_id], provider), ip_id]


@dataclass(frozen=True, slots=True)
class Placing:
    """Who leaves how, and what blocks the others, by index in the block."""

    over: dict[int, str] = field(default_factory=dict)  # IP
    blocked_by: dict[int, frozenset[Gate]] = field(default_factory=dict)  # nothing: by a day

    def needs(self, gates: Gates, providers: Mapping[int, str]) -> Counter[Capacity]:
        """Count the places that this takes of each gate and day."""
        return Counter(
            one for i, ip_id in self.over.items() for one in gates.passed(ip_id, providers[i])
        )


def walk(
    providers: Mapping[int, str], gates: Gates, places: Mapping[Capacity, int | None], seed: str
) -> Placing:
    """Place everybody who passes.

    Args:
        providers: of everybody who may be mailed, by index in the block.
        gates: what they have to pass.
        places: of each gate and day; None is unlimited, what is missing has none.
        seed: decides which IP has the first turn, so that many small blocks spread.
    """
    rest = {one: math.inf if number is None else number for one, number in places.items()}
    turns = deque(sorted(gates.own))
    turns.rotate(-sum(seed.encode()))
    placing = Placing()
    for i, provider in providers.items():
        shut = _shut(_covering(gates.common, provider), rest)
        ip_id, shut = (None, shut) if shut else _choose(turns, gates, provider, rest)
        if ip_id is None:
            placing.blocked_by[i] = shut
            continue
        placing.over[i] = ip_id
        for one in gates.passed(ip_id, provider):
            rest[one] -= 1
        turns.rotate(-1 - turns.index(ip_id))  # the one behind it is next
    return placing


def _choose(
    turns: Sequence[str], gates: Gates, provider: str, rest: Mapping[Capacity, float]
) -> tuple[str | None, frozenset[Gate]]:
    """Return the next IP that is open; else the shut gates of the one that opens first.

    An IP whose day is over opens for nobody.
    """
    blocks: list[frozenset[Gate]] = []
    for ip_id in turns:
        if rest.get(ip_id, 0) < 1:
            continue
        shut = _shut(_covering(gates.own[ip_id], provider), rest)
        if not shut:
            return ip_id, shut
        blocks.append(shut)
    return None, min(blocks, key=_opens_at, default=frozenset())


def _covering(gates: Sequence[Gate], provider: str) -> list[Gate]:
    return [gate for gate in gates if gate.limit.covers(provider)]


def _shut(gates: Sequence[Gate], rest: Mapping[Capacity, float]) -> frozenset[Gate]:
    return frozenset(gate for gate in gates if rest.get(gate, 0) < 1)


def _opens_at(shut: frozenset[Gate]) -> datetime:
    return max(gate.ends for gate in shut)
