"""A relay without sockets: bytes in, replies out, and the books of what it is responsible for.

It does what RFC 5321, 2920 and 3030 ask of a server, and at each arrival at a stage what a script
says. Between two commands it may have more bytes than it has looked at, like a real one.
"""

from collections import Counter
from collections.abc import Mapping

ANSWERS = {
    "RSET": "250 2.0.0 ok",
    "MAIL": "250 2.1.0 ok",
    "RCPT": "250 2.1.5 ok",
    "DATA": "354 go on",
    "END": "250 2.0.0 queued",
    "BDAT": "250 2.0.0 queued",
}
CLOSE = "close"

Script = Mapping[tuple[str, int], str]


class ModelRelay:
    """One session; `arrivals` and `taken` are shared by all sessions of one relay.

    `limit` is of messages in a session, as Stalwart has it.
    `taken` lists (sender, recipient, message). A reply of the script that is no refusal takes a
    message all the same at END: what a relay says and what it does are two things.
    """

    def __init__(
        self,
        script: Script,
        arrivals: Counter[str],
        taken: list[tuple[str, str, bytes]],
        limit: int = 999,
    ) -> None:
        self.script = script
        self.arrivals = arrivals
        self.taken = taken
        self.left = limit  # messages that this session takes
        self.closed = False
        self.faults: list[str] = []  # what a client must never do
        self._buffer = b""
        self._sender: str | None = None
        self._recipient: str | None = None
        self._data: bytes | None = None  # the lines so far, in DATA

    def receive(self, data: bytes) -> bytes:
        """Work off what is whole; return the replies."""
        self._buffer += data
        replies = b""
        while not self.closed:
            reply = self._line() if self._data is None else self._content()
            if reply is None:
                break
            replies += reply
        return replies

    def _line(self) -> bytes | None:
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return None
        command = line.decode()
        verb = command[:4]
        if verb == "BDAT":
            size = int(command.split()[1])
            if len(rest) < size:
                return None
            chunk, self._buffer = rest[:size], rest[size:]
            return self._end("BDAT", chunk)
        self._buffer = rest
        return self._command(verb, command)

    def _command(self, verb: str, command: str) -> bytes:
        if verb == "QUIT":
            self.closed = True
            return b"221 bye\r\n"
        if verb not in ANSWERS:
            self.faults.append(command)
            return b"500 what?\r\n"
        if verb == "RSET":
            self._sender = self._recipient = None
        elif (verb == "MAIL") is (self._sender is not None) or (
            verb == "DATA" and not self._recipient
        ):
            return b"503 5.5.1 not now\r\n"
        reply = self._act(verb)
        if verb == "MAIL" and reply.startswith("2"):
            self._sender = command.partition("<")[2].partition(">")[0]
        if verb == "RCPT" and reply.startswith("2"):
            self._recipient = command.partition("<")[2].partition(">")[0]
        if verb == "DATA" and reply.startswith("354"):
            self._data = b""
        return self._say(reply)

    def _content(self) -> bytes | None:
        line, end, rest = self._buffer.partition(b"\r\n")
        if not end:
            return None
        self._buffer = rest
        if line == b".":
            message, self._data = self._data or b"", None
            return self._end("END", message)
        self._data = (self._data or b"") + line.removeprefix(b".") + b"\r\n"
        return b""

    def _end(self, stage: str, message: bytes) -> bytes:
        sender, recipient = self._sender, self._recipient
        self._sender = self._recipient = None
        if recipient is None:
            # As a server may (RFC 3030): what was begun still stands after a failure.
            self._sender = sender
            return b"503 5.5.1 no recipient\r\n"
        reply = self._act(stage)
        if reply == CLOSE or reply[0] not in "45":
            self.taken.append((sender or "", recipient, message))
        return self._say(reply)

    def _act(self, stage: str) -> str:
        if stage in ("DATA", "BDAT"):
            self.left -= 1
            if self.left < 0:
                return "452 4.4.5 too many messages"
        number = self.arrivals[stage]
        self.arrivals[stage] += 1
        return self.script.get((stage, number), ANSWERS[stage])

    def _say(self, reply: str) -> bytes:
        if reply == CLOSE:
            self.closed = True
            return b""
        if reply.startswith("421"):
            self.closed = True
        return reply.encode() + b"\r\n"
