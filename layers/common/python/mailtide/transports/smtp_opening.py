"""Opening: what is said on a new connection until the relay is ready for messages.

A generator without sockets: it yields what goes out and is sent the reply. `UPGRADE` asks for TLS;
what came before it counts for nothing then (RFC 3207 section 4.2).
Source: RFC 5321 section 3.1, RFC 3207 (STARTTLS), RFC 4954 and 4616 (AUTH).
"""

from base64 import b64encode
from collections.abc import Generator, Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from mailtide.domain.sending_ip import Tls
from mailtide.transports.smtp_reply import MAX_RESPONSE, Reply

Extensions = Mapping[str, str]  # what EHLO offers: the keyword in capitals, with its parameters


class NoConnectionError(Exception):
    """There is no session to be had; nobody's message was looked at."""

    def __init__(self, response: str, code: int | None = None) -> None:
        super().__init__(response)
        self.response = response
        self.code = code  # of the relay's reply; None when it gave none


class Signal(Enum):
    """What an opening asks for besides sending."""

    UPGRADE = auto()


UPGRADE = Signal.UPGRADE
Opening = Generator[bytes | Signal, Reply, Extensions]


@dataclass(frozen=True, slots=True)
class Login:
    """Who logs in."""

    username: str
    password: str = field(repr=False)


def opening(name: str, tls: Tls, login: Login | None) -> Opening:
    """Greet, encrypt and log in; return what the relay offers.

    Args:
        name: of this host, for EHLO.
        tls: STARTTLS is asked for here; implicit TLS stands already.
        login: None without AUTH.

    Raises:
        NoConnectionError: the relay wants none of it, or does not offer what is needed.
    """
    _expect((yield b""), 220)
    extensions = yield from _ehlo(name)
    if tls is Tls.STARTTLS:
        if "STARTTLS" not in extensions:
            raise NoConnectionError("no connection to the relay: it does not offer STARTTLS")
        _expect((yield b"STARTTLS\r\n"), 220)
        yield UPGRADE
        extensions = yield from _ehlo(name)
    if login is not None:
        yield from _log_in(login, extensions)
    return extensions


def _ehlo(name: str) -> Opening:
    reply = yield f"EHLO {name}\r\n".encode()
    _expect(reply, 250)
    lines = reply.response.removeprefix("250").split("\n")[1:]
    offers = (line.strip().partition(" ") for line in lines)
    return {keyword.upper(): parameters.upper() for keyword, _, parameters in offers}


def _log_in(login: Login, extensions: Extensions) -> Generator[bytes, Reply, None]:
    offered = extensions.get("AUTH", "").split()
    username, password = login.username.encode(), login.password.encode()
    if "PLAIN" in offered:
        reply = yield b"AUTH PLAIN " + b64encode(b"\0" + username + b"\0" + password) + b"\r\n"
    elif "LOGIN" in offered:
        _expect((yield b"AUTH LOGIN\r\n"), 334)
        _expect((yield b64encode(username) + b"\r\n"), 334)
        reply = yield b64encode(password) + b"\r\n"
    else:
        raise NoConnectionError("no connection to the relay: it offers neither PLAIN nor LOGIN")
    _expect(reply, 235)


def _expect(reply: Reply, code: int) -> None:
    if reply.code != code:
        raise NoConnectionError(reply.response[:MAX_RESPONSE], reply.code or None)
