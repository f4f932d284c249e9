"""A small SNS on loopback that keeps what was published, as `PublishBatch` brings it."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qs

from tests.serving import QuietHandler, serving

TAKEN = (
    b'<PublishBatchResponse xmlns="http://sns.amazonaws.com/doc/2010-03-31/">'
    b"<PublishBatchResult><Successful/><Failed/></PublishBatchResult></PublishBatchResponse>"
)


@dataclass
class Topics:
    """`refused` calls are answered with 500 before any is taken."""

    url: str = ""
    published: list[tuple[str, dict[str, Any]]] = field(default_factory=list)  # (topic, record)
    refused: int = 0

    def of(self, recipient: str) -> list[dict[str, Any]]:
        """Return the records about one recipient, in the order they came."""
        return [r for _, r in self.published if r["mail"]["destination"] == [recipient]]

    def take(self, form: dict[str, list[str]]) -> None:
        """Keep the messages of one call."""
        (topic,) = form["TopicArn"]
        texts = [v[0] for name, v in sorted(form.items()) if name.endswith(".Message")]
        self.published += [(topic, json.loads(text)) for text in texts]


def _handler(topics: Topics) -> type[BaseHTTPRequestHandler]:
    class Handler(QuietHandler):
        def do_POST(self) -> None:  # noqa: N802 - the name is http.server's
            body = self.rfile.read(int(self.headers["Content-Length"]))
            status = 200
            if topics.refused:
                topics.refused -= 1
                status = 500
            else:
                topics.take(parse_qs(body.decode()))
            self.send_response(status)
            self.send_header("Content-Length", str(len(TAKEN)))
            self.end_headers()
            self.wfile.write(TAKEN)

    return Handler


@contextmanager
def topics() -> Iterator[Topics]:
    """Run it on a port of its own."""
    recorded = Topics()
    with serving(_handler(recorded)) as recorded.url:
        yield recorded
