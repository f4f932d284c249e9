"""A small HTTP server that stands where the product would, and keeps what it was asked."""

from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import Message
from http.server import BaseHTTPRequestHandler

from tests.serving import QuietHandler, serving


@dataclass(frozen=True, slots=True)
class Request:
    method: str
    path: str
    headers: Message
    body: bytes


@dataclass
class Recorder:
    """`answers` maps a path's first words to the statuses of the next requests, 200 after them."""

    url: str = ""
    requests: list[Request] = field(default_factory=list)
    answers: dict[str, list[int]] = field(default_factory=lambda: defaultdict(list))

    def to(self, start: str) -> list[Request]:
        """List the requests whose path starts so."""
        return [request for request in self.requests if request.path.startswith(start)]

    def answer(self, path: str) -> int:
        """Take the next status for a path; a click is redirected."""
        for start, statuses in self.answers.items():
            if path.startswith(start) and statuses:
                return statuses.pop(0)
        return 302 if path.startswith("/t/c/") else 200


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(QuietHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            if "chunked" in self.headers.get("Transfer-Encoding", ""):
                raise AssertionError("API Gateway takes no chunked bodies")
            recorder.requests.append(Request(self.command, self.path, self.headers, body))
            status = recorder.answer(self.path)
            self.send_response(status)
            if status == 302:
                self.send_header("Location", "https://shop.example/offer")
            self.send_header("Content-Length", "0")
            self.end_headers()

        do_GET = do_HEAD = do_POST = answer  # noqa: N815 - the names are http.server's

    return Handler


@contextmanager
def recording() -> Iterator[Recorder]:
    """Run a recorder on a port of its own."""
    recorder = Recorder()
    with serving(_handler(recorder)) as recorder.url:
        yield recorder
