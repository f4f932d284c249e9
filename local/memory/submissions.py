"""Submissions in memory."""

from collections.abc import Sequence
from dataclasses import dataclass, field

from local.memory.batches import Batches
from local.memory.messages import Messages
from mailtide.domain.batch import Batch
from mailtide.domain.message import EventRow
from mailtide.domain.submission import Submission


@dataclass(slots=True)
class Submissions:
    """Stands in for `store.submissions.Submissions`; batches and rows go where theirs are."""

    batches: Batches
    messages: Messages
    rows: dict[tuple[str, str, str], Submission] = field(default_factory=dict)

    def take(self, submission: Submission, batch: Batch, row: EventRow) -> bool:
        """Write all that makes a message ours; False when it was taken before."""
        if self.batches.get(batch.ref) is not None:
            return False
        self.batches.rows[batch.ref] = (batch, "created")
        self.rows[submission.org_id, submission.contact_id, submission.message_id] = submission
        self.messages.write_ahead([row])
        return True

    def take_all(self, taken: Sequence[tuple[Submission, Batch, EventRow]]) -> None:
        """Take several; those that were taken before stay as they are."""
        for one in taken:
            self.take(*one)

    def get(self, org_id: str, contact_id: str, message_id: str) -> Submission | None:
        """Read one submission."""
        return self.rows.get((org_id, contact_id, message_id))

    def forget(self, org_id: str, contact_id: str) -> None:
        """Remove what is kept of the messages to one contact."""
        for key in [key for key in self.rows if key[:2] == (org_id, contact_id)]:
            del self.rows[key]
