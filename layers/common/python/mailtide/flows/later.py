"""Later: the batch that goes on with those of a block who got no place or were put off.

There is one for each block, put if absent under a key without a fence: whoever comes second, the
holder or a takeover, goes by what is stored. That is how both know who is in doubt: the placed who
are not in it.
Source: docs/domain/sending.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Protocol

from mailtide.domain import batch as rules
from mailtide.domain.batch import UNPLACED, Batch, Planned
from mailtide.domain.handover import Outcome, Refused

MAX_TRIES = 12  # refusals in a row; with the steps below about 30 hours, then it has failed
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=4)
NO_PLACE = timedelta(minutes=10)  # a limit may be raised in the course of the day


class Batches(Protocol):
    """The rows of batches."""

    def create(self, draft: Batch, recipients: Sequence[Planned]) -> Batch:
        """Put manifest and row if absent; return the row that is stored, whoever wrote it.

        The store fills in count, inline recipients or manifest key; a draft without recipients is
        stored as done.
        """
        ...

    def recipients(self, batch: Batch) -> Sequence[Planned]:
        """Return the manifest's recipients in order."""
        ...


@dataclass(frozen=True, slots=True)
class Later:
    """Puts later batches."""

    batches: Batches

    def put(
        self,
        opened: Batch,
        planned: Sequence[Planned],
        outcomes: Mapping[int, Outcome],
        now: datetime,
        *,
        always: bool = False,
    ) -> frozenset[str]:
        """Carry the unplaced and the put-off over; return the contacts that are carried in truth.

        Args:
            opened: the block's row.
            planned: the block's recipients.
            outcomes: what a transport answered, by index in the block.
            now: the time.
            always: put an empty batch too (a takeover does, so that a holder who comes back late
                cannot carry anybody whom the takeover has marked in doubt).
        """
        unplaced = [one for i, one in enumerate(planned) if opened.placement[i] == UNPLACED]
        put_off = [planned[i] for i, outcome in outcomes.items() if _put_off(outcome)]
        if opened.tries >= MAX_TRIES:
            put_off = []
        carried = unplaced + put_off
        if not carried and not always:
            return frozenset()
        due_at = max(_dues(opened.tries, now, unplaced, put_off), default=now)
        draft = rules.successor(opened, due_at, refused=bool(put_off))
        stored = self.batches.create(draft, carried)
        return frozenset(one.contact_id for one in self.batches.recipients(stored))


def _put_off(outcome: Outcome) -> bool:
    return isinstance(outcome, Refused) and outcome.later


def _dues(
    tries: int, now: datetime, unplaced: Sequence[Planned], put_off: Sequence[Planned]
) -> list[datetime]:
    """Return when each kind may go on: at midnight UTC at the latest, or by back-off.

    A batch that holds both waits for the later of them: it counts one refusal for everybody in it,
    and the back-off is what makes so many refusals last more than a day.
    """
    dues = []
    if unplaced:
        midnight = datetime.combine(now.date() + timedelta(days=1), time(tzinfo=UTC))
        dues.append(min(midnight, now + NO_PLACE))
    if put_off:
        dues.append(now + min(FIRST_RETRY * 2**tries, LONGEST_RETRY))
    return dues
