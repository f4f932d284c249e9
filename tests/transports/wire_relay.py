"""A model relay on a real socket, which may go away, or fall silent, after so many bytes."""

import socket
import struct
import threading
from collections import Counter
from types import TracebackType
from typing import Self

from tests.transports.model_relay import ModelRelay, Script

PIPELINED = ("PIPELINING", "8BITMIME")
CHUNKED = (*PIPELINED, "CHUNKING")
LOCK_STEP = ("8BITMIME", "CHUNKING")  # which is no use without PIPELINING


class WireRelay:
    """Listens on loopback.

    The first connection ends, or freezes, when `life` bytes of the messages' dialogue have come in;
    what came before is still answered or not, as the wire has it.
    """

    def __init__(
        self,
        extensions: tuple[str, ...],
        script: Script | None = None,
        *,
        life: int | None = None,
        frozen: bool = False,
    ) -> None:
        self.extensions = extensions
        self.script = script or {}
        self.life = life
        self.frozen = frozen
        self.taken: list[tuple[str, str, bytes]] = []
        self.heard = 0  # bytes of the first connection
        self.connections = 0
        self.faults: list[str] = []
        self._arrivals: Counter[str] = Counter()
        self._stopped = threading.Event()
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._listener.getsockname()[1]
        self._threads = [threading.Thread(target=self._accept, daemon=True)]

    def __enter__(self) -> Self:
        self._threads[0].start()
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

    def _accept(self) -> None:
        while not self._stopped.is_set():
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            life = self.life if self.connections == 1 else None
            thread = threading.Thread(target=self._serve, args=(connection, life), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _serve(self, connection: socket.socket, life: int | None) -> None:
        model = ModelRelay(self.script, self._arrivals, self.taken)
        try:
            with connection:
                self._talk(connection, model, life)
        except OSError:
            pass
        self.faults += model.faults

    def _talk(self, connection: socket.socket, model: ModelRelay, life: int | None) -> None:
        connection.sendall(b"220 relay ready\r\n")
        connection.recv(4096)
        offers = "".join(f"250-{extension}\r\n" for extension in self.extensions)
        connection.sendall(f"250-relay\r\n{offers}250 HELP\r\n".encode())
        while not model.closed and life != 0:
            data = connection.recv(65536 if life is None else life)
            if not data:
                return
            if life is not None:
                life -= len(data)
                self.heard += len(data)
            connection.sendall(model.receive(data))
        if life == 0 and self.frozen:
            self._stopped.wait(timeout=20)
        elif life == 0 and self._arrivals["MAIL"] % 2:  # a reset may overtake the last replies
            linger = struct.pack("ii", 1, 0)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, linger)
