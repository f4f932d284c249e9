"""Message check: whether what single messages name is there, and fits.

One call's messages mostly name the same: each identity, template and content is looked at once.
Source: docs/domain/messages.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from mailtide.domain.content import Identity, Template
from mailtide.domain.sending_ip import SendingIp
from mailtide.domain.submission import Draft
from mailtide.domain.suppression import Stream
from mailtide.errors import ConflictError, InvalidInputError


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


class SendingIps(Protocol):
    """The organisation's sending IPs."""

    def active(self, org_id: str, stream: str, pool_id: str | None) -> Sequence[SendingIp]:
        """Return the IPs of a stream that may be used; those in a pool when one is named."""
        ...


@dataclass(frozen=True, slots=True)
class Named:
    """What a message is made of, as it is now; a content of its own is compiled."""

    identity: Identity
    template: Template


@dataclass(slots=True)
class Check:
    """Looks at the messages of one call."""

    org_id: str
    templates: Templates
    identities: Identities
    sending_ips: SendingIps
    identity: dict[str, Identity | None] = field(default_factory=dict)
    template: dict[str, Template | None] = field(default_factory=dict)
    has_ips: dict[str | None, bool] = field(default_factory=dict)
    compiled: dict[Template, Template | InvalidInputError] = field(default_factory=dict)

    def named(self, draft: Draft) -> Named:
        """Return what a message names.

        Raises:
            InvalidInputError: it is not there or does not fit; `template_error` for a content of
                its own, with every place.
            ConflictError: no sending IP could carry it.
        """
        identity, template = self._identity(draft.identity_id), self._template(draft)
        if identity is None:
            raise _wrong("identity_id", f"there is no identity `{draft.identity_id}`")
        if identity.stream is not Stream.TRANSACTIONAL:
            raise _wrong("identity_id", "a message needs an identity of the stream transactional")
        if template is None:
            raise _wrong("template_id", f"there is no template `{draft.template_id}`")
        if not self._can_leave(identity.pool_id):
            where = "" if identity.pool_id is None else " in the identity's pool"
            raise ConflictError(
                f"No sending IP of the stream transactional is active{where}; add one first."
            )
        return Named(identity, template)

    def _identity(self, identity_id: str) -> Identity | None:
        if identity_id not in self.identity:
            self.identity[identity_id] = self.identities.get(self.org_id, identity_id)
        return self.identity[identity_id]

    def _template(self, draft: Draft) -> Template | None:
        if draft.content is not None:
            return self._content(draft.content)
        if draft.template_id not in self.template:
            self.template[draft.template_id] = self.templates.get(self.org_id, draft.template_id)
        return self.template[draft.template_id]

    def _content(self, content: Template) -> Template:
        from mailtide.domain import template_compiler  # loads Liquid, which most messages need not

        if content not in self.compiled:
            try:
                self.compiled[content] = template_compiler.compiled(content)
            except InvalidInputError as error:
                self.compiled[content] = error
        found = self.compiled[content]
        if isinstance(found, InvalidInputError):
            raise found
        return found

    def _can_leave(self, pool_id: str | None) -> bool:
        if pool_id not in self.has_ips:
            ips = self.sending_ips.active(self.org_id, Stream.TRANSACTIONAL, pool_id)
            self.has_ips[pool_id] = bool(ips)
        return self.has_ips[pool_id]


def _wrong(name: str, detail: str) -> InvalidInputError:
    place = f"body.{name}"
    return InvalidInputError(f"{place}: {detail}", errors=[{"at": place, "detail": detail}])
