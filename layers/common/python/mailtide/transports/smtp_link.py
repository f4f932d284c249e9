"""Link: a session's connection, which never blocks.

Source: docs/domain/relays.md.
"""

import socket
import ssl
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from time import monotonic

from mailtide.transports.smtp_patience import Patience
from mailtide.transports.smtp_poll import READ, WRITE, Poll
from mailtide.transports.smtp_session import Session

_RECEIVE = 4096  # bytes; replies are short
_RECORD = 16_384  # bytes of one TLS record: unless all of it left, nobody can read any of it
_WAIT = (BlockingIOError, ssl.SSLWantReadError, ssl.SSLWantWriteError)
_NEVER = float("inf")


class Link:
    """One open connection with its session."""

    def __init__(self, opened: socket.socket, session: Session, *, near: bool = False) -> None:
        self.session = session
        self.near = near  # the relay answers at once when it has nothing else to do
        self.idle_since: datetime | None = None  # between two calls
        self._socket = opened
        self._tls = isinstance(opened, ssl.SSLSocket)
        self._unsent: bytes | memoryview = b""
        self._blocked = False
        self._moved = 0.0  # when something came or left
        self._poll: Poll | None = None
        self._patience = Patience(0, 0, 0)
        self._on_over: Callable[[Link], None] = Link.close

    def attach(self, poll: Poll, patience: Patience, on_over: Callable[["Link"], None]) -> None:
        """Take part in a call, which is told when the session is over."""
        self._poll = poll
        self._patience = patience
        self._on_over = on_over
        poll.register(self._socket, READ, self.go_on)

    def detach(self) -> None:
        """Leave a call."""
        if self._poll is not None:
            self._poll.unregister(self._socket)
            self._poll = None

    @property
    def deadline(self) -> float:
        """Until when something has to come or leave."""
        if self.session.idle:
            return _NEVER
        if self.session.whole_unanswered:
            return self._patience.to_answer(self._moved)
        return self._patience.to_reply(self._moved)

    @property
    def silent(self) -> bool:
        """Whether the relay has neither hung up nor said anything since the last call."""
        try:
            self._socket.recv(1)  # with TLS there may be tickets to read, which are no words
        except _WAIT:
            return True
        except OSError:
            return False
        return False

    def go_on(self, events: int = WRITE) -> None:
        """Receive what came, and send what there is to send."""
        if events & ~WRITE or self._tls:
            self._receive()
        self._send()
        if self.session.over:
            self._on_over(self)
        else:
            self._moved = monotonic()

    def expire(self) -> None:
        """Give up, as the time is over; what came while others were seen to counts first.

        To render a message, or to look up a host, may take longer than a relay has for its answer.
        """
        if self._receive():
            self._moved = monotonic()
        if self.deadline <= monotonic():
            self.session.lose("timed out")
        self.go_on()

    def close(self) -> None:
        """Say goodbye where that makes sense, and close."""
        self.detach()
        if self.session.polite:
            with suppress(OSError):
                self._socket.send(b"QUIT\r\n")
        self._socket.close()

    def _receive(self) -> bool:
        """Read what came; return whether there may be more."""
        session = self.session
        try:
            data = self._socket.recv(_RECEIVE)
            while self._tls and data and self._socket.pending():  # type: ignore[attr-defined]
                session.receive(data)
                data = self._socket.recv(_RECEIVE)
        except _WAIT:
            return False
        except OSError as error:
            session.lose(str(error))
            return False
        if data:
            session.receive(data)
        else:
            session.lose("the relay closed the connection")
        return bool(data)

    def _send(self) -> None:
        """Send as much as the connection takes."""
        session = self.session
        unsent = self._unsent or session.data_to_send()
        while unsent and not session.over:
            part = unsent[:_RECORD] if self._tls else unsent
            try:
                sent = self._socket.send(part)
            except _WAIT:
                sent = 0
            except OSError as error:
                self._hear_why(str(error))
                return
            session.sent += sent
            if sent < len(part):
                self._unsent = memoryview(unsent)[sent:]
                self._await_room(True)
                return
            unsent = unsent[sent:] if self._tls else b""
            if not unsent and (session.windowed or self._blocked):
                unsent = session.data_to_send()
        self._unsent = b""
        if self._blocked:
            self._await_room(False)

    def _hear_why(self, trouble: str) -> None:
        """Read what the relay may have said before it hung up."""
        while not self.session.over and self._receive():
            pass
        self.session.lose(trouble)

    def _await_room(self, blocked: bool) -> None:
        if blocked is not self._blocked and self._poll is not None:
            self._blocked = blocked
            self._poll.modify(self._socket, READ | WRITE if blocked else READ)
