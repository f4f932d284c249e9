"""Repeats: carry out a call that names an idempotency key once, and answer its repeats alike.

The answers lie sealed: they hold addresses and new keys, and nobody but a caller with the
idempotency key has any use for them.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Protocol

from mailtide.domain.idempotency import (
    Call,
    Record,
    Step,
    decide,
    taking_over,
    wait_seconds,
)
from mailtide.errors import ConflictError


class Calls(Protocol):
    """The records by organisation and name, kept for 24 hours after they were claimed."""

    def claim(self, org_id: str, name: str, record: Record, over: Record | None) -> Record | None:
        """Write a claim where nothing stands, or `over` still does.

        Returns None when it was written (an earlier try's too), else what stands there.
        """
        ...

    def answer(self, org_id: str, name: str, claim: str, answer: bytes | None) -> bool:
        """Write the answer under a claim; False when another has taken the claim over."""
        ...

    def release(self, org_id: str, name: str, claim: str) -> None:
        """Empty a claim without an answer; nothing happens when another has taken it over."""
        ...


class Vault(Protocol):
    """What names and seals by idempotency key."""

    def name(self, org_id: str, key: str) -> str:
        """Return what a key's record is called: nobody can tell the key by it."""
        ...

    def seed(self, org_id: str, key: str, begun_at: datetime) -> bytes:
        """Return a secret of the call that first named a key at an instant (64 bytes)."""
        ...

    def seal(self, org_id: str, key: str, text: bytes) -> bytes | None:
        """Return the text, readable by `unseal` alone; None when it is too large to keep."""
        ...

    def unseal(self, org_id: str, key: str, sealed: bytes) -> bytes:
        """Return the text that was sealed under the same organisation and key."""
        ...


@dataclass(frozen=True, slots=True)
class Claim:
    """The right to carry out a call and to leave its answer."""

    call: Call
    nonce: str
    begun_at: datetime  # the call's first attempt
    seed: bytes = field(repr=False)  # the same for each attempt; see `mailtide/naming.py`


@dataclass(frozen=True, slots=True)
class Repeats:
    """The calls of all organisations."""

    calls: Calls
    vault: Vault
    new_id: Callable[[], str]

    def begin(self, call: Call, now: datetime) -> Claim | bytes:
        """Return the claim of a call that is to be carried out, or the answer of an earlier one.

        Raises:
            ConflictError: `idempotency_key_reused`, `idempotency_in_progress`, or
                `idempotency_answer_too_large` when the answer of the earlier one was not kept.
        """
        name = self.vault.name(call.org_id, call.key)
        mine = Record(call.fingerprint, self.new_id(), now, begun_at=now)
        standing = self.calls.claim(call.org_id, name, mine, None)
        if standing is None:
            return self._claim(call, mine)
        step = decide(standing, call.fingerprint, now)
        if step is Step.CARRY_OUT:
            mine = taking_over(standing, mine)
            overtaken = self.calls.claim(call.org_id, name, mine, standing)
            if overtaken is None:
                return self._claim(call, mine)
            standing, step = overtaken, decide(overtaken, call.fingerprint, now)
        if step is Step.REPLAY:
            return self._answer(call, standing)
        raise _refusal(step, standing, now)

    def finish(self, claim: Claim, answer: bytes) -> None:
        """Keep the answer of a call that was carried out."""
        call = claim.call
        sealed = self.vault.seal(call.org_id, call.key, answer)
        name = self.vault.name(call.org_id, call.key)
        self.calls.answer(call.org_id, name, claim.nonce, sealed)

    def release(self, claim: Claim) -> None:
        """Let a call that came to nothing be carried out again at once."""
        name = self.vault.name(claim.call.org_id, claim.call.key)
        self.calls.release(claim.call.org_id, name, claim.nonce)

    def _claim(self, call: Call, record: Record) -> Claim:
        seed = self.vault.seed(call.org_id, call.key, record.begun_at)
        return Claim(call, record.claim, record.begun_at, seed)

    def _answer(self, call: Call, record: Record) -> bytes:
        if record.answer is None:
            raise ConflictError(
                "This call was carried out, but its answer was too large to keep: "
                "read what it made or changed.",
                code="idempotency_answer_too_large",
            )
        return self.vault.unseal(call.org_id, call.key, record.answer)


def _refusal(step: Step, record: Record, now: datetime) -> ConflictError:
    if step is Step.REFUSE:
        return ConflictError(
            "Another call (method, path, query and body) has used this `Idempotency-Key` "
            "within 24 hours; a new call needs a new key.",
            code="idempotency_key_reused",
        )
    return ConflictError(
        "The same call is being carried out; ask again for its answer.",
        code="idempotency_in_progress",
        retry_after_seconds=wait_seconds(record, now),
    )
