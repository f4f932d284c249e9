"""The HTTP API on loopback: requests become events of payload 2.0, as API Gateway makes them."""

import base64
import itertools
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from typing import Any
from urllib.parse import parse_qsl, urlsplit

from functions.api.handler import lambda_handler as api
from functions.insights.handler import lambda_handler as insights
from functions.tracking.handler import lambda_handler as tracking
from functions.webhook.handler import lambda_handler as webhook
from tests.functions.cloud import Cloud, Handler
from tests.http import http_event
from tests.serving import QuietHandler, serving

# The first that fits; only what recipients and mail systems call may find DynamoDB throttled.
ROUTES: tuple[tuple[re.Pattern[str], str | None, Handler], ...] = (
    (re.compile(r"/webhooks/"), "webhook", webhook),
    (re.compile(r"/[tu]/"), "tracking", tracking),
    (re.compile(r"/api/(messages|campaigns/\w+/insights)"), None, insights),
    (re.compile(r"/api/"), None, api),
)


@dataclass
class FrontDoor:
    """What came in; `posts` are the events of webhooks and of unsubscribing."""

    cloud: Cloud
    url: str = ""
    posts: list[tuple[Handler, dict[str, Any]]] = field(default_factory=list)
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def answer(self, request: BaseHTTPRequestHandler) -> dict[str, Any]:
        """Let the function of the request's path answer it."""
        event = self._event(request)
        for path, function, handler in ROUTES:
            if path.match(event["rawPath"]):
                if handler is insights and request.command != "GET":
                    continue
                if request.command == "POST" and function:
                    self.posts.append((handler, event))
                return dict(self.cloud.invoke(function, handler, event))
        return {"statusCode": 404, "headers": {}}

    def _event(self, request: BaseHTTPRequestHandler) -> dict[str, Any]:
        url = urlsplit(request.path)
        raw = request.rfile.read(int(request.headers.get("Content-Length", 0)))
        is_text = request.headers.get_content_type() == "application/json"
        event = http_event(
            request.command,
            url.path,
            query=dict(parse_qsl(url.query)),
            headers=dict(request.headers),
            body=(raw.decode() if is_text else raw) or None,
        )
        context = event["requestContext"]
        context["requestId"] = f"gateway-{next(self.numbers)}"
        context["http"]["sourceIp"] = request.headers.get("X-Forwarded-For", "127.0.0.1")
        return event


def _handler(door: FrontDoor) -> type[BaseHTTPRequestHandler]:
    class Handler(QuietHandler):
        def answer(self) -> None:
            answer = door.answer(self)
            text = answer.get("body") or ""
            body = base64.b64decode(text) if answer.get("isBase64Encoded") else text.encode()
            self.send_response(answer["statusCode"])
            for name, value in answer["headers"].items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command != "HEAD":
                self.wfile.write(body)

        do_GET = do_HEAD = do_POST = do_PATCH = do_PUT = do_DELETE = answer  # noqa: N815

    return Handler


@contextmanager
def open_door(cloud: Cloud) -> Iterator[FrontDoor]:
    """Listen in the background while the context lasts."""
    door = FrontDoor(cloud)
    with serving(_handler(door)) as door.url:
        yield door
