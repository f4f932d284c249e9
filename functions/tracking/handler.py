"""Tracking: the pixel, the links and the unsubscribe page of every message.

Trigger: HTTP `GET|HEAD /t/o/{token}.gif` and `/t/c/{token}/{link}`, `GET|HEAD|POST /u/{token}`.
Writes: queue `events`; suppression_list for an unsubscribe; metric per hit.
Errors: a bad token is a 404 (the pixel is an image all the same) and never a redirect; trouble of
ours loses a hit rather than a reader; an unsubscribe that is not written is a 503.
"""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError as UnknownRouteError
from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from mailtide import app, pages, problems
from mailtide.edge import Edge, page, pixel, redirect
from mailtide.flows.tracking import Recorded, Visit
from mailtide.observability import logger, metrics

edge = Edge()


@edge.route("/t/o/<token>", method=["GET", "HEAD"])
def opened(token: str) -> Response[bytes]:
    """Answer the pixel, whatever the token is."""
    _count(
        "Open", app.tracking().open(token.removesuffix(".gif"), Visit(app.now(), *edge.visitor()))
    )
    return pixel()


@edge.route("/t/c/<token>/<link>", method=["GET", "HEAD"])
def clicked(token: str, link: str) -> Response[str]:
    """Redirect to where the link was signed to."""
    url, recorded = app.tracking().click(token, link, Visit(app.now(), *edge.visitor()))
    _count("Click", recorded)
    return redirect(url)


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
    app.tracking().unsubscribe(token, Visit(app.now(), *edge.visitor()))
    _count("Unsubscribe", Recorded.QUEUED)
    return page(pages.unsubscribed())


def _unknown(_: UnknownRouteError) -> Response[Any]:
    """Answer the pixel also where a mail program has mangled its address beyond a route."""
    is_pixel = edge.current_event.path.startswith("/t/o/")
    return pixel() if is_pixel else edge.problem(problems.UNKNOWN_ROUTE)


edge.exception_handler(UnknownRouteError)(_unknown)


def _count(what: str, recorded: Recorded) -> None:
    metrics.add_metric(name=f"{what}_{recorded}", unit=MetricUnit.Count, value=1)


@logger.inject_lambda_context(clear_state=True)
@metrics.log_metrics
def lambda_handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Lambda entry point."""
    return edge.resolve(event, context)
