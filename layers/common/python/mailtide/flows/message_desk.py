"""Message desk: take single messages, each once, and let them leave at once.

A message is ours when its submission, its batch and its first row are written, which is one write.
Its id follows from the call and its place in it, so a call that is made again after it died meets
its own messages. The pointer goes straight to the queue; `release` makes up for a lost one.
Source: docs/domain/messages.md.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Protocol

from mailtide.domain import address
from mailtide.domain import submission as rules
from mailtide.domain.batch import Batch
from mailtide.domain.contact import Contact
from mailtide.domain.message import EventRow
from mailtide.domain.provider import provider_of
from mailtide.domain.redaction import Redactor
from mailtide.domain.submission import Attachment, Draft, Given, Submission
from mailtide.domain.suppression import Stream
from mailtide.errors import ConflictError, InvalidInputError, RetryableError, TooLargeError
from mailtide.flows.message_check import Check, Identities, Named, SendingIps, Templates
from mailtide.flows.pointers import Order

Refusal = InvalidInputError | ConflictError | TooLargeError
UPLOAD_FOR = timedelta(hours=1)


class Contacts(Protocol):
    """The contacts."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts consistently; only those that exist are in the answer."""
        ...

    def create(self, contact: Contact) -> bool:
        """Write a new contact; False when there is one with its address."""
        ...


class Submissions(Protocol):
    """The submissions."""

    def take(self, submission: Submission, batch: Batch, row: EventRow) -> bool:
        """Write all that makes a message ours; False when it was taken before."""
        ...

    def take_all(self, taken: Sequence[tuple[Submission, Batch, EventRow]]) -> None:
        """Take several, in any order; those that were taken before stay as they are."""
        ...


class Files(Protocol):
    """The attachments."""

    def upload_url(self, key: str, lifetime: timedelta) -> str:
        """Return a URL that takes one PUT of an object."""
        ...

    def find(self, key: str) -> tuple[str, int] | None:
        """Return an object's etag and size in bytes; None when it is not there."""
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        ...


class Orders(Protocol):
    """The queues of the senders."""

    def send(self, orders: list[Order]) -> None:
        """Enqueue pointers to batches."""
        ...


@dataclass(frozen=True, slots=True)
class Upload:
    """Where a file goes before a message names it."""

    upload_id: str
    url: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Ready:
    """A message that can be taken, and the files that have to lie in the bucket first."""

    submission: Submission
    contact: Contact
    named: Named
    bodies: Mapping[str, bytes]  # by key


@dataclass(frozen=True, slots=True)
class MessageDesk:
    """The single messages of all organisations."""

    submissions: Submissions
    contacts: Contacts
    templates: Templates
    identities: Identities
    sending_ips: SendingIps
    files: Files
    orders: Orders
    redactor: Redactor
    contact_id: Callable[[str, str], str]  # of an organisation and an address
    message_id: Callable[[str, str], str]  # of an organisation and a seed
    new_id: Callable[[], str]
    clock: Callable[[], datetime]

    def submit(
        self, org_id: str, drafts: Sequence[Draft], seed: str
    ) -> Sequence[Submission | Refusal]:
        """Take messages; return each as it was taken, or why it was refused.

        Args:
            org_id: whose messages.
            drafts: what was asked for.
            seed: the same for each try of one call.
        """
        found = self.checked(org_id, drafts, seed)
        taken = [one for one in found if isinstance(one, Ready)]
        self._know(org_id, {one.contact.contact_id: one.contact for one in taken})
        for one in taken:
            for key, body in one.bodies.items():
                self.files.put(key, body)
        now = self.clock()
        batches = [rules.released(one.submission, now) for one in taken]
        self.submissions.take_all(
            [
                (one.submission, batch, rules.queued(one.submission))
                for one, batch in zip(taken, batches, strict=True)
            ]
        )
        with suppress(RetryableError):
            self.orders.send([Order(one.ref, one.fence, one.submitted) for one in batches])
        return [one.submission if isinstance(one, Ready) else one for one in found]

    def checked(self, org_id: str, drafts: Sequence[Draft], seed: str) -> Sequence[Ready | Refusal]:
        """Look at messages without writing anything; return each, or why it is refused."""
        check = Check(org_id, self.templates, self.identities, self.sending_ips)
        return [
            self._checked(check, draft, self.message_id(org_id, f"{seed}#{index}"))
            for index, draft in enumerate(drafts)
        ]

    def upload(self, org_id: str) -> Upload:
        """Return where a file can be put that messages are to name."""
        upload_id = self.new_id()
        url = self.files.upload_url(_upload_key(org_id, upload_id), UPLOAD_FOR)
        return Upload(upload_id, url, self.clock() + UPLOAD_FOR)

    def _checked(self, check: Check, draft: Draft, message_id: str) -> Ready | Refusal:
        try:
            return self._ready(check, draft, message_id)
        except (InvalidInputError, ConflictError, TooLargeError) as error:
            return error

    def _ready(self, check: Check, draft: Draft, message_id: str) -> Ready:
        contact = self._contact(check.org_id, draft.email)
        named = check.named(draft)
        files = [
            self._attachment(contact, message_id, index, given)
            for index, given in enumerate(draft.files)
        ]
        submission = self._submission(draft, contact, named, message_id, files)
        if rules.size(submission) > rules.MAX_BYTES:
            raise TooLargeError(
                f"The message takes over {rules.MAX_BYTES:,} bytes without its attachments."
            )
        if sum(one.size for one in files) > rules.MAX_FILE_BYTES:
            raise TooLargeError(f"The attachments have over {rules.MAX_FILE_BYTES:,} bytes.")
        bodies = {
            one.key: given.body
            for one, given in zip(files, draft.files, strict=True)
            if not given.upload_id
        }
        return Ready(submission, contact, named, bodies)

    def _contact(self, org_id: str, email: str) -> Contact:
        """Return what is made of an address that is nobody's yet."""
        found = address.normalize(email)
        return Contact(
            org_id=org_id,
            contact_id=self.contact_id(org_id, found.email),
            email=found.email,
            provider=provider_of(found.domain),
            created_at=self.clock(),
            messages_only=True,
        )

    def _submission(
        self,
        draft: Draft,
        contact: Contact,
        named: Named,
        message_id: str,
        files: Sequence[Attachment],
    ) -> Submission:
        now = self.clock()
        content = None
        if draft.content is not None:
            # What was compiled is all that is needed; what it was made of is left out.
            content = replace(named.template, html=named.template.body, mjml=None, compiled=None)
        return Submission(
            org_id=contact.org_id,
            message_id=message_id,
            contact_id=contact.contact_id,
            stream=Stream.TRANSACTIONAL,
            identity_id=named.identity.identity_id,
            provider=contact.provider,
            created_at=now,
            expires_at=now + draft.expires_after,
            template_id=draft.template_id,
            content=content,
            variables=draft.variables,
            to_name=draft.name,
            reply_to=draft.reply_to and address.normalize(draft.reply_to).email,
            tracked=draft.tracked,
            attachments=tuple(files),
            tags=self._hidden(contact, draft.tags),
        )

    def _hidden(self, contact: Contact, tags: Mapping[str, str]) -> dict[str, str]:
        """Return tags as they may stay in the rows of a message, where no address is kept."""
        return {
            name: self.redactor.text(contact.org_id, text, contact.contact_id)
            for name, text in tags.items()
        }

    def _attachment(
        self, contact: Contact, message_id: str, index: int, given: Given
    ) -> Attachment:
        if not given.upload_id:
            # Under the contact, so that an erasure finds it.
            key = f"attachments/{contact.org_id}/{contact.contact_id}/{message_id}/{index}"
            return Attachment(key, given.name, given.content_type, len(given.body))
        key = _upload_key(contact.org_id, given.upload_id)
        found = self.files.find(key)
        if found is None:
            raise InvalidInputError(
                f"There is no uploaded file `{given.upload_id}`.", code="attachment_missing"
            )
        etag, size = found
        return Attachment(key, given.name, given.content_type, size, etag)

    def _know(self, org_id: str, contacts: Mapping[str, Contact]) -> None:
        """Make contacts of the addresses that are nobody's yet; others stay as they are."""
        known = self.contacts.get_many(org_id, list(contacts)) if len(contacts) > 1 else {}
        for contact_id, contact in contacts.items():
            if contact_id not in known:
                self.contacts.create(contact)


def _upload_key(org_id: str, upload_id: str) -> str:
    return f"attachments/{org_id}/uploads/{upload_id}"
