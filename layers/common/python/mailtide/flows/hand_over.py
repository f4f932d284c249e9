"""Hand-over: step 5 of a block, in which the bytes leave.

Source: docs/domain/sending.md.
"""

import traceback
from collections.abc import Callable, Iterable, Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain.block import Recipient
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity
from mailtide.domain.handover import Outcome, Outgoing, Refused
from mailtide.domain.sending_ip import SendingIp
from mailtide.errors import PermanentError

MailFrom = Callable[[str, str, str], str]  # (IP's tag, message id, bounce domain) → address


class Composition(Protocol):
    """A campaign's content, ready to be made personal."""

    @property
    def identity(self) -> Identity:
        """Who the messages are from."""
        ...

    @property
    def ready(self) -> bool:
        """Whether messages have SMTP's form: ASCII parts, CRLF, no line begins with a dot."""
        ...

    def render(self, contact: Contact, message_id: str, at: datetime) -> bytes:
        """Return the finished message; raises RenderError when it fails for this contact.

        It reads nothing: the block is open by then, and what cannot be read would be a death.
        """
        ...


class Transport(Protocol):
    """A way out for messages of one sending IP."""

    def deliver(self, outgoing: Sequence[Outgoing], until: datetime) -> Iterable[Outcome]:
        """Hand messages over; outcomes come in their order, and none begins after `until`."""
        ...


class Transports(Protocol):
    """The ways out."""

    def of(self, ip: SendingIp) -> Transport:
        """Return the transport of a sending IP."""
        ...

    def deliver(
        self, loads: Sequence[tuple[Transport, Sequence[Outgoing]]], until: datetime
    ) -> Sequence[Iterable[Outcome]]:
        """Hand messages over several transports, at the same time where possible."""
        ...

    def close(self) -> None:
        """Close what is still open; the transports may be used again."""
        ...


@dataclass(frozen=True, slots=True)
class Way:
    """A sending IP with its transport, at hand before the block is opened."""

    ip: SendingIp
    transport: Transport


def hand_over(
    block: Sequence[Recipient],
    placed: Mapping[int, Way],
    composition: Composition,
    mail_from: MailFrom,
    transports: Transports,
    until: datetime,
    clock: Callable[[], datetime],
) -> dict[int, Outcome]:
    """Hand the messages of a block over; return what became of each.

    A message that a fault of ours keeps from being made is put off: nothing of it left, and the
    fault may be mended before its time is over. It keeps no other from leaving.

    Args:
        block: its recipients.
        placed: over which way those leave who have a place, by index in the block.
        composition: what they get.
        mail_from: writes their envelope senders.
        transports: all ways.
        until: no hand-over begins after it.
        clock: the time that is rendered into each message.
    """
    ways = {way.ip.ip_id: way for way in placed.values()}
    loads = {ip: [i for i, way in placed.items() if way.ip.ip_id == ip] for ip in sorted(ways)}
    writer = _Writer(composition, mail_from, clock, {})
    calls = [
        (ways[ip].transport, [writer.outgoing(ways[ip].ip, block[i]) for i in load])
        for ip, load in loads.items()
    ]
    outcomes: dict[int, Outcome] = {}
    for load, answers in zip(loads.values(), transports.deliver(calls, until), strict=True):
        outcomes.update(zip(load, answers, strict=True))
    if writer.faults:
        outcomes = {i: writer.faults.get(block[i].message_id, o) for i, o in outcomes.items()}
    return outcomes


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the messages of a block, and keeps which of them a fault of ours put off."""

    composition: Composition
    mail_from: MailFrom
    clock: Callable[[], datetime]
    faults: MutableMapping[str, Refused]  # by message id

    def outgoing(self, ip: SendingIp, one: Recipient) -> Outgoing:
        """Return a message that is rendered when it leaves."""
        contact = one.contact
        if contact is None:
            raise ValueError("a recipient without a contact has no place")
        bounces = self.composition.identity.bounce_domain
        return Outgoing(
            message_id=one.message_id,
            recipient=contact.email,
            envelope_from=self.mail_from(ip.tag, one.message_id, bounces),
            render=lambda: self._render(contact, one.message_id),
            ready=self.composition.ready,
        )

    def _render(self, contact: Contact, message_id: str) -> bytes:
        try:
            return self.composition.render(contact, message_id, self.clock())
        except PermanentError:
            raise
        except Exception as error:
            # Of any kind. Raised on from here, it would put the whole block in doubt. Its own
            # words may quote an address; its name and place do not.
            place = traceback.extract_tb(error.__traceback__)[-1]
            words = f"a fault of ours: {type(error).__name__} in {place.name}, line {place.lineno}"
            self.faults[message_id] = Refused(later=True, code=None, response=words)
            raise PermanentError(words) from error
