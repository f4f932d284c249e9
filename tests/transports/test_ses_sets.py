"""Configuration sets over the wire: what SES is asked, and what its answers mean."""

from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any
from urllib.parse import unquote

import pytest

from mailtide.domain.configuration_set import EVENTS, ConfigurationSet, Destination
from mailtide.errors import InvalidInputError, RetryableError
from mailtide.transports.ses_sets import SesConfiguration
from tests.transports.scripted_ses import Reply, ScriptedSes, client_of, refusal

TOPIC = "arn:aws:sns:eu-west-1:123456789012:events"
SET = "/v2/email/configuration-sets/news"
DESTINATIONS = f"{SET}/event-destinations"
GONE = refusal(404, "NotFoundException", "no such thing")


@dataclass
class Server:
    """Answers by method and path, and keeps what it was asked."""

    replies: dict[str, Reply] = field(default_factory=dict)
    bodies: dict[str, Any] = field(default_factory=dict)

    def answer(self, method: str, path: str, body: Any) -> Reply:
        self.bodies[f"{method} {unquote(path)}"] = body
        return self.replies.get(f"{method} {unquote(path)}", Reply(200))


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def ses(server: Server) -> Any:
    with ScriptedSes(answer=server.answer) as scripted:
        yield SesConfiguration(cache(partial(client_of, scripted.url)), TOPIC)


def test_a_set_is_found_with_its_pool_and_tags(server: Server, ses: SesConfiguration) -> None:
    server.replies[f"GET {SET}"] = Reply(
        200,
        {
            "ConfigurationSetName": "news",
            "DeliveryOptions": {"SendingPoolName": "managed"},
            "Tags": [{"Key": "mailtide-org", "Value": "acme"}],
        },
    )
    assert ses.find("news") == ConfigurationSet("news", "managed", {"mailtide-org": "acme"})


def test_a_set_may_have_neither(server: Server, ses: SesConfiguration) -> None:
    server.replies[f"GET {SET}"] = Reply(200, {"ConfigurationSetName": "news"})
    assert ses.find("news") == ConfigurationSet("news", None, {})


def test_what_is_missing_is_none(server: Server, ses: SesConfiguration) -> None:
    arn = "arn:aws:ses:eu-west-1:123456789012:dedicated-ip-pool/managed"
    tags = f"GET /v2/email/tags?ResourceArn={arn}"
    server.replies = {f"GET {SET}": GONE, tags: GONE}
    assert ses.find("news") is None
    assert ses.pool_tags("managed") is None
    assert ses.destination("news") is None
    server.replies[tags] = Reply(200, {"Tags": [{"Key": "mailtide-org", "Value": "acme"}]})
    assert ses.pool_tags("managed") == {"mailtide-org": "acme"}


@pytest.mark.parametrize("pool", [None, "managed"])
def test_a_set_is_made(server: Server, ses: SesConfiguration, pool: str | None) -> None:
    ses.make("news", pool, {"mailtide-org": "acme"})
    options = {"DeliveryOptions": {"SendingPoolName": pool}} if pool else {}
    assert server.bodies["POST /v2/email/configuration-sets"] == {
        "ConfigurationSetName": "news",
        "Tags": [{"Key": "mailtide-org", "Value": "acme"}],
        **options,
    }


def test_only_the_destination_of_ours_is_looked_at(server: Server, ses: SesConfiguration) -> None:
    ours = {
        "Name": "mailtide",
        "Enabled": True,
        "MatchingEventTypes": sorted(EVENTS),
        "SnsDestination": {"TopicArn": TOPIC},
    }
    others = [{"Name": "theirs", "Enabled": True}]
    server.replies[f"GET {DESTINATIONS}"] = Reply(200, {"EventDestinations": others})
    assert ses.destination("news") is None
    server.replies[f"GET {DESTINATIONS}"] = Reply(200, {"EventDestinations": [*others, ours]})
    assert ses.destination("news") == Destination(TOPIC, EVENTS)
    bare = {"Name": "mailtide", "KinesisFirehoseDestination": {}}
    server.replies[f"GET {DESTINATIONS}"] = Reply(200, {"EventDestinations": [bare]})
    assert ses.destination("news") == Destination(None, frozenset(), enabled=False)


@pytest.mark.parametrize(
    ("replace", "call"),
    [(False, f"POST {DESTINATIONS}"), (True, f"PUT {DESTINATIONS}/mailtide")],
)
def test_a_destination_is_put(
    server: Server, ses: SesConfiguration, replace: bool, call: str
) -> None:
    ses.put_destination("news", Destination(TOPIC, EVENTS), replace=replace)
    assert server.bodies[call]["EventDestination"] == {
        "Enabled": True,
        "MatchingEventTypes": sorted(EVENTS),
        "SnsDestination": {"TopicArn": TOPIC},
    }


@pytest.mark.parametrize(
    "reply",
    [
        refusal(400, "AlreadyExistsException"),
        refusal(500, "ConcurrentModificationException"),
        refusal(429, "TooManyRequestsException"),
        refusal(503, "ServiceUnavailable"),
    ],
)
def test_what_may_work_later_is_said_so(
    server: Server, ses: SesConfiguration, reply: Reply
) -> None:
    server.replies["POST /v2/email/configuration-sets"] = reply
    with pytest.raises(RetryableError):
        ses.make("news", None, {})


def test_what_ses_refuses_is_said_in_its_words(server: Server, ses: SesConfiguration) -> None:
    call = "POST /v2/email/configuration-sets"
    server.replies[call] = refusal(400, "BadRequestException", "Pool <x> is being deleted.")
    with pytest.raises(InvalidInputError, match="Pool <x> is being deleted") as caught:
        ses.make("news", "x", {})
    assert caught.value.code == "ses_refused"


def test_a_right_that_we_lack_is_loud(server: Server, ses: SesConfiguration) -> None:
    server.replies[f"GET {SET}"] = refusal(403, "AccessDeniedException")
    with pytest.raises(Exception, match="AccessDenied"):
        ses.find("news")
