"""Conclude: steps 6 and 7 of a block, when the transports have answered.

One later batch takes those without a place and those put off; the rows of the exceptions are
corrected and what nobody can vouch for is marked in doubt.
Source: docs/domain/sending.md.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from mailtide.domain import block as block_rules
from mailtide.domain import retry
from mailtide.domain.batch import Batch, Planned, Tally
from mailtide.domain.campaign import Campaign
from mailtide.domain.handover import Accepted, Outcome, Refused, Unknown
from mailtide.domain.message import EventRow
from mailtide.domain.redaction import Redactor
from mailtide.errors import RetryableError
from mailtide.flows.later import Later


class Messages(Protocol):
    """The rows of messages, as far as they are corrected."""

    def correct(self, row: EventRow) -> bool:
        """Replace the message's row of the same key if its attempt is `row.attempt`."""
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
class Conclusion:
    """The end of a block, with its collaborators."""

    messages: Messages
    doubts: Doubts
    later: Later
    redactor: Redactor
    clock: Callable[[], datetime]

    def run(
        self,
        opened: Batch,
        planned: Sequence[Planned],
        rows: Mapping[int, EventRow],
        outcomes: Mapping[int, Outcome],
        campaign: Campaign,
    ) -> Tally:
        """Carry over, correct and mark; return how everybody ended.

        Whoever is put off again `give_up_after` their first time is given up. What was in doubt
        before and is answered now is so no longer.

        Raises:
            RetryableError: the block could not be concluded and falls to a takeover; what the
                relay is known to have taken is vouched for, as far as that could be written.
        """
        try:
            now = self.clock()
            expired = retry.expired(opened.put_off_at, campaign.give_up_after, now)
            carried = self.later.put(opened, planned, outcomes, now, expired=expired)
            self._correct(rows, outcomes, carried, expired=expired)
            if opened.in_doubt:
                self._settle(rows, outcomes)
            unknown = [i for i, outcome in outcomes.items() if isinstance(outcome, Unknown)]
            doubted = self._doubt(opened, planned, rows, unknown, campaign) if unknown else 0
        except RetryableError:
            vouch(self.messages, rows, outcomes)
            raise
        return block_rules.tally(opened, outcomes, planned, carried, doubted)

    def _correct(
        self,
        rows: Mapping[int, EventRow],
        outcomes: Mapping[int, Outcome],
        carried: frozenset[str],
        *,
        expired: bool,
    ) -> None:
        """Correct the rows of the refused."""
        for i, outcome in outcomes.items():
            if isinstance(outcome, Refused):
                goes_on = rows[i].of.recipient_id in carried
                told = self._hidden(outcome, rows[i])
                self.messages.correct(
                    block_rules.correction(rows[i], told, carried=goes_on, expired=expired)
                )

    def _settle(self, rows: Mapping[int, EventRow], outcomes: Mapping[int, Outcome]) -> None:
        """Settle the doubts of an earlier hand-over that this one answers."""
        vouch(self.messages, rows, outcomes)
        answered = [rows[i].message_id for i, o in outcomes.items() if isinstance(o, Accepted)]
        self.doubts.settle_with_evidence(answered)

    def _doubt(
        self,
        opened: Batch,
        planned: Sequence[Planned],
        rows: Mapping[int, EventRow],
        unknown: Sequence[int],
        campaign: Campaign,
    ) -> int:
        """Mark those in doubt, whom a retry may go on with; return how many stay so."""
        after = campaign.retries_doubts_after
        if after is not None and not opened.in_doubt:
            self.later.retry(opened, [planned[i] for i in unknown], self.clock(), after)
        return self.doubts.mark([block_rules.doubt(rows[i]) for i in unknown])

    def _hidden(self, outcome: Refused, row: EventRow) -> Refused:
        """Return a refusal in words that may be kept."""
        words = self.redactor.text(row.of.org_id, outcome.response, row.of.recipient_id)
        return replace(outcome, response=words)


def vouch(
    messages: Messages, rows: Mapping[int, EventRow], outcomes: Mapping[int, Outcome]
) -> None:
    """Write down what the relay is known to have taken: it is said nowhere else."""
    for i, outcome in outcomes.items():
        if isinstance(outcome, Accepted):
            messages.correct(block_rules.answered(rows[i]))
