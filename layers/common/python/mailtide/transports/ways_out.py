"""Ways out: the transport of each sending IP."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailtide.domain.relay import Network
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.transports.ses import Account, Mailer, Rate, SesTransport
from mailtide.transports.smtp import SmtpTransport


@dataclass(frozen=True, slots=True)
class SesParts:
    """What all transports over SES share in one process."""

    mailer: Mailer
    account: Account
    rate: Rate


@dataclass(frozen=True, slots=True)
class WaysOut:
    """Makes the transports of sending IPs."""

    password: Callable[[str], str]  # by the secret's name
    networks: Sequence[Network]  # private ones that a relay may be in
    ses: Callable[[], SesParts]  # made when an IP is the first to need them
    clock: Callable[[], datetime]
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def of(self, ip: SendingIp) -> SmtpTransport | SesTransport:
        """Return the transport of a sending IP, with its relay's password as it is now."""
        way = ip.transport
        if isinstance(way, Ses):
            parts = self.ses()
            return SesTransport(ip, way, parts.mailer, parts.account, parts.rate, self.clock)
        password = None if way.secret is None else self.password(way.secret)
        return SmtpTransport(way, password, self.networks, self.clock, self.trust)
