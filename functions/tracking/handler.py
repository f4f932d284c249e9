"""Tracking: the pixel, the links and the unsubscribe page of every message.

Trigger: HTTP `GET|HEAD /t/o/{token}.gif` and `/t/c/{token}/{link}`, `GET|HEAD|POST /u/{token}`.
Writes: queue `events`; suppression_list for an unsubscribe; metric per hit.
Errors: a bad token is a 404 (the pixel is an image all the same) and never a redirect; trouble of
ours loses a hit rather than a reader; an unsubscribe that is not written is a 503.
"""

from typing import Any

from mailtide import app
from mailtide.edge import Answer, Edge, Request, page, pixel, redirect
from mailtide.edge_observability import Context, count, observed
from mailtide.flows.tracking import Recorded, Visit

LOOK = {"GET", "HEAD"}


def mangled(request: Request) -> Answer | None:
    """Answer the pixel also where a mail program has mangled its address beyond a route."""
    return pixel() if request.path.startswith("/t/o/") else None


edge = Edge(unrouted=mangled)


@edge.route("/t/o/<token>", LOOK)
def opened(request: Request, token: str) -> Answer:
    """Answer the pixel, whatever the token is."""
    _count("Open", app.tracking().open(token.removesuffix(".gif"), _visit(request)))
    return pixel()


@edge.route("/t/c/<token>/<link>", LOOK)
def clicked(request: Request, token: str, link: str) -> Answer:
    """Redirect to where the link was signed to."""
    url, recorded = app.tracking().click(token, link, _visit(request))
    _count("Click", recorded)
    return redirect(url)


@edge.route("/u/<token>", LOOK)
def ask(_: Request, token: str) -> Answer:
    """Show the page with the button; a scanner that looks at it unsubscribes nobody."""
    from mailtide import pages  # one of a hundred visits sees one

    app.tracking().recognise(token)
    return page(pages.unsubscribe())


@edge.route("/u/<token>", {"POST"})
def unsubscribe(request: Request, token: str) -> Answer:
    """Unsubscribe, for a click on the button as for a mailbox provider's one-click (RFC 8058).

    The method says it all; what form the body has, or whether there is one, does not matter.
    """
    from mailtide import pages

    app.tracking().unsubscribe(token, _visit(request))
    _count("Unsubscribe", Recorded.QUEUED)
    return page(pages.unsubscribed())


def _visit(request: Request) -> Visit:
    agent = request.headers.get("user-agent", "")
    return Visit(app.now(), request.method, agent, request.address, request.id)


def _count(what: str, recorded: Recorded) -> None:
    count(f"{what}_{recorded}")


@observed
def lambda_handler(event: dict[str, Any], context: Context) -> dict[str, Any]:
    """Lambda entry point."""
    return edge.resolve(event, context)
