"""A relay on a real socket that does at each stage what a script says, and keeps its own books."""

import socket
import ssl
import struct
import threading
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, BinaryIO, Self

from mailtide.domain.handover import Outcome, Outgoing
from mailtide.domain.relay import read_networks
from mailtide.domain.sending_ip import Relay
from mailtide.transports.smtp import SmtpTransport

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
LOOPBACK = read_networks(["127.0.0.0/8"])

DROP = "drop"  # close in order
RESET = "reset"  # close with a TCP reset
FREEZE = "freeze"  # say nothing more until the relay is stopped
TAKE_AND_DROP = "take and drop"  # at `end`: the message is taken, the answer is lost
TAKE_AND_FREEZE = "take and freeze"

STAGES = ("greeting", "ehlo", "starttls", "auth", "mail", "rcpt", "data", "body", "end", "rset")
ANSWERS = {
    "greeting": "220 relay ready",
    "starttls": "220 go ahead",
    "auth": "235 2.7.0 welcome",
    "mail": "250 2.1.0 ok",
    "rcpt": "250 2.1.5 ok",
    "data": "354 go on",
    "rset": "250 2.0.0 ok",
}

Script = Mapping[tuple[str, int], str]


class _Gone(Exception):  # noqa: N818 - it is no error: the script says so
    """The connection is over."""


class ScriptedRelay:
    """Listens on loopback; `script` maps (stage, how often it was reached before) to what it does.

    What it does is a reply line or one of the words above. The connection ends with a 421 and with
    a reply in the middle of a message.
    `taken` lists (sender, recipient, message) of every message it is responsible for.
    """

    def __init__(
        self,
        script: Script | None = None,
        *,
        extensions: tuple[str, ...] = ("SMTPUTF8", "8BITMIME"),
        tls: ssl.SSLContext | None = None,
        implicit: bool = False,
    ) -> None:
        self.script = script or {}
        self.extensions = extensions
        self.tls = tls
        self.implicit = implicit
        self.taken: list[tuple[str, str, bytes]] = []
        self.commands: list[str] = []
        self.connections = 0
        self._reached: Counter[str] = Counter()
        self._stopped = threading.Event()
        self._threads: list[threading.Thread] = []
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]

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
        for thread in self._threads:
            thread.join(timeout=10)

    def recipients(self) -> list[str]:
        return [recipient for _, recipient, _ in self.taken]

    def _start(self, target: object, *args: object) -> None:
        thread = threading.Thread(target=target, args=args, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._start(self._serve, connection)

    def _serve(self, connection: socket.socket) -> None:
        session = _Session(self, connection)
        try:
            session.run()
        except (_Gone, OSError):
            pass
        finally:
            session.close()

    def act(self, stage: str) -> str:
        """Return what the script says for this arrival at a stage, or the usual answer."""
        number = self._reached[stage]
        self._reached[stage] += 1
        return self.script.get((stage, number), ANSWERS.get(stage, ""))

    def wait_until_stopped(self) -> None:
        self._stopped.wait(timeout=20)


class _Session:
    def __init__(self, relay: ScriptedRelay, connection: socket.socket) -> None:
        self.relay = relay
        self.socket = connection
        self.reader: BinaryIO = connection.makefile("rb")
        self.sender = self.recipient = ""

    def close(self) -> None:
        self.reader.close()
        self.socket.close()

    def run(self) -> None:
        if self.relay.implicit:
            self._encrypt()
        self._do("greeting")
        while line := self.reader.readline():
            command = line.decode().rstrip("\r\n")
            self.relay.commands.append(command)
            self._command(command)

    def _command(self, command: str) -> None:
        verb, _, argument = command.partition(" ")
        match verb.upper():
            case "EHLO":
                self._ehlo()
            case "STARTTLS":
                self._do("starttls")
                self._encrypt()
            case "MAIL":
                self._do("mail")
                self.sender = argument[6:].partition(">")[0]
            case "RCPT":
                self._do("rcpt")
                self.recipient = argument[4:].partition(">")[0]
            case "DATA":
                self._data()
            case "BDAT":
                size, _, _ = argument.partition(" ")
                self._end(self.reader.read(int(size)))
            case "QUIT":
                raise _Gone
            case other:
                self._do(other.lower())

    def _ehlo(self) -> None:
        action = self.relay.act("ehlo")
        if action:
            self._perform(action)
            return
        lines = ["relay", *self.relay.extensions]
        marks = ["-"] * (len(lines) - 1) + [" "]
        for mark, text in zip(marks, lines, strict=True):
            self._say(f"250{mark}{text}")

    def _data(self) -> None:
        if not self._do("data").startswith("354"):
            return
        action = self.relay.act("body")
        if action:
            self.reader.readline()  # in the middle of the message
            self._perform(action)
            raise _Gone
        lines: list[bytes] = []
        while (line := self.reader.readline()) != b".\r\n":
            if not line:
                raise _Gone
            lines.append(line.removeprefix(b"."))
        self._end(b"".join(lines))

    def _end(self, message: bytes) -> None:
        action = self.relay.act("end") or "250 2.0.0 Message queued with id 1f"
        if action.startswith(("2", "take")):
            self.relay.taken.append((self.sender, self.recipient, message))
        self._perform(action.removeprefix("take and "))

    def _do(self, stage: str) -> str:
        action = self.relay.act(stage)
        self._perform(action)
        return action

    def _perform(self, action: str) -> None:
        if action == FREEZE:
            self.relay.wait_until_stopped()
            raise _Gone
        if action == RESET:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        if action in (DROP, RESET):
            raise _Gone
        self._say(action)
        if action.startswith("421"):
            raise _Gone

    def _say(self, line: str) -> None:
        self.socket.sendall(f"{line}\r\n".encode())

    def _encrypt(self) -> None:
        if self.relay.tls is None:
            raise _Gone
        self.reader.close()
        self.socket = self.relay.tls.wrap_socket(self.socket, server_side=True)
        self.reader = self.socket.makefile("rb")


def handed_over(
    transport: SmtpTransport, outgoing: Sequence[Outgoing], until: datetime = LATER
) -> list[Outcome]:
    """Hand messages over as a sender does in its run, and let go of the connections."""
    try:
        return list(transport.deliver(outgoing, until))
    finally:
        transport.close()


def reaching(relay: Relay, **changes: Any) -> SmtpTransport:
    """Return a transport to a relay on loopback: no password, little patience, one connection."""
    given: dict[str, Any] = {
        "password": None,
        "networks": LOOPBACK,
        "clock": lambda: NOW,
        "connect_seconds": 2,
        "reply_seconds": 2,
        "connections": 1,
    }
    return SmtpTransport(relay, **{**given, **changes})
