"""Ways out: the transport of each sending IP."""

import ssl
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailtide.domain.handover import Outcome, Outgoing
from mailtide.domain.relay import Network
from mailtide.domain.sending_ip import Relay, SendingIp, Ses
from mailtide.flows.hand_over import Transport
from mailtide.transports.ses import SesTransport
from mailtide.transports.ses_call import Mailer, SesParts
from mailtide.transports.smtp import SmtpTransport
from mailtide.transports.smtp_delivery import deliver


@dataclass(frozen=True, slots=True)
class WaysOut:
    """Makes the transports of sending IPs."""

    password: Callable[[str], str]  # by the secret's name
    networks: Sequence[Network]  # private ones that a relay may be in
    ses: Callable[[], SesParts]  # made when an IP is the first to need them
    clock: Callable[[], datetime]
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)
    relays: dict[tuple[Relay, str | None], SmtpTransport] = field(
        default_factory=dict, init=False, repr=False
    )  # by password too: who does not know it gets no connection that it opened
    mailers: list[Mailer] = field(default_factory=list, init=False)  # to be closed

    def of(self, ip: SendingIp) -> SmtpTransport | SesTransport:
        """Return the transport of a sending IP, with its relay's password as it is now."""
        way = ip.transport
        if isinstance(way, Ses):
            parts = self.ses()
            self.mailers[:] = [parts.mailer]  # always the same one
            return SesTransport(ip, way, parts)
        password = None if way.secret is None else self.password(way.secret)
        key = (way, password)
        if key not in self.relays:
            self.relays[key] = SmtpTransport(way, password, self.networks, self.clock, self.trust)
        return self.relays[key]

    def deliver(
        self, loads: Sequence[tuple[Transport, Sequence[Outgoing]]], until: datetime
    ) -> Sequence[Iterable[Outcome]]:
        """Hand messages over: all relays in one event loop, then over SES, which has a rate."""
        calls = {
            number: way.call(outgoing, until)
            for number, (way, outgoing) in enumerate(loads)
            if isinstance(way, SmtpTransport)
        }
        by_relay = dict(zip(calls, deliver(list(calls.values())), strict=True))
        return [
            by_relay[number] if number in by_relay else list(way.deliver(outgoing, until))
            for number, (way, outgoing) in enumerate(loads)
        ]

    def close(self) -> None:
        """Close the connections that were kept between calls."""
        for relay in self.relays.values():
            relay.close()
        for mailer in self.mailers:
            mailer.close()
