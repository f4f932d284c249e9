"""Connection: one SMTP session with a relay, from the look-up of its host to one message's reply.

Source: docs/domain/relays.md; RFC 5321 sections 4.2 (replies) and 4.5.2 (transparency).
"""

import re
import smtplib
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass

from mailtide.domain import relay as rules
from mailtide.domain.handover import Accepted, Outcome, Refused, Unknown
from mailtide.domain.host import ascii_domain, ascii_host
from mailtide.domain.relay import Network
from mailtide.domain.sending_ip import Relay, Tls
from mailtide.errors import InvalidInputError

MAX_ADDRESSES = 3  # of the relay's, tried one after the other
MAX_RESPONSE = 900  # characters kept of a reply; it lies in the message's row
LEAST_SECONDS = 1.0  # given to any reply, however little time is left
LAST_SECONDS = 10.0  # given to the answer to a whole message: without it the message is in doubt
_MAILBOX = re.compile(r"[^\s<>\x00-\x1f\x7f]+@[a-z0-9.-]+", re.IGNORECASE)
_SESSION_LIMIT = re.compile(r"4\.4\.5\b|too many messages", re.IGNORECASE)
_LOST = (smtplib.SMTPException, OSError)


class NoConnectionError(Exception):
    """There is no connection to be had; nobody's message was looked at."""

    def __init__(self, response: str, code: int | None = None) -> None:
        super().__init__(response)
        self.response = response
        self.code = code  # of the relay's reply; None when it gave none


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a relay is waited for: a slow one must not outlive the time for handing over."""

    connect_seconds: float
    reply_seconds: float
    left: Callable[[], float]  # seconds of the time for handing over; below 0 when it is over

    def to_connect(self) -> float:
        """Return the seconds that an address of the relay gets."""
        return min(self.connect_seconds, max(self.left(), LEAST_SECONDS))

    def to_reply(self, least: float = LEAST_SECONDS) -> float:
        """Return the seconds that a reply gets, `least` of them even after the time."""
        return min(self.reply_seconds, max(self.left(), least))


class Client(smtplib.SMTP):
    """The library's client, whose every wait for a reply has its own end."""

    def __init__(self, patience: Patience) -> None:
        super().__init__(local_hostname="localhost")  # else it looks its own name up
        self.patience = patience

    def getreply(self) -> tuple[int, bytes]:
        """Read a reply."""
        return self._wait(self.patience.to_reply())

    def last_reply(self) -> tuple[int, bytes]:
        """Read the reply to a whole message."""
        return self._wait(self.patience.to_reply(LAST_SECONDS))

    def _wait(self, seconds: float) -> tuple[int, bytes]:
        if self.sock is not None:
            self.sock.settimeout(seconds)
        return super().getreply()


@dataclass(frozen=True, slots=True)
class Letter:
    """A message with its envelope, domains in ASCII."""

    sender: str
    recipient: str
    message: bytes


@dataclass(slots=True)
class Connection:
    """An open session; after `hand_over` its fields say how it stands."""

    client: Client
    usable: bool = True
    trouble: str | None = None  # why the last message got no answer of its own
    ended_by_relay: bool = False  # the relay refused the session, not the message

    def hand_over(self, letter: Letter) -> Outcome:
        """Give one message to the relay, if there is still time right before its bytes leave."""
        self.trouble, self.ended_by_relay = None, False
        options = ""
        if not letter.recipient.isascii():
            if not self.client.has_extn("smtputf8"):
                words = "the relay does not know SMTPUTF8, which this address needs"
                return Refused(later=False, code=None, response=words)
            options = " SMTPUTF8 BODY=8BITMIME"
        try:
            refused = self._envelope(letter, options)
            if refused is not None:
                return refused
            self.client.send(_transparent(letter.message))
        except _LOST as error:
            words = f"the connection was lost before the end of the message: {_words(error)}"
            self._lose(words)
            return Refused(later=True, code=None, response=words)
        return self._end_of_data()

    def close(self) -> None:
        """Say goodbye, where that makes sense, and close."""
        if self.usable:
            with suppress(*_LOST):
                self.client.send(b"QUIT\r\n")
        self.client.close()

    def _envelope(self, letter: Letter, options: str) -> Refused | None:
        """Send the commands up to DATA; return the refusal, or None when the relay waits."""
        for command in (f"MAIL FROM:<{letter.sender}>{options}", f"RCPT TO:<{letter.recipient}>"):
            code, text = self.client.docmd(command)
            if code // 100 != 2:
                return self._refused(code, text)
        if self.client.patience.left() <= 0:
            self._reset()
            words = "the time for handing over has run out"
            return Refused(later=True, code=None, response=words)
        code, text = self.client.docmd("DATA")
        return None if code == 354 else self._refused(code, text)

    def _refused(self, code: int, text: bytes, *, reset: bool = True) -> Refused:
        """Read a reply that is no consent; the session may be over with it, or out of step."""
        response = _reply(code, text)
        if code == 421 or (code == 452 and _SESSION_LIMIT.search(response)):
            self.ended_by_relay = True
            self._lose(response)
        elif code // 100 not in (4, 5):
            self._lose(response)
        elif reset:
            self._reset()
        return Refused(later=code // 100 != 5, code=code, response=response)

    def _end_of_data(self) -> Outcome:
        """Send the end of the message and read what came of it; from here on it may be taken."""
        try:
            self.client.send(b".\r\n")
            code, text = self.client.last_reply()
        except _LOST as error:
            words = f"no answer to the end of the message: {_words(error)}"
            self._lose(words)
            return Unknown(words)
        if code // 100 == 2:
            return Accepted(_reply(code, text))
        if code // 100 in (4, 5):
            return self._refused(code, text, reset=False)
        words = f"no answer that means anything to the end of the message: {_reply(code, text)}"
        self._lose(words)
        return Unknown(words)

    def _reset(self) -> None:
        """Forget the envelope, for the next message's sake."""
        try:
            self.usable = self.client.docmd("RSET")[0] // 100 == 2
        except _LOST:
            self.usable = False

    def _lose(self, trouble: str) -> None:
        self.usable = False
        self.trouble = trouble


def mailbox(address: str) -> str:
    """Return an address as a command carries it.

    Raises:
        ValueError: when no command can.
    """
    try:
        ready = ascii_domain(address)
    except ValueError as error:
        raise ValueError(f"not an address that SMTP can carry: {error}") from error
    if _MAILBOX.fullmatch(ready) is None:
        raise ValueError("not an address that SMTP can carry: it has spaces or brackets in it")
    return ready


def connect(
    relay: Relay,
    password: str | None,
    *,
    networks: Sequence[Network],
    trust: ssl.SSLContext,
    patience: Patience,
) -> Connection:
    """Open a session that is ready for messages: greeted, encrypted and logged in.

    Raises:
        NoConnectionError: whatever stood in the way.
    """
    client = Client(patience)
    try:
        host = ascii_host(relay.host)
        addresses = resolve(host, relay.port)
        rules.check(host, relay.port, addresses, networks)
        if relay.username is not None:
            rules.check_login(relay.tls, addresses, networks)
        opened = client.sock = _open(addresses, relay.port, patience)
        _begin(client, opened, host, relay.tls, trust)
        if relay.username is not None:
            client.login(relay.username, password or "")
    except InvalidInputError as error:
        client.close()
        raise NoConnectionError(error.detail) from error
    except smtplib.SMTPResponseException as error:
        client.close()
        words = _reply(error.smtp_code, error.smtp_error)
        raise NoConnectionError(words, error.smtp_code) from error
    except (*_LOST, ValueError) as error:
        client.close()
        raise NoConnectionError(f"no connection to the relay: {_words(error)}") from error
    client.command_encoding = "utf-8"
    return Connection(client)


def resolve(host: str, port: int) -> list[str]:
    """Return all addresses of a relay's host, in the order they are tried.

    Raises:
        OSError: when the name cannot be resolved.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def _open(addresses: Sequence[str], port: int, patience: Patience) -> socket.socket:
    """Connect to one of the very addresses that were checked; the name is not looked up again."""
    errors: list[OSError] = []
    for address in addresses[:MAX_ADDRESSES]:
        try:
            opened = socket.create_connection((address, port), patience.to_connect())
        except OSError as error:
            errors.append(error)
        else:
            # The end of a message is a small write behind a large one.
            opened.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            return opened
    raise errors[0]


def _begin(
    client: Client, opened: socket.socket, host: str, tls: Tls, trust: ssl.SSLContext
) -> None:
    name = _own_name(opened)
    if tls is Tls.IMPLICIT:
        client.sock = trust.wrap_socket(opened, server_hostname=host)
    _expect(client.getreply(), 220)
    _expect(client.ehlo(name), 250)
    if tls is Tls.STARTTLS:
        if not client.has_extn("starttls"):
            raise smtplib.SMTPNotSupportedError("it does not offer STARTTLS")
        _expect(client.docmd("STARTTLS"), 220)
        # What came in the clear counts for nothing (RFC 3207 section 4.2).
        client.file, client.esmtp_features = None, {}
        client.sock = trust.wrap_socket(opened, server_hostname=host)
        _expect(client.ehlo(name), 250)


def _own_name(opened: socket.socket) -> str:
    """Name this host by its address (RFC 5321 section 4.1.3): a function has no name."""
    address = str(opened.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _expect(reply: tuple[int, bytes], code: int) -> None:
    if reply[0] != code:
        raise smtplib.SMTPResponseException(*reply)


def _transparent(message: bytes) -> bytes:
    """Write line ends as CRLF, double leading dots, end the last line."""
    lines = re.sub(rb"\r\n|\r|\n", b"\r\n", message)
    dotted = re.sub(rb"(?m)^\.", b"..", lines)
    return dotted if dotted.endswith(b"\r\n") else dotted + b"\r\n"


def _reply(code: int, text: bytes | str) -> str:
    words = text.decode("utf-8", "replace") if isinstance(text, bytes) else text
    return f"{code} {words}"[:MAX_RESPONSE]


def _words(error: Exception) -> str:
    return str(error) or type(error).__name__
