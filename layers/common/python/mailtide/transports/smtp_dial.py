"""Dial: a connection on its way to a session, without ever blocking.

It connects to one of the very addresses that were checked (the name is not looked up again),
encrypts, and says what an opening says. Source: docs/domain/relays.md.
"""

import errno
import os
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import monotonic

from mailtide.domain.host import ascii_host
from mailtide.domain.sending_ip import Relay, Tls
from mailtide.transports.smtp_opening import (
    UPGRADE,
    Extensions,
    Login,
    NoConnectionError,
    Opening,
    opening,
)
from mailtide.transports.smtp_patience import Patience
from mailtide.transports.smtp_poll import READ, WRITE, Poll
from mailtide.transports.smtp_reply import Reply, ReplyReader

_RECEIVE = 4096  # bytes


@dataclass(frozen=True, slots=True)
class Target:
    """Where to, and as whom."""

    relay: Relay
    login: Login | None
    trust: ssl.SSLContext


class Dial:
    """One connection being opened; in the end it has `extensions` or a `failure`."""

    def __init__(
        self,
        target: Target,
        addresses: Sequence[str],
        patience: Patience,
        poll: Poll,
        on_end: Callable[["Dial"], None],
    ) -> None:
        """Take where to connect to; `on_end` is told when `extensions` or `failure` are there."""
        self.extensions: Extensions | None = None  # of a session that is ready for messages
        self.failure: NoConnectionError | None = None
        self.deadline = 0.0
        self.fastest = float("inf")  # seconds that a reply took
        self._asked = 0.0  # when a command left
        self._target = target
        self._addresses = list(addresses)
        self._patience = patience
        self._poll = poll
        self._on_end = on_end
        self._replies = ReplyReader()
        self._step: Callable[[], None] = self._connected

    def start(self) -> None:
        """Begin to connect to the first address."""
        self._connect()
        self._tell()

    def go_on(self, _events: int) -> None:
        """Go on, as the socket is ready."""
        try:
            self._step()
        except (ssl.SSLWantReadError, BlockingIOError):
            self._watch(READ)
        except ssl.SSLWantWriteError:
            self._watch(WRITE)
        except NoConnectionError as error:
            self._fail(error)
        except (OSError, ValueError) as error:
            self._fail(_no_connection(error))
        self._tell()

    def _tell(self) -> None:
        if self.failure is not None or self.extensions is not None:
            self._on_end(self)

    def expire(self) -> None:
        """Go on, as the time is over: to the next address, if none is connected."""
        if self._step == self._connected and self._addresses:
            self.close()
            self._connect()
        else:
            self._fail(NoConnectionError("no connection to the relay: timed out"))
        self._tell()

    def close(self) -> None:
        """Close the socket."""
        with suppress(KeyError, ValueError):
            self._poll.unregister(self.socket)
        self.socket.close()

    def _fail(self, error: NoConnectionError) -> None:
        self.close()
        self.failure = error

    def _watch(self, events: int) -> None:
        self._poll.modify(self.socket, events)

    def _connect(self) -> None:
        """Begin to connect to the next address."""
        address = self._addresses.pop(0)
        try:
            self.socket = socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
        except OSError as error:  # the process may open no more files, or has no IPv6
            self.failure = _no_connection(error)
            return
        self.socket.setblocking(False)
        # The end of a message is a small write behind a large one.
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.deadline = self._patience.to_connect(monotonic())
        self._poll.register(self.socket, WRITE, self.go_on)
        code = self.socket.connect_ex((address, self._target.relay.port))
        if code not in (0, errno.EINPROGRESS):
            self._refused(code)

    def _refused(self, code: int) -> None:
        if self._addresses:
            self.close()
            self._connect()
        else:
            self._fail(_no_connection(OSError(code, os.strerror(code))))

    def _connected(self) -> None:
        code = self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        if code:
            self._refused(code)
            return
        try:
            self.socket.getpeername()
        except OSError:
            return  # the event was not this socket's
        relay = self._target.relay
        self._opening: Opening = opening(_own_name(self.socket), relay.tls, self._target.login)
        self._watch(READ)
        self.deadline = self._patience.to_reply(monotonic())
        if relay.tls is Tls.IMPLICIT:
            self._encrypt()
        else:
            self._begin()

    def _begin(self) -> None:
        self._step = self._converse
        next(self._opening)  # the greeting comes first

    def _encrypt(self) -> None:
        """Begin TLS; the certificate must be the relay's."""
        self._poll.unregister(self.socket)
        self.socket = self._target.trust.wrap_socket(
            self.socket,
            server_hostname=ascii_host(self._target.relay.host),
            do_handshake_on_connect=False,
        )
        self._poll.register(self.socket, READ, self.go_on)
        self._step = self._shake_hands
        self._shake_hands()

    def _shake_hands(self) -> None:
        self.socket.do_handshake()  # type: ignore[attr-defined]
        self._watch(READ)
        if self._target.relay.tls is Tls.IMPLICIT:
            self._begin()
        else:
            self._step = self._converse
            self._say(Reply(0, ""))
        self._converse()  # TLS may have read more than the handshake

    def _converse(self) -> None:
        """Hear a reply and say what comes next."""
        data = self.socket.recv(_RECEIVE)
        if not data:
            raise ConnectionError("the relay closed it")
        for code, line in self._replies.read(data):
            if self.extensions is not None or self._step != self._converse:
                return  # what came before TLS, or unasked, counts for nothing
            self._say(Reply(code, line.decode("utf-8", "replace").strip()))

    def _say(self, reply: Reply) -> None:
        if self._asked:
            self.fastest = min(self.fastest, monotonic() - self._asked)
        try:
            command = self._opening.send(reply)
        except StopIteration as end:
            self.extensions = end.value
            return
        self.deadline = self._patience.to_reply(monotonic())
        if command is UPGRADE:
            self._replies = ReplyReader()
            self._encrypt()
        elif isinstance(command, bytes):
            self._asked = monotonic()
            self.socket.sendall(command)  # short, and nothing else is on its way


def _own_name(opened: socket.socket) -> str:
    """Name this host by its address (RFC 5321 section 4.1.3): a function has no name."""
    address = str(opened.getsockname()[0])
    return f"[IPv6:{address}]" if ":" in address else f"[{address}]"


def _no_connection(error: Exception) -> NoConnectionError:
    return NoConnectionError(f"no connection to the relay: {str(error) or type(error).__name__}")
