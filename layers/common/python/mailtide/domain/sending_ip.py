"""Sending IP: an address that mail leaves from, with the relay that sends through it."""

from dataclasses import dataclass
from enum import StrEnum

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
class SendingIp:
    """One sending IP of one organisation; its `tag` stands in the envelope sender."""

    org_id: str
    ip_id: str
    tag: str
    stream: Stream
    relay: Relay
    daily_limit: int | None = None  # messages per UTC day; None is unlimited
    active: bool = True
