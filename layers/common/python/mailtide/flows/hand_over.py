"""Hand-over: step 5 of a block, in which the bytes leave.

Source: docs/domain/sending.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from functools import partial
from typing import Protocol

from mailtide.domain.block import Recipient
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity
from mailtide.domain.handover import Outcome, Outgoing
from mailtide.domain.sending_ip import SendingIp

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
        """Return the finished message; raises RenderError when it fails for this contact."""
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
    write = partial(_outgoing, composition, mail_from, clock)
    calls = [
        (ways[ip].transport, [write(ways[ip].ip, block[i]) for i in load])
        for ip, load in loads.items()
    ]
    outcomes: dict[int, Outcome] = {}
    for load, answers in zip(loads.values(), transports.deliver(calls, until), strict=True):
        outcomes.update(zip(load, answers, strict=True))
    return outcomes


def _outgoing(
    composition: Composition,
    mail_from: MailFrom,
    clock: Callable[[], datetime],
    ip: SendingIp,
    one: Recipient,
) -> Outgoing:
    contact = one.contact
    if contact is None:
        raise ValueError("a recipient without a contact has no place")
    bounces = composition.identity.bounce_domain
    return Outgoing(
        message_id=one.message_id,
        recipient=contact.email,
        envelope_from=mail_from(ip.tag, one.message_id, bounces),
        render=lambda: composition.render(contact, one.message_id, clock()),
        ready=composition.ready,
    )
