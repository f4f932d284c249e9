"""Preview: what one contact would receive of a template, before there is a campaign.

The message is made exactly as a sender makes it. Its links work, but they count nothing and its
unsubscribe link ends nothing: no message of its id was ever sent.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Protocol

from mailtide.domain import identifiers, rendering, template_check
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity, Template
from mailtide.domain.faults import Fault, fault_at
from mailtide.domain.rendering import Content, RenderError
from mailtide.domain.tracking import Tracker
from mailtide.errors import InvalidInputError, NotFoundError

_CAMPAIGN = identifiers.encode(bytes(identifiers.CAMPAIGN_BYTES))  # no campaign has this id
_MESSAGE_KEY = b"preview"
_STAND_IN = Identity(
    org_id="",
    identity_id="preview",
    name="Preview",
    from_name="Preview",
    from_address="preview@example.com",
    bounce_domain="bounces.example.com",
)


class Templates(Protocol):
    """The templates."""

    def get(self, org_id: str, template_id: str) -> Template | None:
        """Return one template."""
        ...


class Identities(Protocol):
    """The sender identities."""

    def get(self, org_id: str, identity_id: str) -> Identity | None:
        """Return one identity."""
        ...


@dataclass(frozen=True, slots=True)
class Preview:
    """One finished message, and what it is made of."""

    content: Content
    source: bytes  # the whole message (RFC 5322)
    warnings: list[Fault]


@dataclass(frozen=True, slots=True)
class Previewer:
    """Makes previews."""

    templates: Templates
    identities: Identities
    tracker: Tracker
    clock: Callable[[], datetime]

    def preview(self, template_id: str, contact: Contact, identity_id: str | None) -> Preview:
        """Make the message of a contact, from an identity or a stand-in.

        Raises:
            NotFoundError: when the contact's organisation has no such template or identity.
            InvalidInputError: `template_error`, when the template fails for this contact.
        """
        template = self.templates.get(contact.org_id, template_id)
        if template is None:
            raise NotFoundError("There is no template with this id.")
        identity, at = self._identity(contact.org_id, identity_id), self.clock()
        campaign = Campaign(
            org_id=contact.org_id,
            campaign_id=_CAMPAIGN,
            name=template.name,
            list_ids=(),
            template_id=template_id,
            identity_id=identity.identity_id,
            state=State.DRAFT,
            created_at=at,
        )
        tracker = self.tracker.under(identity.tracking_domain)
        variant = rendering.prepare(template, campaign, identity, tracker)
        message_id = identifiers.message_id(_MESSAGE_KEY, _CAMPAIGN, contact.contact_id)
        try:
            content = variant.fill(contact, message_id, at)
            source = variant.render(contact, message_id, at)
        except RenderError as error:
            raise _failed(template, error) from error
        shown = replace(template, compiled=content.html)  # its size is this contact's
        return Preview(content, source, template_check.warnings(shown))

    def _identity(self, org_id: str, identity_id: str | None) -> Identity:
        if identity_id is None:
            return _STAND_IN
        identity = self.identities.get(org_id, identity_id)
        if identity is None:
            raise NotFoundError("There is no identity with this id.")
        return identity


def _failed(template: Template, error: RenderError) -> InvalidInputError:
    """Return the refusal, with the place in what the author wrote if it can be told."""
    part, source = template.format.value, template.source
    if error.part == "subject":
        part, source = "subject", template.subject
    elif error.part == "text" and template.text is not None:
        part, source = "text", template.text
    index = source.find(error.construct) if error.construct else -1
    at = fault_at(part, source, index, "").at if index >= 0 else error.part or "headers"
    return InvalidInputError(
        f"The template fails for this contact: {error.detail}.",
        code=error.code,
        errors=[{"at": at, "detail": error.detail}],
    )
