"""Ways out: the transport of each sending IP."""

import ssl
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from mailtide.domain.relay import Network
from mailtide.domain.sending_ip import Relay, SendingIp
from mailtide.errors import PermanentError
from mailtide.transports.smtp import SmtpTransport


@dataclass(frozen=True, slots=True)
class WaysOut:
    """Makes the transports of sending IPs."""

    password: Callable[[str], str]  # by the secret's name
    networks: Sequence[Network]  # private ones that a relay may be in
    clock: Callable[[], datetime]
    trust: ssl.SSLContext = field(default_factory=ssl.create_default_context)

    def of(self, ip: SendingIp) -> SmtpTransport:
        """Return the transport of a sending IP, with its relay's password as it is now."""
        relay = ip.transport
        if not isinstance(relay, Relay):
            raise PermanentError(f"Sending IP {ip.ip_id} has no relay.")
        password = None if relay.secret is None else self.password(relay.secret)
        return SmtpTransport(relay, password, self.networks, self.clock, self.trust)
