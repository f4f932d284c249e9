"""Import contacts: write what rows say of contacts, whatever others do to them meanwhile.

Source: docs/domain/imports.md (what a row changes of a contact that is known).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Protocol

from mailtide.domain.contact import Contact
from mailtide.domain.contact_fields import combined
from mailtide.domain.csv_rows import Row
from mailtide.domain.import_job import ImportJob, Write
from mailtide.domain.provider import provider_of
from mailtide.errors import RetryableError

ROUNDS = 5  # of writing; each but the first means that others changed contacts meanwhile


class Contacts(Protocol):
    """The contacts."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts consistently; only those that exist are in the answer."""
        ...

    def apply(self, import_id: str, writes: Sequence[Write], at: datetime) -> Sequence[Write]:
        """Write attributes and time zones; return what has to be decided anew.

        A write is done when its line, or a later one of the same import, was applied before. It
        comes back when the contact is no longer what `old` says. Nothing else of a contact changes.
        """
        ...


def write_contacts(
    contacts: Contacts, job: ImportJob, rows: Mapping[str, Row], clock: Callable[[], datetime]
) -> None:
    """Write the rows of one chunk, by contact.

    Raises:
        RetryableError: when others keep changing the contacts.
    """
    left = rows
    for _ in range(ROUNDS):
        known = contacts.get_many(job.org_id, list(left))
        at = clock()
        writes = [
            write
            for contact_id, row in left.items()
            if (write := _write(job, contact_id, row, known.get(contact_id), at))
        ]
        again = contacts.apply(job.import_id, writes, at)
        left = {write.new.contact_id: left[write.new.contact_id] for write in again}
        if not left:
            return
    raise RetryableError("the contacts of the import are being changed by others")


def _write(
    job: ImportJob, contact_id: str, row: Row, old: Contact | None, at: datetime
) -> Write | None:
    """Return what a row makes of a contact; None when it says nothing new."""
    if old is None:
        new = Contact(
            org_id=job.org_id,
            contact_id=contact_id,
            email=row.email,
            provider=provider_of(row.domain),
            created_at=at,
            attributes=row.attributes,
            timezone=row.timezone,
        )
        return Write(None, new, row.line)
    attributes = combined(old.attributes, row.attributes)
    timezone = row.timezone or old.timezone
    new = replace(old, attributes=attributes, timezone=timezone, messages_only=False)
    return None if new == old else Write(old, new, row.line)
