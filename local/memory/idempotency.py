"""Idempotency keys and counts of requests in memory."""

from collections import Counter
from dataclasses import dataclass, field, replace
from datetime import datetime

from mailtide.domain.idempotency import Record


@dataclass(slots=True)
class IdempotencyKeys:
    """Stands in for `store.idempotency.IdempotencyKeys`."""

    records: dict[tuple[str, str], Record] = field(default_factory=dict)

    def claim(self, org_id: str, name: str, record: Record, over: Record | None) -> Record | None:
        """Write a claim where nothing stands, or `over` still does; else return what stands."""
        standing = self.records.get((org_id, name))
        if standing is not None and standing.claim == record.claim:
            return None
        if standing is not None and _mark(standing) != _mark(over):
            return standing
        self.records[org_id, name] = record
        return None

    def answer(self, org_id: str, name: str, claim: str, answer: bytes | None) -> bool:
        """Write the answer under a claim; False when another has taken the claim over."""
        standing = self.records.get((org_id, name))
        if standing is None or standing.claim != claim:
            return False
        self.records[org_id, name] = replace(standing, answered=True, answer=answer)
        return True

    def release(self, org_id: str, name: str, claim: str) -> None:
        """Empty a claim without an answer."""
        standing = self.records.get((org_id, name))
        if standing and standing.claim == claim and not standing.answered:
            self.records[org_id, name] = replace(standing, claim="")


def _mark(record: Record | None) -> tuple[str, bool] | None:
    return None if record is None else (record.claim, record.answered)


@dataclass(slots=True)
class RequestCounts:
    """Stands in for `store.request_counts.RequestCounts`."""

    requests: Counter[tuple[str, datetime]] = field(default_factory=Counter)

    def add(self, org_id: str, window: datetime) -> int:
        """Count one request more and return how many there were in the window."""
        self.requests[org_id, window] += 1
        return self.requests[org_id, window]
