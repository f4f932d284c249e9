"""Recipients: who is in a block, as the rows of contacts and suppressions say at this moment.

In one that retries doubts whoever is in doubt no longer is left out.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from mailtide.domain import block as block_rules
from mailtide.domain.batch import Batch, Planned
from mailtide.domain.block import SETTLED, Recipient
from mailtide.domain.contact import Contact
from mailtide.domain.suppression import Suppression


class Batches(Protocol):
    """The manifests of batches."""

    def recipients(self, batch: Batch) -> Sequence[Planned]:
        """Return the manifest's recipients in order."""
        ...


class Contacts(Protocol):
    """The contacts of an organisation."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts consistently; only those that exist are in the answer."""
        ...


class Suppressions(Protocol):
    """Whom the organisation does not write to."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Suppression]:
        """Read suppressions consistently; only suppressed contacts are in the answer."""
        ...


class Doubts(Protocol):
    """The marks of messages nobody can vouch for (flows/doubts.py)."""

    def standing(self, message_ids: Collection[str]) -> frozenset[str]:
        """Return the messages that are in doubt, when evidence has settled those it can."""
        ...


@dataclass(frozen=True, slots=True)
class Recipients:
    """Reads what a block's recipients are at this moment."""

    batches: Batches
    contacts: Contacts
    suppressions: Suppressions
    doubts: Doubts
    message_id: Callable[[str, str], str]  # (campaign id, contact id) -> message id

    def read(self, batch: Batch) -> tuple[Recipient, ...]:
        """Return the recipients of the claimed or opened block, in the manifest's order."""
        planned = self.batches.recipients(batch)[batch.watermark : batch.block_end]
        ids = [one.contact_id for one in planned]
        contacts = self.contacts.get_many(batch.ref.org_id, ids)
        suppressions = self.suppressions.get_many(batch.ref.org_id, ids)
        campaign_id = batch.ref.campaign_id
        block = block_rules.recipients(
            planned, contacts, suppressions, lambda contact: self.message_id(campaign_id, contact)
        )
        return self._in_doubt(block) if batch.in_doubt else block

    def _in_doubt(self, block: Sequence[Recipient]) -> tuple[Recipient, ...]:
        standing = self.doubts.standing([one.message_id for one in block])
        return tuple(
            one if one.message_id in standing else replace(one, left_out=one.left_out or SETTLED)
            for one in block
        )
