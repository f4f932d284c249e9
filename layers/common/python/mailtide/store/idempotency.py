"""Idempotency keys: one row per key, claimed under a condition and answered by the claim's holder.

A row is over when its time says so; that DynamoDB removes it some time later only cleans up.
"""

from datetime import timedelta

from pynamodb.expressions.condition import Condition

from mailtide.domain.idempotency import KEPT_FOR, Record
from mailtide.store import dynamo
from mailtide.store.call_tables import IdempotencyRow

_MARGIN = timedelta(hours=1)  # of the cleaning up behind the time that is kept


class IdempotencyKeys:
    """The table `idempotency_keys`."""

    def claim(self, org_id: str, name: str, record: Record, over: Record | None) -> Record | None:
        """Write a claim where nothing stands, or `over` still does; else return what stands.

        A claim that an earlier try of the same write has left is its own.
        """
        row = IdempotencyRow(
            org_id,
            name,
            fingerprint=record.fingerprint,
            claim=record.claim,
            claimed_at=record.claimed_at,
            begun_at=record.begun_at,
            answered=False,
            expires_at=record.claimed_at + KEPT_FOR + _MARGIN,
        )
        standing = dynamo.put(row, _is_free(over))
        if standing is None:
            return None
        found = _record_of(IdempotencyRow.from_raw_data(standing))
        return None if found.claim == record.claim else found

    def answer(self, org_id: str, name: str, claim: str, answer: bytes | None) -> bool:
        """Write the answer under a claim; False when another has taken the claim over."""
        actions = [IdempotencyRow.answered.set(True)]
        if answer is not None:
            actions.append(IdempotencyRow.answer.set(answer))
        mine = IdempotencyRow.claim == claim
        return dynamo.update(IdempotencyRow(org_id, name), actions, mine) is None

    def release(self, org_id: str, name: str, claim: str) -> None:
        """Empty a claim without an answer; nothing happens when another has taken it over."""
        mine = (IdempotencyRow.claim == claim) & IdempotencyRow.answered.is_in(False)
        dynamo.update(IdempotencyRow(org_id, name), [IdempotencyRow.claim.set("")], mine)


def _is_free(over: Record | None) -> Condition:
    absent: Condition = IdempotencyRow.name.does_not_exist()
    if over is None:
        return absent
    same: Condition = IdempotencyRow.claim == over.claim
    same &= IdempotencyRow.answered.is_in(over.answered)
    absent |= same
    return absent


def _record_of(row: IdempotencyRow) -> Record:
    return Record(
        row.fingerprint, row.claim, row.claimed_at, row.begun_at, row.answered, row.answer
    )
