"""Submitted: what the steps of a block need to know of a single message.

A submission stands where a campaign does: its batch has one recipient, its content is its own, and
it is always being sent. One that is erased or too old is left out, as a suppressed one is.
Source: docs/domain/messages.md.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Protocol

from mailtide.domain import block as block_rules
from mailtide.domain import submission as rules
from mailtide.domain.batch import Batch, BatchRef
from mailtide.domain.block import ERASED, Recipient
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity, Template
from mailtide.domain.links import Tracked
from mailtide.domain.mail import File
from mailtide.domain.submission import Attachment, Submission
from mailtide.domain.submission_mail import NoMail, Programs, SubmissionMail, prepare
from mailtide.domain.suppression import Stream, Suppression
from mailtide.domain.tracking import Tracker
from mailtide.domain.trigger import Trigger
from mailtide.errors import InvalidInputError, NotFoundError
from mailtide.flows.csv_file import FileChangedError
from mailtide.flows.hand_over import Composition

KEPT = 32  # contents that one process keeps prepared
NOBODY = Identity("", "", "", "", "", bounce_domain="")  # stands for one that is gone


class Submissions(Protocol):
    """The submissions."""

    def get(self, org_id: str, contact_id: str, message_id: str) -> Submission | None:
        """Read one submission consistently."""
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


class Templates(Protocol):
    """The templates."""

    def get(self, org_id: str, template_id: str) -> Template | None:
        """Read one template."""
        ...


class Identities(Protocol):
    """The identities."""

    def get(self, org_id: str, identity_id: str) -> Identity | None:
        """Read one identity."""
        ...


class Triggers(Protocol):
    """The triggers."""

    def get(self, org_id: str, trigger_id: str) -> Trigger | None:
        """Return one trigger."""
        ...


class Files(Protocol):
    """The attachments."""

    def get(self, key: str) -> bytes:
        """Read a whole object; raises NotFoundError when it is gone."""
        ...

    def read(self, key: str, etag: str, offset: int, size: int) -> bytes:
        """Read bytes of an object; raises FileChangedError when it is not the one of this etag."""
        ...


@dataclass(frozen=True, slots=True)
class Single(Campaign):
    """A submission in a campaign's place; None of one that was erased."""

    submission: Submission | None = None


@dataclass(frozen=True, slots=True)
class Submitted:
    """The single messages, as the sending flows see them."""

    submissions: Submissions
    contacts: Contacts
    suppressions: Suppressions
    templates: Templates
    identities: Identities
    triggers: Triggers
    files: Files
    tracker: Tracker
    clock: Callable[[], datetime]
    prepared: dict[tuple[Template, str, str, Tracked], Programs] = field(default_factory=dict)
    latest: dict[BatchRef, Submission] = field(default_factory=dict)  # one at most

    def of(self, batch: Batch) -> Single:
        """Return what a batch sends."""
        found = self._submission(batch)
        return Single(
            org_id=batch.ref.org_id,
            campaign_id=batch.ref.campaign_id,
            name="",
            list_ids=(),
            template_id=found.template_id if found else "",
            identity_id=found.identity_id if found else "",
            state=State.SENDING,
            created_at=found.created_at if found else self.clock(),
            submission=found,
        )

    def read(self, batch: Batch) -> Sequence[Recipient]:
        """Return the recipient of the claimed or opened block."""
        planned = batch.inline[batch.watermark : batch.block_end]
        ids = [one.contact_id for one in planned]
        org_id, message_id = batch.ref.org_id, rules.message_of(batch.ref)
        block = block_rules.recipients(
            planned,
            self.contacts.get_many(org_id, ids),
            self.suppressions.get_many(org_id, ids),
            lambda _contact: message_id,
            batch.submitted or Stream.MARKETING,
        )
        found = self._submission(batch)
        why, until = self._too_late(found), found.expires_at if found else None
        return [replace(one, left_out=one.left_out or why, expires_at=until) for one in block]

    def compose(self, campaign: Campaign) -> SubmissionMail | NoMail:
        """Return the content of what `of` returned, its files too: to render reads nothing.

        A block has one recipient, so these are the files of one message (10 MB at most).
        """
        one = campaign.submission if isinstance(campaign, Single) else None
        if one is None:
            return NoMail("it was erased", NOBODY)
        identity = self.identities.get(one.org_id, one.identity_id)
        template = one.content or self.templates.get(one.org_id, one.template_id)
        if identity is None:
            return NoMail("its identity was deleted", NOBODY)
        if template is None:
            return NoMail("its template was deleted", identity)
        tracker = self.tracker.under(identity.tracking_domain)
        try:
            programs = self._programs(template, campaign.campaign_id, tracker, one.tracked)
            files = tuple(self._file(attachment) for attachment in one.attachments)
        except InvalidInputError as error:
            return NoMail(error.detail, identity)
        except (NotFoundError, FileChangedError):
            return NoMail("an attachment of it was removed or replaced", identity)
        return SubmissionMail(one, identity, tracker, template, programs, files)

    def _submission(self, batch: Batch) -> Submission | None:
        """Return what a batch sends: it never changes, but it may be erased with its contact."""
        if batch.ref in self.latest:
            return self.latest[batch.ref]
        contact_id, message_id = batch.inline[0].contact_id, rules.message_of(batch.ref)
        found = self.submissions.get(batch.ref.org_id, contact_id, message_id)
        self.latest.clear()
        if found:
            self.latest[batch.ref] = found
        return found

    def _too_late(self, found: Submission | None) -> str | None:
        if found is None:
            return ERASED
        if found.expires_at <= self.clock():
            return rules.EXPIRED
        return rules.STOPPED if self._is_stopped(found) else None

    def _is_stopped(self, submission: Submission) -> bool:
        """Say whether the trigger that fired it was deleted or switched off since."""
        if not submission.trigger_id:
            return False
        trigger = self.triggers.get(submission.org_id, submission.trigger_id)
        return trigger is None or not trigger.active

    def _programs(
        self, template: Template, campaign_id: str, tracker: Tracker, tracked: Tracked
    ) -> Programs:
        key = template, campaign_id, tracker.public_url, tracked
        if key not in self.prepared:
            if len(self.prepared) >= KEPT:
                self.prepared.pop(next(iter(self.prepared)))
            self.prepared[key] = prepare(template, campaign_id, tracker, tracked)
        return self.prepared[key]

    def _file(self, attachment: Attachment) -> File:
        one = attachment
        body = (
            self.files.read(one.key, one.etag, 0, one.size) if one.etag else self.files.get(one.key)
        )
        return File(one.name, one.content_type, body)


class Campaigns(Protocol):
    """The campaigns."""

    def of(self, batch: Batch) -> Campaign | None:
        """Read the campaign of a batch consistently."""
        ...


class Reader(Protocol):
    """Reads what a block's recipients are at this moment."""

    def read(self, batch: Batch) -> Sequence[Recipient]:
        """Return the recipients of the claimed or opened block, in the manifest's order."""
        ...


class Composer(Protocol):
    """Makes compositions."""

    def compose(self, campaign: Campaign) -> Composition:
        """Return a campaign's content."""
        ...


@dataclass(frozen=True, slots=True)
class Either:
    """The batches of campaigns and those of single messages, in one queue."""

    campaigns: Campaigns
    recipients: Reader
    composer: Composer
    submitted: Submitted

    def of(self, batch: Batch) -> Campaign | None:
        """Return what a batch belongs to."""
        return self.submitted.of(batch) if batch.submitted else self.campaigns.of(batch)

    def read(self, batch: Batch) -> Sequence[Recipient]:
        """Return the recipients of the claimed or opened block."""
        return (self.submitted if batch.submitted else self.recipients).read(batch)

    def compose(self, campaign: Campaign) -> Composition:
        """Return the content of what `of` returned."""
        if isinstance(campaign, Single):
            return self.submitted.compose(campaign)
        return self.composer.compose(campaign)
