"""Sending IP: an address that mail leaves from, with the transport that sends through it."""

from dataclasses import dataclass
from enum import StrEnum

from mailtide.domain.sending_rate import RateLimit
from mailtide.domain.suppression import Stream


class Tls(StrEnum):
    """How the connection to a relay is protected."""

    NONE = "none"
    STARTTLS = "starttls"
    IMPLICIT = "implicit"


@dataclass(frozen=True, slots=True)
class Relay:
    """An SMTP relay; the password lies in a secret of its own."""

    host: str
    port: int
    tls: Tls
    username: str | None = None
    secret: str | None = None  # name of the secret that holds the password


@dataclass(frozen=True, slots=True)
class Ses:
    """Amazon SES; the configuration set is what chooses the address that mail leaves from.

    A managed or shared pool of SES counts as one sending IP.
    """

    configuration_set: str
    pool: str | None = None  # SES's dedicated pool that the set sends through; None: SES's shared


Transport = Relay | Ses


@dataclass(frozen=True, slots=True)
class SendingIp:
    """One sending IP of one organisation; its `tag` stands in the envelope sender."""

    org_id: str
    ip_id: str
    tag: str
    stream: Stream
    transport: Transport
    daily_limit: int | None = None  # messages per UTC day; None is unlimited
    active: bool = True
    rate_limits: tuple[RateLimit, ...] = ()
