"""Later: the batches that go on with those of a block who are not done with.

One takes those who got no place or were put off, and where a campaign retries doubts another takes
those in doubt.

There is one of each for a block, put if absent under a key without a fence: whoever comes second,
the holder or a takeover, goes by what is stored. That is how both know who is in doubt: the placed
who are not in the first, and who are in the second where there is one. Those whom rate limits keep,
and their turns, stand in the opened row; for each turn there is a batch of its own, so that nobody
waits for another's limit.
Source: docs/domain/sending.md.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mailtide.domain import batch as rules
from mailtide.domain import block as block_rules
from mailtide.domain import retry
from mailtide.domain.batch import UNPLACED, Batch, Planned
from mailtide.domain.handover import Outcome, Refused


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
        expired: bool = False,
    ) -> frozenset[str]:
        """Carry the unplaced and the put-off over; return the contacts that are carried in truth.

        What we put off ourselves is no refusal: it waits as those do who got no place.

        Args:
            opened: the block's row.
            planned: the block's recipients.
            outcomes: what a transport answered, by index in the block.
            now: the time.
            always: put an empty batch too (a takeover does, so that a holder who comes back late
                cannot carry anybody whom the takeover has marked in doubt).
            expired: carry nobody whom the relay put off: their time is over.
        """
        refusals = {i: o for i, o in outcomes.items() if isinstance(o, Refused) and o.later}
        tried = {i: o for i, o in refusals.items() if o.tried and not expired}
        refused = [planned[i] for i in tried]
        kept = self._put_waiting(opened, planned, now)
        waiting = [one for i, one in enumerate(planned) if opened.placement[i] == UNPLACED]
        waiting += [planned[i] for i, refusal in refusals.items() if not refusal.tried]
        carried = waiting + refused
        if not carried and not always:
            return kept
        due_at = retry.carried_on(now, opened, waiting=bool(waiting), refusals=tried.values())
        draft = rules.successor(opened, due_at, now, refused=bool(refused))
        stored = self.batches.create(draft, carried)
        return kept | {one.contact_id for one in self.batches.recipients(stored)}

    def _put_waiting(
        self, opened: Batch, planned: Sequence[Planned], now: datetime
    ) -> frozenset[str]:
        """Put a batch for each turn that rate limits gave; all of it stands in the opened row."""
        waits = block_rules.waiting(opened)
        for number, due_at in enumerate(opened.waits):
            draft = rules.successor(opened, due_at, now, refused=False, wait=number)
            self.batches.create(
                draft, [planned[i] for i, which in waits.items() if which == number]
            )
        return frozenset(planned[i].contact_id for i in waits)

    def retry(
        self, opened: Batch, doubtful: Sequence[Planned], now: datetime, after: timedelta
    ) -> frozenset[str]:
        """Carry doubts over to when no relay tries any more; return who is carried in truth.

        A holder does so when the rows of all others say what became of them: a takeover that finds
        the batch need doubt nobody else.
        """
        stored = self.batches.create(rules.doubtful(opened, now + after), doubtful)
        return frozenset(one.contact_id for one in self.batches.recipients(stored))
