"""SES wire: one signed request to send, made once, over connections that are kept.

It costs a fraction of botocore's CPU (benchmarks/ses.py), and says what botocore does not: whether
all of a request had left when no answer came.
Source: docs/domain/ses.md; SES API v2 reference, `SendEmail`.
"""

import select
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.client import HTTPConnection
from urllib.parse import urlsplit

from mailtide.sigv4 import Credentials, Signer
from mailtide.small_client import connection_to

SERVICE = "ses"  # as credentials are scoped to it
PATH = "/v2/email/outbound-emails"
_JSON = "application/json"
_CONNECT_SECONDS = 3.0
_ANSWER_SECONDS = 5.0  # for each step of a request that began, when the time is over
_LONGEST_SECONDS = 20.0  # that such a step may stand still
# A kept connection is used again within this time: long enough for the rate's gaps, and well before
# a server closes what is idle, for a request that crosses the closing is in doubt.
_IDLE_SECONDS = 5.0


class NotSentError(Exception):
    """The request did not leave whole, so nobody has acted on it."""


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back."""

    status: int
    error: str | None  # SES's name of it, where a header tells one
    body: bytes


@dataclass(slots=True)
class SesWire:
    """Requests to send; as many threads as like may make one each.

    Args:
        endpoint: scheme, host and port.
        credentials: read for each request, as temporary ones end.
    """

    endpoint: str
    region: str
    credentials: Callable[[], Credentials]
    clock: Callable[[], datetime]
    _signer: Signer = field(init=False)
    _kept: list[tuple[HTTPConnection, float]] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._signer = Signer(SERVICE, self.region, urlsplit(self.endpoint).netloc)

    def post(self, body: bytes, left: float) -> Reply:
        """Make one request, if it can begin within so many seconds.

        Raises:
            NotSentError: no connection in time, or one lost before the last byte left.
            Exception: of any kind, when all of it left and no answer came that can be read.
        """
        until = time.monotonic() + left
        connection = self._sent(body, until)
        try:
            connection.sock.settimeout(_patience(until))
            response = connection.getresponse()
            reply = Reply(response.status, response.getheader("x-amzn-ErrorType"), response.read())
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:  # None: the server closes it
            self._kept.append((connection, time.monotonic()))
        return reply

    def close(self) -> None:
        """Use the connections no more: a frozen function would find them dead."""
        while self._kept:
            self._kept.pop()[0].close()

    def _sent(self, body: bytes, until: float) -> HTTPConnection:
        """Give the whole request to a connection; none of it later than `until`."""
        connection = None
        try:
            now = self.clock()
            headers = self._signer.headers(self.credentials(), None, _JSON, body, now, PATH)
            connection = self._connection()
            if time.monotonic() > until:  # to connect may take seconds
                raise TimeoutError
            connection.sock.settimeout(_patience(until))
            connection.request("POST", PATH, body, headers)
        except Exception as error:  # whatever it is, the last byte has not left
            if connection is not None:
                connection.close()
            raise NotSentError(type(error).__name__) from error
        return connection

    def _connection(self) -> HTTPConnection:
        """Return a connection that is open: a kept one, or a new one."""
        with suppress(IndexError):  # another thread may take the last one
            while True:
                connection, since = self._kept.pop()
                if time.monotonic() - since < _IDLE_SECONDS and not _speaks(connection):
                    return connection
                connection.close()
        connection = connection_to(self.endpoint, _CONNECT_SECONDS)
        connection.connect()
        return connection


def _patience(until: float) -> float:
    """Return how many seconds a step may stand still, where no request begins after `until`."""
    return min(max(until - time.monotonic(), 0.0) + _ANSWER_SECONDS, _LONGEST_SECONDS)


def _speaks(connection: HTTPConnection) -> bool:
    """Say whether there is something to read where nothing was asked: it was closed."""
    poll = select.poll()
    poll.register(connection.sock, select.POLLIN)
    return bool(poll.poll(0))
