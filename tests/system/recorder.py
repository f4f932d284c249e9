"""A proxy between the functions and SQS that keeps every message they sent."""

import contextlib
import http.client
import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import urlsplit

from tests.serving import QuietHandler, serving

TIMEOUT_SECONDS = 60.0


@dataclass
class Recorder:
    """`sent` holds the bodies by the queue's URL, in the order they came."""

    url: str = ""
    upstream: str = ""  # the emulator's endpoint, once it is known
    sent: dict[str, list[str]] = field(default_factory=dict)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def keep(self, action: str, request: Mapping[str, Any]) -> None:
        """Keep what a request sends."""
        bodies = {
            "SendMessage": lambda: [request["MessageBody"]],
            "SendMessageBatch": lambda: [entry["MessageBody"] for entry in request["Entries"]],
        }.get(action, list)()
        with self.lock:
            self.sent.setdefault(request.get("QueueUrl", ""), []).extend(bodies)


def _handler(recorder: Recorder) -> type[BaseHTTPRequestHandler]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
            body = self.rfile.read(int(self.headers["Content-Length"]))
            connection = http.client.HTTPConnection(
                urlsplit(recorder.upstream).netloc, timeout=TIMEOUT_SECONDS
            )
            with contextlib.closing(connection):
                connection.request("POST", self.path, body, dict(self.headers))
                answer = connection.getresponse()
                content = answer.read()
            if answer.status == 200:
                action = self.headers["X-Amz-Target"].rpartition(".")[2]
                recorder.keep(action, json.loads(body))
            self.send_response(answer.status)
            self.send_header("Content-Type", answer.headers["Content-Type"])
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    return Handler


@contextlib.contextmanager
def recording() -> Iterator[Recorder]:
    """Run a recorder on a port of its own."""
    recorder = Recorder()
    with serving(_handler(recorder)) as recorder.url:
        yield recorder
