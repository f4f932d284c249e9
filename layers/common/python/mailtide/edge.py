"""Edge: what the functions share that answer without an API key: mail systems and recipients.

Nothing here loads pydantic: these functions are called for every message, and start cold.
"""

import base64
import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as UnknownRouteError
from aws_lambda_powertools.metrics import MetricUnit

from mailtide import pages, problems
from mailtide.errors import MailtideError
from mailtide.observability import logger, metrics
from mailtide.problems import Problem

# What went wrong on our side may work on the next try, and whoever posted it tries again.
OUR_TROUBLE = Problem(
    HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", "Something went wrong on our side; try again."
)

PIXEL = bytes.fromhex(  # GIF, one transparent pixel
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
_NO_TRACE = {"Cache-Control": "no-store, max-age=0", "Referrer-Policy": "no-referrer"}


class Edge(APIGatewayHttpResolver):
    """A resolver that answers problems, to a browser as a page."""

    def __init__(self) -> None:
        super().__init__()
        self.exception_handler(MailtideError)(lambda e: self.problem(problems.of_error(e)))
        self.exception_handler(UnknownRouteError)(lambda _: self.problem(problems.UNKNOWN_ROUTE))
        self.exception_handler(Exception)(self._unexpected)

    def resolve(self, event: Any, context: Any) -> dict[str, Any]:
        """Answer one request of the HTTP API (payload 2.0), in one line and one metric."""
        answer = super().resolve(event, context)
        status = answer["statusCode"]
        logger.info("answered", extra={"status": status})
        metrics.add_metric(name=f"Answer{status // 100}xx", unit=MetricUnit.Count, value=1)
        return answer

    def problem(self, problem: Problem) -> Response[str]:
        """Return the answer to a request that went wrong."""
        if problem.status is HTTPStatus.INTERNAL_SERVER_ERROR:
            problem = OUR_TROUBLE
        if "text/html" in (self.current_event.headers.get("accept") or ""):
            return page(pages.problem(problem), problem.status, problem.headers)
        body = json.dumps(problem.body(self.lambda_context.aws_request_id))
        headers = {"Cache-Control": "no-store", **problem.headers}
        return Response(problem.status.value, problems.CONTENT_TYPE, body, headers=headers)

    def body(self) -> bytes:
        """Return the request's body as it was sent."""
        event = self.current_event.raw_event
        body = event.get("body") or ""
        return base64.b64decode(body) if event.get("isBase64Encoded") else body.encode()

    def visitor(self) -> tuple[str, str, str, str]:
        """Return the request's method, user agent, IP address and own id."""
        context = self.current_event.request_context
        agent = self.current_event.headers.get("user-agent") or ""
        return context.http.method, agent, context.http.source_ip, context.request_id

    def _unexpected(self, error: Exception) -> Response[str]:
        logger.exception("unexpected error", exc_info=error)
        return self.problem(OUR_TROUBLE)


def page(
    html: str, status: HTTPStatus = HTTPStatus.OK, headers: Mapping[str, str] | None = None
) -> Response[Any]:
    """Return a page that stores nothing, loads nothing and may not be framed."""
    return Response(
        status.value,
        "text/html; charset=utf-8",
        html,
        headers={
            "Cache-Control": "no-store",
            "Content-Security-Policy": pages.POLICY,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "X-Robots-Tag": "noindex",
            **(headers or {}),
        },
    )


def pixel() -> Response[bytes]:
    """Return the image that nobody sees and nothing keeps."""
    return Response(HTTPStatus.OK.value, "image/gif", PIXEL, headers=_NO_TRACE)


def redirect(url: str) -> Response[str]:
    """Send a reader on."""
    headers = {"Location": url, **_NO_TRACE}
    return Response(HTTPStatus.FOUND.value, "text/plain", "", headers=headers)
