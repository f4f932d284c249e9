"""A DynamoDB that refuses some calls, as a hot partition does when all retries are used up."""

from collections.abc import Iterator
from contextlib import contextmanager
from random import Random
from types import SimpleNamespace
from typing import Any

CODES = ("ProvisionedThroughputExceededException", "ThrottlingException")
EVENT = "before-call.dynamodb"  # what a handler answers here passes by botocore's own retries
SHARE = 0.01  # of the calls
BUDGET = 50  # refusals in all
# A sender that fails between its first hand-over and the block's end leaves people in doubt, and
# a doubt that no event settles stays. Before the block is opened, and ahead of it, it may fail.
CALLS_BEFORE_OPENING = 4
WRITE_AHEAD = "BatchWriteItem"


class Throttle:
    """Refuses calls of the invocations that it is told of."""

    def __init__(self, dice: Random) -> None:
        self.refused = 0
        self.refused_now = 0  # during the last invocation
        self._dice = dice
        self._function: str | None = None
        self._calls = 0

    @contextmanager
    def listening(self, client: Any) -> Iterator[None]:
        """Stand between a client and its service."""
        client.meta.events.register(EVENT, self._answer)
        try:
            yield
        finally:
            client.meta.events.unregister(EVENT, self._answer)

    @contextmanager
    def during(self, function: str | None) -> Iterator[None]:
        """Refuse calls of one invocation of this function; of none for None."""
        self._function, self._calls, self.refused_now = function, 0, 0
        try:
            yield
        finally:
            self._function = None

    def _answer(self, model: Any, **_: Any) -> tuple[Any, dict[str, Any]] | None:
        self._calls += 1
        if not self._may_fail(model.name) or self._dice.random() >= SHARE:
            return None
        self.refused += 1
        self.refused_now += 1
        error = {"Code": self._dice.choice(CODES), "Message": "slow down"}
        told = {"Error": error, "ResponseMetadata": {"HTTPStatusCode": 400}}
        return SimpleNamespace(status_code=400), told

    def _may_fail(self, operation: str) -> bool:
        if self._function is None or self.refused >= BUDGET:
            return False
        if self._function != "sender":
            return True
        return self._calls <= CALLS_BEFORE_OPENING or operation == WRITE_AHEAD
