"""Capacity: the units of DynamoDB that this process reads and writes, by step, table, operation."""

import contextlib
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from local.emulator import REGION
from local.stage import PREFIX

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
        from mailtide import app
        from mailtide.small_client import DYNAMODB
        from mailtide.store import tables

        tables.bind(PREFIX, REGION, _Watched(app.small_client(DYNAMODB), self))

    def book(self, operation: str, answer: dict[str, Any]) -> None:
        """Add what one answer says was consumed."""
        self.calls[self.step, operation] += 1
        found = answer.get("ConsumedCapacity") or []
        for one in found if isinstance(found, list) else [found]:
            kept = self.reads if operation in READS else self.writes
            table = one["TableName"].partition("-")[2]
            kept[self.step, table, operation] += one["CapacityUnits"]


@dataclass(frozen=True, slots=True)
class _Watched:
    """The small client, watched."""

    client: Any
    meter: Meter

    def call(self, operation: str, arguments: Mapping[str, Any]) -> dict[str, Any]:
        """Make a call."""
        asked = {**arguments, "ReturnConsumedCapacity": "TOTAL"}
        answer: dict[str, Any] = self.client.call(operation, asked)
        if operation == "BatchGetItem" and not answer.get("ConsumedCapacity"):
            answer["ConsumedCapacity"] = [  # the emulator does not tell: 1 unit for 4 KB
                {"TableName": table, "CapacityUnits": float(len(of["Keys"]))}
                for table, of in arguments["RequestItems"].items()
            ]
        self.meter.book(operation, answer)
        return answer
