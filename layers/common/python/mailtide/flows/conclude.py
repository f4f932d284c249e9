"""Conclude: steps 6 and 7 of a block, when the transports have answered.

One later batch takes those without a place and those put off; the rows of the exceptions are
corrected and what nobody can vouch for is marked in doubt.
Source: docs/domain/sending.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from mailtide.domain import block as block_rules
from mailtide.domain import retry
from mailtide.domain.batch import Batch, Planned, Tally
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
        give_up_after: timedelta,
    ) -> Tally:
        """Carry over, correct and mark; return how everybody ended.

        Whoever is put off again `give_up_after` their first time is given up.

        Raises:
            RetryableError: the block could not be concluded and falls to a takeover; what the
                relay is known to have taken is vouched for, as far as that could be written.
        """
        try:
            now = self.clock()
            expired = retry.expired(opened.put_off_at, give_up_after, now)
            carried = self.later.put(opened, planned, outcomes, now, expired=expired)
            doubted = self._correct(rows, outcomes, carried, expired=expired)
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
    ) -> int:
        """Correct the rows of the refused, mark those in doubt; return how many stay so."""
        for i, outcome in outcomes.items():
            if isinstance(outcome, Refused):
                goes_on = rows[i].of.recipient_id in carried
                told = self._hidden(outcome, rows[i])
                self.messages.correct(
                    block_rules.correction(rows[i], told, carried=goes_on, expired=expired)
                )
        marks = [block_rules.doubt(rows[i]) for i, o in outcomes.items() if isinstance(o, Unknown)]
        return self.doubts.mark(marks) if marks else 0

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
