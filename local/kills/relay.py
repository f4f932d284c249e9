"""Relay: takes messages over SMTP, keeps a ledger, and strikes at bytes that it is told.

A strike comes while the bytes of a connection are read, wherever that is: between two lines, in the
middle of one, in a message or behind it, before its answer. Places are weighed, so that each of
these comes about as often though nearly all bytes are those of messages. What the client had sent
by then is read on or dropped, by chance; a message that came whole is taken, whether its sender
still lives or not.
"""

import contextlib
import random
import re
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

PIECES = (1, 512, 65_536)  # bytes read at once, at most
COMMANDS, MESSAGE, ANSWER = PLACES = ("commands", "message", "answer")
MESSAGE_BYTES = 40_000  # about what a message has on the wire
WEIGHTS = {COMMANDS: MESSAGE_BYTES // 70, MESSAGE: 1, ANSWER: MESSAGE_BYTES}
_PATH = re.compile(rb"<([^>]*)>")


class _DroppedError(Exception):
    """The connection is over: dropped by chance, or closed by the client."""


@dataclass
class Relay:
    """The relay; `strike` gets the client's port, and says whether that was a sender's."""

    strike: Callable[[int], bool]
    chance: random.Random
    extensions: tuple[str, ...] = ("PIPELINING", "CHUNKING", "8BITMIME")
    ledger: Counter[str] = field(default_factory=Counter)  # messages taken, by envelope sender
    strikes: Counter[str] = field(default_factory=Counter)  # senders that died, by where
    gap: int = 0  # weighed bytes between two strikes, on average
    _until_strike: int = 0
    _turn: threading.Lock = field(default_factory=threading.Lock)

    @contextlib.contextmanager
    def listening(self) -> Iterator[int]:
        """Listen on loopback; yield the port."""
        with socket.create_server(("127.0.0.1", 0)) as server:
            threading.Thread(target=self._accept, args=[server], daemon=True).start()
            yield server.getsockname()[1]

    def strike_every(self, messages: float) -> None:
        """Strike about every so many messages from now on; 0: no more."""
        with self._turn:
            self.gap = int(messages * MESSAGE_BYTES) * len(PLACES)
            self._until_strike = self.chance.randint(1, 2 * self.gap) if self.gap else 0

    def count(self, read: int, where: str, port: int) -> bool:
        """Count bytes; strike when it is time, and say whether the rest is dropped."""
        with self._turn:
            if not self.gap:
                return False
            self._until_strike -= read * WEIGHTS[where]
            if self._until_strike > 0:
                return False
            self._until_strike = self.chance.randint(1, 2 * self.gap)
            self.strikes[where] += self.strike(port)
            return self.chance.random() < 0.5

    def _accept(self, server: socket.socket) -> None:
        with contextlib.suppress(OSError):  # closed
            while True:
                client, (_, port) = server.accept()
                session = _Session(self, client, port)
                threading.Thread(target=session.run, daemon=True).start()


@dataclass
class _Session:
    relay: Relay
    client: socket.socket
    port: int
    buffer: bytes = b""
    where: str = COMMANDS
    sender: str = ""

    def run(self) -> None:
        """Talk until the client leaves or is dropped."""
        with self.client, contextlib.suppress(_DroppedError, OSError):
            self._say("220 relay")
            while self._command(self._line()):
                pass

    def _command(self, line: bytes) -> bool:
        verb = line[:4].upper()
        if verb == b"EHLO":
            self._say("\r\n".join(f"250-{one}" for one in self.relay.extensions) + "\r\n250 HELP")
        elif verb == b"MAIL":
            found = _PATH.search(line)
            self.sender = found[1].decode() if found else ""
            self._say("250 2.1.0 ok")
        elif verb == b"DATA":
            self._say("354 go on")
            self._until(b"\r\n.\r\n", MESSAGE)
            self._take()
        elif verb == b"BDAT":
            self._exactly(int(line.split()[1]))
            self._take()
        elif verb == b"QUIT":
            self._say("221 bye")
            return False
        else:  # RCPT, RSET, NOOP
            self._say("250 2.0.0 ok")
        return True

    def _take(self) -> None:
        self.relay.ledger[self.sender] += 1
        if self.relay.count(1, ANSWER, self.port):
            raise _DroppedError
        self._say("250 2.0.0 taken")

    def _say(self, words: str) -> None:
        self.client.sendall(f"{words}\r\n".encode())

    def _line(self) -> bytes:
        return self._until(b"\r\n", COMMANDS)

    def _until(self, end: bytes, where: str) -> bytes:
        self.where = where
        while end not in self.buffer:
            self._read()
        found, _, self.buffer = self.buffer.partition(end)
        return found

    def _exactly(self, size: int) -> None:
        self.where = MESSAGE
        while len(self.buffer) < size:
            self._read()
        self.buffer = self.buffer[size:]

    def _read(self) -> None:
        piece = self.client.recv(self.relay.chance.choice(PIECES))
        if not piece:
            raise _DroppedError
        if self.relay.count(len(piece), self.where, self.port):
            raise _DroppedError
        self.buffer += piece
