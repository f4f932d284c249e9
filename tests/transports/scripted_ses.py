"""An SES on a real socket that does with each request what a script says, and keeps its own books.

It speaks as much of the SES API v2 (REST, JSON) as is asked of it: sending, the account, and
configuration sets with their event destinations.
"""

import base64
import json
import socket
import ssl
import struct
import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from types import TracebackType
from typing import Any, BinaryIO, Self

from botocore.config import Config
from botocore.session import Session, get_session

from mailtide.sigv4 import Credentials
from mailtide.transports.ses_wire import SesWire

DROP_EARLY = "drop early"  # close when the headers are read
RESET_EARLY = "reset early"  # the same with a TCP reset
FREEZE_EARLY = "freeze early"  # read no more than the headers until the server is stopped
DROP = "drop"  # close when the request is read
RESET = "reset"
FREEZE = "freeze"  # read the request and say nothing until the server is stopped
TAKE_AND_DROP = "take and drop"  # the message is taken, the answer is lost
TAKE_AND_FREEZE = "take and freeze"
TAKE_AND_CLOSE = "take and close"  # once the answer is written, without saying so
TAKE_AND_CUT = "take and cut"  # the answer breaks off in the middle

_EARLY = (DROP_EARLY, RESET_EARLY, FREEZE_EARLY)
SEND = "POST /v2/email/outbound-emails"


@dataclass(frozen=True, slots=True)
class Reply:
    """An answer."""

    status: int
    body: Any = field(default_factory=dict)  # bytes as they are, all else as JSON
    error: str = ""  # the name of an error of SES's
    close: bool = False  # say that the connection will be closed

    def written(self) -> bytes:
        """Return the answer's bytes."""
        body = self.body if isinstance(self.body, bytes) else json.dumps(self.body).encode()
        lines = [f"HTTP/1.1 {self.status} -", f"Content-Length: {len(body)}"]
        if self.error:
            lines.append(f"x-amzn-ErrorType: {self.error}:http://internal.amazon.com/")
        if self.close:
            lines.append("Connection: close")
        return "\r\n".join([*lines, "", ""]).encode() + body


def refusal(status: int, error: str, message: str = "") -> Reply:
    """Return an error as SES writes it."""
    return Reply(status, {"message": message}, error)


Action = str | Reply
Answer = Callable[[str, str, Any], Reply]  # method, path, body


class _Gone(Exception):  # noqa: N818 - it is no error: the script says so
    """The connection is over."""


class ScriptedSes:
    """Listens on loopback; `script` maps the number of a request to send to what happens to it.

    `taken` lists the requests to send that it is responsible for; `answer` answers all others.
    Requests to send are answered when so many of them wait as `together` says.
    """

    def __init__(
        self,
        script: Mapping[int, Action] | None = None,
        answer: Answer | None = None,
        together: int = 1,
        tls: ssl.SSLContext | None = None,
    ) -> None:
        self.script = script or {}
        self.answer = answer
        self.tls = tls
        self.together = threading.Barrier(together)
        self.taken: list[dict[str, Any]] = []
        self.asked: list[str] = []  # method and path of each request whose headers came
        self.headers: list[dict[str, str]] = []  # of the requests to send, by names in lower case
        self.bodies: list[bytes] = []  # of those that came whole
        self.connections = 0
        self._lock = threading.Lock()  # requests come on several connections at once
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._open: list[socket.socket] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        scheme, host = ("https", "localhost") if tls else ("http", "127.0.0.1")
        self.url = f"{scheme}://{host}:{self._listener.getsockname()[1]}"

    def __enter__(self) -> Self:
        self._start(self._accept)
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for connection in self._open:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)
        for thread in self._threads:
            thread.join(timeout=10)

    @property
    def sends(self) -> int:
        """How many requests to send came."""
        return self.asked.count(SEND)

    def recipients(self) -> list[str]:
        """Return whom the taken messages are to."""
        return [one["Destination"]["ToAddresses"][0] for one in self.taken]

    def content(self, number: int) -> bytes:
        """Return the bytes of a taken message."""
        return base64.b64decode(self.taken[number]["Content"]["Raw"]["Data"])

    def take(self, request: dict[str, Any]) -> Reply:
        """Take a message; the answer names it."""
        with self._lock:
            self.taken.append(request)
            return Reply(200, {"MessageId": f"ses-{len(self.taken)}"})

    def next_action(self, headers: dict[str, str]) -> Action | None:
        """Return what the script says for this request to send."""
        with self._lock:
            self.headers.append(headers)
            return self.script.get(len(self.headers) - 1)

    def wait_until_stopped(self) -> None:
        """Stand still."""
        self._stopped.wait(timeout=20)

    def wait_until_closed(self, number: int) -> None:
        """Wait until a connection was closed by the script."""
        self._threads[1 + number].join(timeout=10)  # the first one listens

    def _start(self, target: Callable[..., None], *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        if self.tls:
            connection = self.tls.wrap_socket(connection, server_side=True)
        with connection, connection.makefile("rb") as reader:
            try:
                while _Request(self, connection, reader).serve():
                    pass
            except (_Gone, OSError, ValueError):  # no HTTP, such as a TLS greeting
                pass


@dataclass(slots=True)
class _Request:
    ses: ScriptedSes
    socket: socket.socket
    reader: BinaryIO

    def serve(self) -> bool:
        """Serve one request; False when there is no other."""
        first = self.reader.readline().decode().split(" ")
        if len(first) < 2:
            return False
        method, path = first[0], first[1]
        headers: dict[str, str] = {}
        while (line := self.reader.readline().strip()) != b"":
            name, _, value = line.decode().partition(":")
            headers[name.lower()] = value.strip()
        length = int(headers.get("content-length", 0))
        action = self.ses.next_action(headers) if f"{method} {path}" == SEND else None
        self.ses.asked.append(f"{method} {path}")
        if action in _EARLY:
            self._perform(action, {})
        body = self.reader.read(length)
        if len(body) < length:
            return False
        request: Any = json.loads(body) if body else None
        if f"{method} {path}" == SEND:
            self.ses.bodies.append(body)
            self.ses.together.wait(timeout=20)
        if action is not None or f"{method} {path}" == SEND:
            self._perform(action or self.ses.take(request), request)
        elif self.ses.answer is not None:
            self.socket.sendall(self.ses.answer(method, path, request).written())
        return True

    def _perform(self, action: Action, request: dict[str, Any]) -> None:
        if isinstance(action, Reply):
            self.socket.sendall(action.written())
            return
        if action.startswith("take"):
            answer = self.ses.take(request).written()
            if action == TAKE_AND_CUT:
                self.socket.sendall(answer[:-5])
            elif action == TAKE_AND_CLOSE:
                self.socket.sendall(answer)
        if action in (FREEZE_EARLY, FREEZE, TAKE_AND_FREEZE):
            self.ses.wait_until_stopped()
        if action in (RESET_EARLY, RESET):
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        raise _Gone


@cache
def _session() -> Session:
    """Return a session that reads SES's model once for all tests."""
    return get_session()


def client_of(url: str) -> Any:
    """Return botocore's client, for all but sending, of a server on loopback."""
    config = Config(connect_timeout=3, retries={"total_max_attempts": 1, "mode": "standard"})
    return _session().create_client(
        "sesv2", region_name="eu-west-1", endpoint_url=url, config=config
    )


def wire_to(url: str) -> SesWire:
    """Return the sender's own way to a server on loopback."""
    who = Credentials("access", "secret", "token")
    return SesWire(url, "eu-west-1", lambda: who, lambda: datetime.now(UTC))
