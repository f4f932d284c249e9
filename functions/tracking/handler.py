"""Tracking: the pixel, the links and the unsubscribe page of every message.

Trigger: HTTP `GET|HEAD /t/o/{token}.gif` and `/t/c/{token}/{link}`, `GET|HEAD|POST /u/{token}`.
Writes: queue `events`; suppression_list for an unsubscribe; metric per hit.
Errors: a bad token is a 404 (the pixel is an image all the same) and never a redirect; trouble of
ours loses a hit rather than a reader; an unsubscribe that is not written is a 503.
"""

from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as UnknownRouteError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app, pages, problems
from mailtide.edge import Edge, page
from mailtide.flows.tracking import Recorded, Visit
from mailtide.observability import logger, metrics

PIXEL = bytes.fromhex(  # one transparent pixel
    "47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"
)
NO_STORE = {"Cache-Control": "no-store, max-age=0", "Referrer-Policy": "no-referrer"}

edge = Edge()


@edge.route("/t/o/<token>", method=["GET", "HEAD"])
def opened(token: str) -> Response[bytes]:
    """Answer the pixel, whatever the token is."""
    _count("Open", app.tracking().open(token.removesuffix(".gif"), _visit()))
    return _pixel()


@edge.route("/t/c/<token>/<link>", method=["GET", "HEAD"])
def clicked(token: str, link: str) -> Response[str]:
    """Redirect to where the link was signed to."""
    url, recorded = app.tracking().click(token, link, _visit())
    _count("Click", recorded)
    return Response(HTTPStatus.FOUND.value, "text/plain", "", headers={"Location": url, **NO_STORE})


@edge.route("/u/<token>", method=["GET", "HEAD"])
def ask(token: str) -> Response[str]:
    """Show the page with the button; a scanner that looks at it unsubscribes nobody."""
    app.tracking().recognise(token)
    return page(pages.unsubscribe())


@edge.post("/u/<token>")
def unsubscribe(token: str) -> Response[str]:
    """Unsubscribe, for a click on the button as for a mailbox provider's one-click (RFC 8058).

    The method says it all; what form the body has, or whether there is one, does not matter.
    """
    app.tracking().unsubscribe(token, _visit())
    _count("Unsubscribe", Recorded.QUEUED)
    return page(pages.unsubscribed())


def _unknown(_: UnknownRouteError) -> Response[Any]:
    """Answer the pixel also where a mail program has mangled its address beyond a route."""
    is_pixel = edge.current_event.path.startswith("/t/o/")
    return _pixel() if is_pixel else edge.problem(problems.UNKNOWN_ROUTE)


edge.exception_handler(UnknownRouteError)(_unknown)


def _pixel() -> Response[bytes]:
    return Response(HTTPStatus.OK.value, "image/gif", PIXEL, headers=NO_STORE)


def _visit() -> Visit:
    http = edge.current_event.request_context.http
    return Visit(
        method=http.method,
        user_agent=edge.current_event.headers.get("user-agent") or "",
        address=http.source_ip,
        at=app.now(),
        request_id=edge.current_event.request_context.request_id,
    )


def _count(what: str, recorded: Recorded) -> None:
    metrics.add_metric(name=f"{what}_{recorded}", unit=MetricUnit.Count, value=1)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point."""
    return edge.resolve(event, context)
