"""Hand-over: step 5 of a block, in which the bytes leave.

Source: docs/domain/sending.md.
"""

import traceback
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain.block import Recipient
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity
from mailtide.domain.handover import Outcome, Outgoing
from mailtide.domain.sending_ip import SendingIp
from mailtide.errors import PermanentError, RetryableError

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


@dataclass(frozen=True, slots=True)
class HandOver:
    """Hands the messages of a block over.

    Args:
        mail_from: writes their envelope senders.
        transports: all ways.
        clock: the time that is rendered into each message.
    """

    mail_from: MailFrom
    transports: Transports
    clock: Callable[[], datetime]

    def way(self, ip: SendingIp) -> Way:
        """Return the way out over a sending IP."""
        return Way(ip, self.transports.of(ip))

    def run(
        self,
        block: Sequence[Recipient],
        placed: Mapping[int, Way],
        composition: Composition,
        until: datetime,
    ) -> dict[int, Outcome]:
        """Return what became of each message.

        Args:
            block: its recipients.
            placed: over which way those leave who have a place, by index in the block.
            composition: what they get.
            until: no hand-over begins after it.
        """
        ways = {way.ip.ip_id: way for way in placed.values()}
        loads = {ip: [i for i, way in placed.items() if way.ip.ip_id == ip] for ip in sorted(ways)}
        calls = [
            (
                ways[ip].transport,
                [self._outgoing(block[i], composition, ways[ip].ip) for i in load],
            )
            for ip, load in loads.items()
        ]
        outcomes: dict[int, Outcome] = {}
        for load, answers in zip(
            loads.values(), self.transports.deliver(calls, until), strict=True
        ):
            outcomes.update(zip(load, answers, strict=True))
        return outcomes

    def close(self) -> None:
        """Let go of connections; the next block opens new ones."""
        self.transports.close()

    def _outgoing(self, one: Recipient, composition: Composition, ip: SendingIp) -> Outgoing:
        contact = one.contact
        if contact is None:
            raise ValueError("a recipient without a contact has no place")
        return Outgoing(
            message_id=one.message_id,
            recipient=contact.email,
            envelope_from=self.mail_from(
                ip.tag, one.message_id, composition.identity.bounce_domain
            ),
            render=lambda: _rendered(composition, contact, one.message_id, self.clock()),
            ready=composition.ready,
        )


def _rendered(composition: Composition, contact: Contact, message_id: str, at: datetime) -> bytes:
    """Return a message as it leaves.

    One that a fault of ours keeps from being made is put off, for the fault may be mended before
    its time is over; raised on as it is, it would put the whole block in doubt.

    Raises:
        PermanentError: the message can never be made.
        RetryableError: a fault of ours, by name and place; its words may quote an address.
    """
    try:
        return composition.render(contact, message_id, at)
    except PermanentError:
        raise
    except Exception as error:
        place = traceback.extract_tb(error.__traceback__)[-1]
        fault = f"a fault of ours: {type(error).__name__} in {place.name}, line {place.lineno}"
        raise RetryableError(fault) from error
