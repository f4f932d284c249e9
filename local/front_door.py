"""One fixed address in front of the emulator's HTTP API, as a custom domain is in AWS.

Method, path, query, headers and body pass as they are, in both directions and in parallel.
"""

import contextlib
import http.client
import sys
import threading
from collections.abc import Iterable, Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import urlsplit

HOST = "127.0.0.1"
TIMEOUT_SECONDS = 60.0
# More requests wait for their turn: the emulator throttles where AWS would start another function.
MAX_FORWARDED = 16
POLL_SECONDS = 0.05  # how soon it notices that it should stop
# They describe one connection, not the request (RFC 9110, section 7.6.1).
HOP_BY_HOP = frozenset(
    {
        "connection",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    }
)


class FrontDoor(ThreadingHTTPServer):
    """Listens on loopback from the start; forwards once `open_to` has named the API."""

    daemon_threads = True
    request_queue_size = 128

    def __init__(self, port: int) -> None:
        """`port` 0 takes a free one.

        Raises:
            OSError: the port is taken.
        """
        super().__init__((HOST, port), _Forwarder)
        self.turn = threading.Semaphore(MAX_FORWARDED)
        self.upstream = ""
        self.upstream_path = ""

    @property
    def url(self) -> str:
        """Return the address to call, without a slash at its end."""
        return f"http://{HOST}:{self.server_port}"

    def open_to(self, endpoint: str, api_id: str) -> None:
        """Forward to this HTTP API of the emulator at `endpoint`."""
        self.upstream = urlsplit(endpoint).netloc
        self.upstream_path = f"/_aws/execute-api/{api_id}/$default"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Say nothing of a client that has hung up; tell of anything else."""
        if not isinstance(sys.exception(), ConnectionError):
            super().handle_error(request, client_address)


class _Forwarder(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: FrontDoor

    def _forward(self) -> None:
        if not self.server.upstream:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE)
            return
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            with self.server.turn:
                answer, content = self._ask(body)
        except (OSError, http.client.HTTPException):
            self.send_error(HTTPStatus.BAD_GATEWAY)
            return
        self._answer(answer, content)

    def _ask(self, body: bytes) -> tuple[http.client.HTTPResponse, bytes]:
        """Put the request to the API; return the answer's head and its body."""
        connection = http.client.HTTPConnection(self.server.upstream, timeout=TIMEOUT_SECONDS)
        with contextlib.closing(connection):
            connection.putrequest(
                self.command,
                self.server.upstream_path + self.path,
                skip_host=True,
                skip_accept_encoding=True,
            )
            for name, value in _end_to_end(self.headers.items()):
                connection.putheader(name, value)
            connection.endheaders(body or None)
            answer = connection.getresponse()
            return answer, answer.read()

    def _answer(self, answer: http.client.HTTPResponse, body: bytes) -> None:
        self.send_response_only(answer.status, answer.reason)
        for name, value in _end_to_end(answer.getheaders()):
            if name.lower() != "content-length" or self.command == "HEAD":
                self.send_header(name, value)
        if self.command != "HEAD":
            self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_HEAD = do_POST = do_PUT = do_PATCH = do_DELETE = do_OPTIONS = _forward  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's own name
        """Stay silent: the functions log what matters."""


def _end_to_end(headers: Iterable[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    for name, value in headers:
        if name.lower() not in HOP_BY_HOP:
            yield name, value


@contextlib.contextmanager
def listening(port: int) -> Iterator[FrontDoor]:
    """Serve in the background until the block ends."""
    door = FrontDoor(port)
    thread = threading.Thread(
        target=door.serve_forever, args=(POLL_SECONDS,), name="front-door", daemon=True
    )
    thread.start()
    try:
        yield door
    finally:
        door.shutdown()
        door.server_close()
        thread.join()
