"""What the stack is made of, as data: the functions' sizes, the queues, the routes of HTTP."""

from typing import NamedTuple

from aws_cdk.aws_apigatewayv2 import HttpMethod

from infra.config import Config

HTTP_TIMEOUT_SECONDS = 29  # the gateway gives up after 30
SENDER_MARGIN_SECONDS = 30  # a sender that ran into its time-out is dead by then


class Size(NamedTuple):
    """What a function gets."""

    memory_mb: int  # CPU grows with it: one whole core is at 1769
    timeout_seconds: int


class Queue(NamedTuple):
    """A queue of jobs."""

    visibility_seconds: int  # until a job that nobody finished is given out again
    max_age_minutes: int  # how long a job may wait before there is an alarm


class Route(NamedTuple):
    """Requests that one function answers."""

    function: str
    methods: list[HttpMethod]
    paths: list[str]


def functions(config: Config) -> dict[str, Size]:
    """Return what each function gets, by its name."""
    work = config.function_timeout_seconds
    return {
        "api": Size(1769, HTTP_TIMEOUT_SECONDS),  # loads routes while somebody waits: a whole core
        "insights": Size(1769, HTTP_TIMEOUT_SECONDS),  # the same
        "webhook": Size(1769, HTTP_TIMEOUT_SECONDS),  # 5 MB are cut up in 0.2 s of a whole core
        "tracking": Size(256, HTTP_TIMEOUT_SECONDS),
        "imports": Size(1024, work),
        "jobs": Size(1769, work),  # rows of tables become CSV: work for one whole core
        "launch": Size(1024, work),
        "release": Size(512, work),
        "sender": Size(1024, config.sender_timeout_seconds),
        "transact": Size(1769, work),  # somebody waits for the message: one whole core
        "ingest": Size(512, work),
        "rollup": Size(512, work),
        "react": Size(512, work),
    }


def queues(sizes: dict[str, Size]) -> dict[str, Queue]:
    """Return each queue of jobs; a job is hidden for longer than who works on it can live."""
    return {
        "launch": Queue(6 * sizes["launch"].timeout_seconds, 15),
        "sending": Queue(sizes["sender"].timeout_seconds + SENDER_MARGIN_SECONDS, 60),
        "transact": Queue(sizes["transact"].timeout_seconds + SENDER_MARGIN_SECONDS, 2),
        "events": Queue(6 * sizes["ingest"].timeout_seconds, 15),
        "imports": Queue(6 * sizes["imports"].timeout_seconds, 60),
        "jobs": Queue(6 * sizes["jobs"].timeout_seconds, 60),
    }


_ANY, _GET, _HEAD, _POST = HttpMethod.ANY, HttpMethod.GET, HttpMethod.HEAD, HttpMethod.POST

ROUTES: tuple[Route, ...] = (
    Route("api", [_ANY], ["/api/{proxy+}"]),  # what no path below names
    Route(
        "insights",
        [_GET],
        [
            "/api/campaigns/{campaign_id}/insights",
            "/api/messages",
            "/api/messages/{message_id}",
        ],
    ),
    Route(
        "webhook",
        [_POST],
        ["/webhooks/stalwart/{source_id}", "/webhooks/inbound/{source_id}", "/webhooks/ses"],
    ),
    Route("tracking", [_GET, _HEAD], ["/t/{proxy+}"]),
    Route("tracking", [_GET, _HEAD, _POST], ["/u/{proxy+}"]),
)
