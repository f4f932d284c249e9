"""Small client: the AWS calls that are made for every message, without botocore.

botocore costs 0.1 s of each cold start, and 0.5 ms of CPU for each call and 40 µs for each item in
it. What the calls here need is a POST of JSON, signed, over a connection that is kept; the methods
are named and answer as botocore's do, so that its clients can stand in their place. All of these
calls may be repeated, as botocore repeats them: puts whose keys fix their content, reads, messages
that readers know, and writes under a condition that tells who wrote what stands there.
Source: the services' JSON protocols (AWS JSON 1.0 and 1.1).
"""

import http.client
import json
import random
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from http import HTTPStatus
from typing import Any
from urllib.parse import urlsplit

from mailtide.aws_errors import PASSING
from mailtide.errors import RetryableError
from mailtide.sigv4 import Credentials, Signer

Answer = dict[str, Any]


class AwsRefusedError(Exception):
    """AWS refused a call, and would again; `answer` is all it said."""

    def __init__(self, code: str, answer: Answer) -> None:
        self.code = code
        self.words = str(answer.get("message") or answer.get("Message"))
        self.answer = answer
        super().__init__(f"{code}: {self.words}")


@dataclass(frozen=True, slots=True)
class Service:
    """How calls of one service are written."""

    name: str  # in host names and credential scopes
    target: str  # before an operation's name
    sdk: str  # the service id of the SDKs as variables of the environment have it
    json: str = "1.0"


DYNAMODB = Service("dynamodb", "DynamoDB_20120810", "DYNAMODB")
SECRETS = Service("secretsmanager", "secretsmanager", "SECRETS_MANAGER", "1.1")
SQS = Service("sqs", "AmazonSQS", "SQS")


@dataclass(frozen=True, slots=True)
class Patience:
    """How long a call may take, in seconds, and how often it is made."""

    answer: float
    tries: int
    pause: float  # the longest before the second try; doubled from try to try


@dataclass(slots=True)
class SmallClient:
    """Calls of one service over kept connections, one for each thread that calls at once.

    Args:
        endpoint: scheme, host and port.
        credentials: read for each call, as temporary ones end.
    """

    service: Service
    endpoint: str
    region: str
    patience: Patience
    credentials: Callable[[], Credentials]
    clock: Callable[[], datetime]
    sleep: Callable[[float], None] = time.sleep
    dice: Callable[[], float] = random.random  # at least 0, below 1
    _signer: Signer = field(init=False)
    _kept: list[http.client.HTTPConnection] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        host = urlsplit(self.endpoint).netloc
        self._signer = Signer(self.service.name, self.region, host)

    def call(self, operation: str, arguments: Mapping[str, Any]) -> Answer:
        """Make one call by its operation's name, again while that may help.

        Raises:
            AwsRefusedError: when it never will.
            RetryableError: when it did not in all tries.
        """
        body = json.dumps(arguments, separators=(",", ":")).encode()
        trouble = ""
        for pause in self._pauses():
            try:
                status, answer = self._exchange(operation, body)
            except (OSError, http.client.HTTPException, ValueError) as error:
                trouble = f"no answer from AWS: {type(error).__name__}"
            else:
                if status == HTTPStatus.OK:
                    return answer
                code = str(answer.get("__type", "")).rpartition("#")[2]
                if status < HTTPStatus.INTERNAL_SERVER_ERROR and code not in PASSING:
                    raise AwsRefusedError(code, answer)
                trouble = f"AWS says {code or status}; try again"
            self.sleep(pause)
        raise RetryableError(trouble)

    def send_message(self, **arguments: Any) -> Answer:
        """Put a message into a queue (SQS)."""
        return self.call("SendMessage", arguments)

    def send_message_batch(self, **arguments: Any) -> Answer:
        """Put messages into a queue (SQS)."""
        return self.call("SendMessageBatch", arguments)

    def get_secret_value(self, **arguments: Any) -> Answer:
        """Read a secret (Secrets Manager)."""
        return self.call("GetSecretValue", arguments)

    def close(self) -> None:
        """End the kept connections."""
        while self._kept:
            self._kept.pop().close()

    def _pauses(self) -> Iterator[float]:
        """Yield the seconds to wait after each try; after the last there is none.

        They are drawn, so that those who were throttled together do not come back together.
        """
        for attempt in range(self.patience.tries - 1):
            yield self.dice() * self.patience.pause * 2**attempt
        yield 0.0

    def _exchange(self, operation: str, body: bytes) -> tuple[int, Answer]:
        """Send a request and read its answer, over the kept connection while that is open.

        A function may have been frozen since the last call: a kept connection that is gone is
        replaced at once.
        """
        target = f"{self.service.target}.{operation}"
        content_type = f"application/x-amz-json-{self.service.json}"
        headers = self._signer.headers(self.credentials(), target, content_type, body, self.clock())
        with suppress(ConnectionError, IndexError):
            return self._answered(self._kept.pop(), headers, body)
        return self._answered(connection_to(self.endpoint, self.patience.answer), headers, body)

    def _answered(
        self, connection: http.client.HTTPConnection, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Answer]:
        try:
            connection.request("POST", "/", body, headers)
            response = connection.getresponse()
            answer = json.loads(response.read() or b"{}")
        except BaseException:
            connection.close()
            raise
        self._kept.append(connection)
        return response.status, answer


def connection_to(endpoint: str, seconds: float) -> http.client.HTTPConnection:
    """Return a connection that is opened by its first request, with so much time for each step."""
    parts = urlsplit(endpoint)
    host = parts.hostname or ""
    if parts.scheme == "http":  # an emulator's
        return http.client.HTTPConnection(host, parts.port, seconds)
    return http.client.HTTPSConnection(host, parts.port, timeout=seconds, context=_trust())


@cache
def _trust() -> ssl.SSLContext:
    """Return what certificates are checked by; reading them takes 10 ms, so once."""
    return ssl.create_default_context()
