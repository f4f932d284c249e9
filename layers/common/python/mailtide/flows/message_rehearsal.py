"""Message rehearsal: what would become of single messages, without taking any.

Each is made as its sender would make it, so that what fails for its contact shows now.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain import identifiers
from mailtide.domain.contact import Contact
from mailtide.domain.liquid_language import RenderError
from mailtide.domain.submission import Draft
from mailtide.domain.submission_mail import SubmissionMail, prepare
from mailtide.domain.suppression import Stream, Suppression, stops
from mailtide.domain.tracking import Tracker
from mailtide.errors import InvalidInputError
from mailtide.flows.message_desk import MessageDesk, Ready, Refusal


class Contacts(Protocol):
    """The contacts."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts consistently; only those that exist are in the answer."""
        ...


class Suppressions(Protocol):
    """Whom the organisation does not write to."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Suppression]:
        """Read suppressions consistently; only suppressed contacts are in the answer."""
        ...


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A message that would be taken."""

    suppressed: str | None  # why nothing would leave
    size: int  # bytes of the message without its attachments


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """Tries single messages."""

    desk: MessageDesk
    contacts: Contacts
    suppressions: Suppressions
    tracker: Tracker
    clock: Callable[[], datetime]

    def run(self, org_id: str, drafts: Sequence[Draft], seed: str) -> list[Rehearsed | Refusal]:
        """Try messages; return what would become of each, or why it would be refused."""
        checked = self.desk.checked(org_id, drafts, seed)
        ids = [one.contact.contact_id for one in checked if isinstance(one, Ready)]
        known = self.contacts.get_many(org_id, ids)
        against = self.suppressions.get_many(org_id, ids)
        found: list[Rehearsed | Refusal] = []
        for one in checked:
            if not isinstance(one, Ready):
                found.append(one)
                continue
            contact = known.get(one.contact.contact_id, one.contact)
            reason = stops(against.get(contact.contact_id), Stream.TRANSACTIONAL)
            found.append(self._tried(one, contact, reason and reason.value))
        return found

    def _tried(self, ready: Ready, contact: Contact, suppressed: str | None) -> Rehearsed | Refusal:
        one, identity = ready.submission, ready.named.identity
        tracker = self.tracker.under(identity.tracking_domain)
        template = one.content or ready.named.template
        campaign_id = identifiers.campaign_of(one.message_id)
        try:
            programs = prepare(template, campaign_id, tracker, one.tracked)
            mail = SubmissionMail(one, identity, tracker, template, programs)
            return Rehearsed(suppressed, len(mail.render(contact, one.message_id, self.clock())))
        except InvalidInputError as error:
            return error
        except RenderError as error:
            return InvalidInputError(
                f"The message fails for its contact: {error.detail}.",
                code=error.code,
                errors=[{"at": error.part or "headers", "detail": error.detail}],
            )
