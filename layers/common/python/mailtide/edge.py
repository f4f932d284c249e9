"""Edge: what the functions share that answer without an API key: mail systems and recipients.

These functions are called for every message, and start cold while somebody waits. What they need
of HTTP is half a dozen routes, a few headers and raw bytes, so they have a router of their own;
Powertools' loads GraphQL, asyncio and every event source of Lambda, a third of their start.
Source: API Gateway's HTTP API, payload format 2.0.
"""

import base64
import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any

from mailtide import problems
from mailtide.edge_observability import Context, count, logger
from mailtide.errors import MailtideError
from mailtide.problems import Problem

# What went wrong on our side may work on the next try, and whoever posted it tries again.
OUR_TROUBLE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Something went wrong on our side; try again."
)

PIXEL = bytes.fromhex(  # GIF, one transparent pixel
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
_NO_TRACE = {"Cache-Control": "no-store, max-age=0", "Referrer-Policy": "no-referrer"}


class Request:
    """One request, as the gateway hands it over."""

    def __init__(self, event: Mapping[str, Any]) -> None:
        context = event["requestContext"]
        self.method: str = context["http"]["method"]
        self.path: str = event["rawPath"]
        self.address: str = context["http"]["sourceIp"]
        self.id: str = context["requestId"]  # the gateway's
        self.headers = {name.lower(): value for name, value in event.get("headers", {}).items()}
        self._event = event

    def body(self) -> bytes:
        """Return the body as it was sent."""
        body = self._event.get("body") or ""
        return base64.b64decode(body) if self._event.get("isBase64Encoded") else body.encode()


@dataclass(frozen=True, slots=True)
class Answer:
    """What goes back; a body of bytes is an image."""

    body: str | bytes
    content_type: str
    headers: Mapping[str, str] = field(default_factory=dict)
    status: HTTPStatus = HTTPStatus.OK

    def for_gateway(self) -> dict[str, Any]:
        """Return it as the gateway takes it."""
        body, raw = self.body, False
        if isinstance(body, bytes):
            body, raw = base64.b64encode(body).decode(), True
        return {
            "statusCode": self.status.value,
            "headers": {"Content-Type": self.content_type, **self.headers},
            "body": body,
            "isBase64Encoded": raw,
        }


Route = Callable[..., Answer]  # of the request and of what stands in the places of its path


class Edge:
    """A router that answers problems, to a browser as a page.

    Args:
        unrouted: answers what has no route, in place of a problem; None where it does not.
    """

    def __init__(self, unrouted: Callable[[Request], Answer | None] = lambda _: None) -> None:
        self.routes: list[tuple[str, frozenset[str], Route]] = []
        self._unrouted = unrouted

    def route(self, path: str, methods: Iterable[str]) -> Callable[[Route], Route]:
        """Let a function answer a path, in which `<name>` stands for any text without a slash."""

        def keep(function: Route) -> Route:
            self.routes.append((path, frozenset(methods), function))
            return function

        return keep

    def resolve(self, event: Mapping[str, Any], context: Context) -> dict[str, Any]:
        """Answer one request, in one line of the log and one metric."""
        answer = self._answer(Request(event), context.aws_request_id)
        logger.info("answered", extra={"status": answer.status.value})
        count(f"Answer{answer.status.value // 100}xx")
        return answer.for_gateway()

    def _answer(self, request: Request, request_id: str) -> Answer:
        try:
            return self._routed(request) or _problem(problems.UNKNOWN_ROUTE, request, request_id)
        except MailtideError as error:
            return _problem(problems.of_error(error), request, request_id)
        except Exception as error:
            logger.exception("unexpected error", exc_info=error)
            return _problem(OUR_TROUBLE, request, request_id)

    def _routed(self, request: Request) -> Answer | None:
        parts = request.path.split("/")
        for path, methods, function in self.routes:
            found = _places(path.split("/"), parts) if request.method in methods else None
            if found is not None:
                return function(request, *found)
        return self._unrouted(request)


def _places(wanted: list[str], parts: list[str]) -> list[str] | None:
    """Return what stands in a route's places, in their order; None when the path is another."""
    if len(wanted) != len(parts):
        return None
    places = []
    for want, part in zip(wanted, parts, strict=True):
        if want.startswith("<") and part:
            places.append(part)
        elif want != part:
            return None
    return places


def _problem(problem: Problem, request: Request, request_id: str) -> Answer:
    """Return the answer to a request that went wrong."""
    if problem.status is HTTPStatus.INTERNAL_SERVER_ERROR:
        problem = OUR_TROUBLE
    if "text/html" in request.headers.get("accept", ""):
        from mailtide import pages  # only browsers are shown one

        return page(pages.problem(problem), problem.status, problem.headers)
    body = json.dumps(problem.body(request_id))
    headers = {"Cache-Control": "no-store", **problem.headers}
    return Answer(body, problems.CONTENT_TYPE, headers, problem.status)


def page(
    html: str, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Answer:
    """Return a page that stores nothing, loads nothing and may not be framed."""
    from mailtide import pages

    return Answer(
        html,
        "text/html; charset=utf-8",
        {
            "Cache-Control": "no-store",
            "Content-Security-Policy": pages.POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
            **(headers or {}),
        },
        status,
    )


def json_object(**fields: object) -> Answer:
    """Return a JSON object, as a program reads it."""
    return Answer(json.dumps(fields, separators=(",", ":")), "application/json")


def pixel() -> Answer:
    """Return the image that nobody sees and nothing keeps."""
    return Answer(PIXEL, "image/gif", _NO_TRACE)


def redirect(url: str) -> Answer:
    """Send a reader on."""
    return Answer("", "text/plain", {"Location": url, **_NO_TRACE}, HTTPStatus.FOUND)
