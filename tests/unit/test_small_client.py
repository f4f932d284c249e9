"""The small client against a service that answers as it is told, refuses, or hangs up."""

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pytest

from mailtide.errors import RetryableError
from mailtide.sigv4 import Credentials
from mailtide.small_client import (
    DYNAMODB,
    SECRETS,
    SQS,
    AwsRefusedError,
    Patience,
    Service,
    SmallClient,
)
from tests.serving import QuietHandler, serving

NOW = datetime(2026, 11, 24, tzinfo=UTC)
HANGS_UP = (0, b"")


def refusal(code: str, status: int = 400) -> tuple[int, bytes]:
    return status, json.dumps({"__type": f"com.amazonaws.any#{code}", "message": "words"}).encode()


@dataclass
class World:
    """What the service says in turn, and what came to it."""

    url: str = ""
    script: list[tuple[int, bytes]] = field(default_factory=list)
    requests: list[tuple[dict[str, str], Any]] = field(default_factory=list)
    connections: set[int] = field(default_factory=set)
    slept: list[float] = field(default_factory=list)
    clients: list[SmallClient] = field(default_factory=list)

    def client(self, service: Service = SQS, tries: int = 4) -> SmallClient:
        made = SmallClient(
            service,
            self.url,
            "us-east-1",
            Patience(answer=5, tries=tries, pause=2),
            lambda: Credentials("access", "secret", "token"),
            lambda: NOW,
            self.slept.append,
            lambda: 0.5,
        )
        self.clients.append(made)
        return made


@pytest.fixture
def world() -> Iterator[World]:
    made = World()

    class Handler(QuietHandler):
        def answer(self) -> None:
            made.connections.add(self.client_address[1])
            body = self.rfile.read(int(self.headers["Content-Length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.requests.append((headers, json.loads(body)))
            status, text = made.script.pop(0) if made.script else (200, b'{"Done": true}')
            if not status:
                self.close_connection = True
                return
            self.send_response(status)
            self.send_header("Content-Length", str(len(text)))
            self.end_headers()
            self.wfile.write(text)

        do_POST = answer  # noqa: N815

    with serving(Handler) as made.url:
        yield made
        for client in made.clients:
            client.close()


@pytest.mark.parametrize(
    ("service", "method", "target", "content_type"),
    [
        (SQS, "send_message", "AmazonSQS.SendMessage", "application/x-amz-json-1.0"),
        (SQS, "send_message_batch", "AmazonSQS.SendMessageBatch", "application/x-amz-json-1.0"),
        (
            SECRETS,
            "get_secret_value",
            "secretsmanager.GetSecretValue",
            "application/x-amz-json-1.1",
        ),
    ],
)
def test_a_call_is_a_signed_post_of_its_arguments(
    world: World, service: Service, method: str, target: str, content_type: str
) -> None:
    assert getattr(world.client(service), method)(Some="\u00fcmlaut") == {"Done": True}
    [(headers, body)] = world.requests
    assert body == {"Some": "\u00fcmlaut"}
    assert (headers["x-amz-target"], headers["content-type"]) == (target, content_type)
    assert headers["authorization"].startswith("AWS4-HMAC-SHA256 Credential=access/20261124/")
    assert headers["x-amz-security-token"] == "token"


def test_a_call_can_be_made_by_its_operations_name(world: World) -> None:
    assert world.client(DYNAMODB).call("GetItem", {"TableName": "t"}) == {"Done": True}
    [(headers, body)] = world.requests
    assert (headers["x-amz-target"], body) == ("DynamoDB_20120810.GetItem", {"TableName": "t"})


def test_calls_share_a_connection(world: World) -> None:
    client = world.client()
    for _ in range(3):
        client.send_message()
    assert len(world.connections) == 1


def test_a_kept_connection_that_is_gone_is_replaced_without_waiting(world: World) -> None:
    client = world.client()
    client.send_message()
    world.script = [HANGS_UP]
    assert client.send_message() == {"Done": True}
    assert (len(world.connections), world.slept) == (2, [])


@pytest.mark.parametrize(
    "answer",
    [
        refusal("ThrottlingException"),
        refusal("ProvisionedThroughputExceededException"),
        refusal("Anything", 503),
        (502, b"<html>"),
        HANGS_UP,
    ],
)
def test_what_may_pass_is_tried_again_more_slowly(world: World, answer: tuple[int, bytes]) -> None:
    world.script = [answer, answer]
    assert world.client().send_message() == {"Done": True}
    assert (len(world.requests), world.slept) == (3, [1, 2])


def test_two_clients_do_not_come_back_together(world: World) -> None:
    slept: list[float] = []
    for _ in range(2):
        client = world.client()
        client.dice, client.sleep = random.random, slept.append
        world.script = [refusal("ThrottlingException")]
        client.send_message()
    first, second = slept
    assert first != second
    assert 0 <= min(slept) <= max(slept) < 2


def test_what_does_not_pass_ends_as_retryable(world: World) -> None:
    world.script = [refusal("ThrottlingException")] * 4
    with pytest.raises(RetryableError, match="ThrottlingException"):
        world.client().send_message()
    assert (len(world.requests), world.slept) == (4, [1, 2, 4, 0])


def test_a_refusal_is_not_tried_again(world: World) -> None:
    world.script = [refusal("ResourceNotFoundException")]
    with pytest.raises(AwsRefusedError, match="words") as refused:
        world.client().send_message()
    assert refused.value.code == "ResourceNotFoundException"
    assert refused.value.answer["message"] == "words"
    assert len(world.requests) == 1


def test_nobody_there_is_retryable() -> None:
    world = World(url="http://127.0.0.1:9")
    with pytest.raises(RetryableError, match="no answer from AWS"):
        world.client(tries=2).send_message()


def test_https_is_spoken_where_the_endpoint_says_so(world: World) -> None:
    world.url = world.url.replace("http:", "https:")
    with pytest.raises(RetryableError, match="SSL"):
        world.client(tries=1).send_message()
