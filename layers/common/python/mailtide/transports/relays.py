"""Relays: the way out of each sending IP."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailtide.domain.relay import Network
from mailtide.domain.sending_ip import SendingIp
from mailtide.transports.smtp import SmtpTransport


@dataclass(frozen=True, slots=True)
class Relays:
    """Makes the transports of sending IPs."""

    password: Callable[[str], str]  # by the secret's name
    networks: Sequence[Network]  # private ones that a relay may be in
    clock: Callable[[], datetime]
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def of(self, ip: SendingIp) -> SmtpTransport:
        """Return the transport of a sending IP, with its password as it is now."""
        secret = ip.relay.secret
        password = None if secret is None else self.password(secret)
        return SmtpTransport(ip.relay, password, self.networks, self.clock, self.trust)
