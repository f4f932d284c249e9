"""Plan: when a recipient's turn is, with which variant, and not before what instant.

The launch asks one plan for each recipient. Whoever wants other turns (a test of two variants, a
person's best hour, a warm-up that puts some providers first) gives the launch another plan; the
line, the batches and what follows stay as they are.
Source: docs/domain/launching.md.
"""

from collections.abc import Callable, Iterable, Set
from dataclasses import dataclass
from datetime import UTC, datetime

from mailtide.domain import contact as contact_rules
from mailtide.domain.batch import Planned
from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact

VARIANT = "a"  # of a campaign with only one
_AT_ONCE = datetime.min.replace(tzinfo=UTC)  # before whatever is due at an instant


@dataclass(frozen=True, slots=True)
class Plan:
    """One recipient's turn."""

    rank: int  # the least is served first
    variant: str = VARIANT
    due_at: datetime | None = None  # aware; None is at once


Planner = Callable[[Contact], Plan]


def by_rank(_campaign: Campaign, now: datetime) -> Planner:
    """Return the plan of a campaign without anything special: engaged first, all of it at once."""
    return lambda contact: Plan(contact_rules.rank(contact, now))


@dataclass(frozen=True, slots=True)
class Slice:
    """The next recipients in line, who are all due together."""

    due_at: datetime | None
    rank: int  # of the first
    recipients: tuple[Planned, ...]


class Line:
    """The recipients of one shard in the order of their turns: what is due first, best rank first.

    About 0.2 KB for each: a shard of an organisation of ten million takes 125 MB.
    """

    def __init__(self, turns: Iterable[tuple[Planned, Plan]]) -> None:
        """Put recipients in line; of two with one rank the lesser contact id comes first."""
        self._turns = sorted(
            (plan.due_at or _AT_ONCE, plan.rank, one.contact_id, one.list_id, plan.variant)
            for one, plan in turns
        )
        self._first = 0  # everybody before is taken

    def next(self, size: int, taken: Set[str]) -> Slice | None:
        """Return up to `size` who come next and are not taken; None when nobody is left.

        They stay in line until they are among the taken: a put may be refused.
        """
        turns = self._turns
        while self._first < len(turns) and turns[self._first][2] in taken:
            self._first += 1
        if self._first == len(turns):
            return None
        due_at, rank, *_ = turns[self._first]
        chosen: list[Planned] = []
        position = self._first
        while position < len(turns) and len(chosen) < size and turns[position][0] == due_at:
            _, _, contact_id, list_id, variant = turns[position]
            if contact_id not in taken:
                chosen.append(Planned(contact_id, list_id, variant))
            position += 1
        return Slice(None if due_at == _AT_ONCE else due_at, rank, tuple(chosen))
