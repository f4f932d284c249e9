"""Takeover: what becomes of a block whose holder died or came too late.

A block that was opened may have mailed everybody placed in it, and nobody may be mailed twice. So
the placed are in doubt unless the block's later batch has them; evidence settles doubts.
Source: docs/domain/sending.md.
"""

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain import block as block_rules
from mailtide.domain.batch import Batch, Planned, Tally
from mailtide.domain.block import Recipient
from mailtide.domain.campaign import Campaign
from mailtide.domain.handover import Accepted, Refused
from mailtide.domain.message import EventRow
from mailtide.flows.block import BlockResult
from mailtide.flows.conclude import vouch
from mailtide.flows.later import Later

PUT_OFF = Refused(later=True, code=None, response="put off before the sender was replaced")


class Reader(Protocol):
    """Reads what a block's recipients are at this moment."""

    def read(self, batch: Batch) -> Sequence[Recipient]:
        """Return the recipients of the opened block, in the manifest's order."""
        ...


class Messages(Protocol):
    """The rows of messages, as far as a takeover writes them."""

    def put_newer(self, row: EventRow) -> bool:
        """Write a row unless its key holds one of the same or a later attempt; True if written."""
        ...

    def correct(self, row: EventRow) -> bool:
        """Replace the message's row of the same key if its attempt is `row.attempt`."""
        ...

    def replace(self, old: EventRow, new: EventRow) -> bool:
        """Write `new` if the row still reads as `old`; True when it was written."""
        ...


class Doubts(Protocol):
    """The marks of messages nobody can vouch for (flows/doubts.py)."""

    def mark(self, marks: Sequence[EventRow]) -> int:
        """Mark messages in doubt, then look for evidence; return how many stay in doubt."""
        ...

    def settle_with_evidence(self, message_ids: Collection[str]) -> int:
        """Settle the marks of those messages that have evidence; return how many have."""
        ...


@dataclass(frozen=True, slots=True)
class Takeover:
    """Both sides of a takeover: the new holder's and the late one's."""

    reader: Reader
    messages: Messages
    doubts: Doubts
    later: Later
    clock: Callable[[], datetime]

    def settle(self, opened: Batch, campaign: Campaign) -> Tally:
        """Settle a block that a former holder opened: rows, later batch, doubts."""
        block = self.reader.read(opened)
        planned = [one.planned for one in block]
        carried = self.later.put(opened, planned, {}, self.clock(), always=True)
        rows = block_rules.rows(block, opened, campaign)
        for row in rows.values():
            self.messages.put_newer(row)
        doubtful = []
        for i in block_rules.placed(opened):
            if planned[i].contact_id in carried:
                # A row that says more already, in the relay's own words, keeps them.
                self.messages.replace(
                    rows[i], block_rules.correction(rows[i], PUT_OFF, carried=True)
                )
            else:
                doubtful.append(i)
        doubtful = self._retried(opened, planned, doubtful, campaign)
        doubted = self.doubts.mark([block_rules.doubt(rows[i]) for i in doubtful])
        return block_rules.tally(opened, {}, planned, carried, doubted)

    def _retried(
        self, opened: Batch, planned: Sequence[Planned], doubtful: list[int], campaign: Campaign
    ) -> list[int]:
        """Let the doubts be retried if the campaign wants that, and return those that are any."""
        after = campaign.retries_doubts_after
        if after is None or opened.in_doubt or not doubtful:
            return doubtful
        carried = self.later.retry(opened, [planned[i] for i in doubtful], self.clock(), after)
        return [i for i in doubtful if planned[i].contact_id in carried]

    def testify(self, result: BlockResult) -> None:
        """Write down what the late holder knows, then settle the marks it may have met.

        The refused are in their rows already; only "it was taken" is said nowhere else.
        """
        vouch(self.messages, result.rows, result.outcomes)
        known = [
            result.rows[i].message_id
            for i, outcome in result.outcomes.items()
            if isinstance(outcome, Accepted | Refused)
        ]
        if known:
            self.doubts.settle_with_evidence(known)
