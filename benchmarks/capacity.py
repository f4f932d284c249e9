"""Capacity: the units of DynamoDB that this process reads and writes, by step, table, operation."""

import contextlib
from collections import Counter
from collections.abc import Iterator
from typing import Any

READS = frozenset({"BatchGetItem", "GetItem", "Query", "Scan", "TransactGetItems"})


class Meter:
    """Asks for the consumed capacity of every call, and adds it up."""

    def __init__(self) -> None:
        self.step = ""
        self.reads: Counter[tuple[str, str, str]] = Counter()  # (step, table, operation)
        self.writes: Counter[tuple[str, str, str]] = Counter()
        self.calls: Counter[tuple[str, str]] = Counter()  # (step, operation)

    @contextlib.contextmanager
    def during(self, step: str) -> Iterator[None]:
        """Book what is consumed on a step."""
        self.step = step
        try:
            yield
        finally:
            self.step = ""

    def watch(self) -> None:
        """Stand between the tables and DynamoDB, from now on."""
        from mailtide.store import dynamo
        from mailtide.store.row import Row

        events = dynamo.client().meta.events
        events.register("provide-client-params.dynamodb", self._ask)
        events.register("after-call.dynamodb", self._told)
        Row.batches = _Watched(Row.batches, self)

    def book(self, operation: str, answer: dict[str, Any]) -> None:
        """Add what one answer says was consumed."""
        self.calls[self.step, operation] += 1
        found = answer.get("ConsumedCapacity") or []
        for one in found if isinstance(found, list) else [found]:
            kept = self.reads if operation in READS else self.writes
            table = one["TableName"].partition("-")[2]
            kept[self.step, table, operation] += one["CapacityUnits"]

    def _ask(self, params: dict[str, Any], **_: Any) -> dict[str, Any]:
        return {**params, "ReturnConsumedCapacity": "TOTAL"}

    def _told(self, model: Any, parsed: dict[str, Any], **_: Any) -> None:
        self.book(model.name, parsed)


class _Watched:
    """The small client, watched."""

    def __init__(self, client: Any, meter: Meter) -> None:
        self._client = client
        self._meter = meter

    def batch_get_item(self, **arguments: Any) -> dict[str, Any]:
        """Read items."""
        answer: dict[str, Any] = self._client.batch_get_item(
            ReturnConsumedCapacity="TOTAL", **arguments
        )
        if not answer.get("ConsumedCapacity"):  # the emulator does not tell: 1 unit for 4 KB
            answer["ConsumedCapacity"] = [
                {"TableName": table, "CapacityUnits": float(len(asked["Keys"]))}
                for table, asked in arguments["RequestItems"].items()
            ]
        self._meter.book("BatchGetItem", answer)
        return answer

    def batch_write_item(self, **arguments: Any) -> dict[str, Any]:
        """Write items."""
        answer: dict[str, Any] = self._client.batch_write_item(
            ReturnConsumedCapacity="TOTAL", **arguments
        )
        self._meter.book("BatchWriteItem", answer)
        return answer
