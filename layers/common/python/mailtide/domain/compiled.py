"""Compiled: a variant of which each message is only filled in and joined.

    headers, filled ─ text part ─ between ─ HTML part ─ end        one join

It says what the plain way says (`rendering.Variant.render`), byte for byte once decoded, and its
bytes need nothing on the way: ASCII lines of at most 76 characters in its parts, none that begins
with a dot. Only `To` may be UTF-8, when the recipient's own address is.
Source: docs/domain/rendering.md.
"""

import re
from dataclasses import dataclass
from datetime import datetime, tzinfo
from email.utils import format_datetime
from functools import lru_cache, partial
from typing import Any, ClassVar

from mailtide.domain import (
    identifiers,
    liquid_compiler,
    mail,
    plain_text,
    quoted_printable,
    skeleton,
)
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity
from mailtide.domain.host import ascii_domain
from mailtide.domain.liquid_budget import CEILING, Doubtful
from mailtide.domain.liquid_compiler import Fill, fixed_text
from mailtide.domain.liquid_language import BIND, NOW, TAG, Program, Use
from mailtide.domain.liquid_runtime import PACKED
from mailtide.domain.rendering import RenderError, Variant, titled
from mailtide.domain.skeleton import Skeleton, Slots
from mailtide.domain.tracking import Binder, is_http
from mailtide.domain.utm import Utm, tagged

Data = dict[str, Any]
Whom = tuple[Contact, str, datetime]  # with the message's id and date

# Addresses that stand in a header as they are written.
_COMMON = re.compile(r"[A-Za-z0-9_+-][A-Za-z0-9._+-]{0,63}@[a-z0-9.-]{1,255}").fullmatch
_PLAIN_URL = re.compile(r"[A-Za-z0-9.:/_-]+").fullmatch


@dataclass(frozen=True, slots=True)
class Compiled:
    """A campaign's content, ready to be made personal quickly."""

    plain: Variant
    skeleton: Skeleton
    shared: Data  # names that stand for the same in every message
    together: Fill  # the subject, unless the skeleton has it, the HTML and the text
    alone: tuple[tuple[Program, Fill], ...]  # the same, for when one of them needs the engine
    ready: ClassVar[bool] = True  # relays have nothing to change in the messages

    @property
    def identity(self) -> Identity:
        """Who the messages are from."""
        return self.plain.identity

    def render(self, contact: Contact, message_id: str, at: datetime) -> bytes:
        """Return the finished message (RFC 5322) of one contact, dated `at`.

        Raises:
            RenderError: when the template fails for this contact.
        """
        whom = contact, message_id, at
        packed, bones = identifiers.pack_message(message_id), self.skeleton
        slots = bones.slots(packed)
        attributes = {**contact.attributes, "email": contact.email}
        data = {**self.shared, "contact": attributes, NOW: at, PACKED: packed}
        try:
            parts = self.together(data, slots)
        except Exception:  # one of them needs the engine
            parts = tuple(self._part(*part, data, slots, whom) for part in self.alone)
        *subject, html, text = parts
        try:
            slots[b"to"] = _recipient(contact.email)
            if subject:
                slots[b"subject"] = mail.words(titled("".join(subject[0]))).encode()
        except ValueError as error:
            raise RenderError(f"headers: {error}") from error
        slots[b"id"] = message_id.encode()
        slots[b"date"] = _date(at.replace(microsecond=0, tzinfo=None), at.tzinfo, at.fold)
        raw = b"".join([bones.headers % slots, *text, bones.between, *html, bones.end])
        if len(raw) > CEILING:
            self._measure(whom)
        return raw

    def _part(
        self, program: Program, fill: Fill, data: Data, tokens: Slots, whom: Whom
    ) -> list[Any]:
        """Return the pieces of one part."""
        try:
            pieces = fill(data, tokens)[0]
        except Exception:  # whatever it is, the engine says it in its own words
            pieces = [self._by_engine(program, whom)]
        if program is self.plain.subject:
            titled("".join(pieces))  # an empty one is told before what is wrong elsewhere
        return pieces

    def _by_engine(self, program: Program, whom: Whom) -> str | bytes:
        text = program.fill(self.plain.data(*whom))
        if program is self.plain.subject:
            return text
        if program.use is Use.MADE:
            text = plain_text.settled(text)
        return quoted_printable.last_piece(text)

    def _measure(self, whom: Whom) -> None:
        """Let the engine find whether a long message is too long; the functions count roughly."""
        for program in (self.plain.subject, self.plain.html, self.plain.text):
            program.fill(self.plain.data(*whom))


def compiled(variant: Variant) -> Compiled | Variant:
    """Compile a variant; one whose every message fails, by its sender's data, stays as it is."""
    subject = fixed_text(variant.subject)
    if subject is not None and not subject.strip():
        return variant
    try:
        bones = skeleton.of(variant, subject and mail.words(subject.strip()))
    except ValueError:
        return variant
    # Elsewhere HTML escapes it, and the engine is asked.
    urls = bones.urls if _PLAIN_URL(variant.tracker.public_url) else {}
    programs = [variant.subject, variant.html, variant.text][subject is not None :]
    binder = variant.tracker.binder(variant.campaign.campaign_id)
    return Compiled(
        plain=variant,
        skeleton=bones,
        shared={
            "campaign": {"name": variant.campaign.name},
            BIND: partial(_bound, binder, variant.utm),
            TAG: partial(tagged, utm=variant.utm),
        },
        together=liquid_compiler.compiled(programs, urls),
        alone=tuple((one, liquid_compiler.compiled([one], urls)) for one in programs),
    )


def _bound(binder: Binder, utm: Utm | None, url: str, index: int, packed: bytes) -> str:
    """Sign a link for one message, with its UTM parameters."""
    target = tagged(url, utm)
    if not is_http(target):
        raise Doubtful
    return binder.bind(target, index, packed)


def _recipient(email: str) -> bytes:
    if _COMMON(email):
        return email.encode()
    return mail.recipient(ascii_domain(email)).encode()


@lru_cache(maxsize=8)
def _date(at: datetime, zone: tzinfo | None, fold: int) -> bytes:
    """Write a date, given in parts that are quickly compared; within a second it is the same."""
    return format_datetime(at.replace(tzinfo=zone, fold=fold)).encode()
