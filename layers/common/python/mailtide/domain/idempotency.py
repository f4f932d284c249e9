"""Idempotency: what becomes of a call that names a key which may have been used before.

A call claims its key, is carried out, and leaves its answer under the key for 24 hours. Whoever
repeats the call gets that answer. A claim whose call died is taken over once that call must be
over, and the call is carried out again: what it makes is named alike, so nothing is made twice.
Source: draft-ietf-httpapi-idempotency-key-header-07; docs/api.md.
"""

import re
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from mailtide.errors import InvalidInputError

KEPT_FOR = timedelta(hours=24)
TAKEN_OVER_AFTER = timedelta(seconds=30)  # the API's functions are ended after 29
MAX_KEY = 256  # characters

_KEY = re.compile(rf"[\x21-\x7e]{{1,{MAX_KEY}}}")
_TOO_MANY_REQUESTS = 429
_OUR_TROUBLE = 500


class Step(StrEnum):
    """What to do with a call."""

    CARRY_OUT = "carry out"
    REPLAY = "replay"
    WAIT = "wait"  # the same call is being carried out
    REFUSE = "refuse"  # another call has used the key


@dataclass(frozen=True, slots=True)
class Call:
    """A call that names a key: what it asks for, in short."""

    org_id: str
    key: str
    fingerprint: str


@dataclass(frozen=True, slots=True)
class Record:
    """What stands under a key: who claimed it and, once `answered`, the answer."""

    fingerprint: str
    claim: str  # different for each attempt; "" of one that came to nothing
    claimed_at: datetime
    begun_at: datetime  # when the call's first attempt was
    answered: bool = False
    answer: bytes | None = None  # sealed; None of an answered one that was too large to keep


def check_key(text: str) -> None:
    """Refuse what cannot be a key.

    Raises:
        InvalidInputError: `invalid_idempotency_key`.
    """
    if _KEY.fullmatch(text) is None:
        raise InvalidInputError(
            f"`Idempotency-Key` is 1 to {MAX_KEY} visible ASCII characters, such as a UUID.",
            code="invalid_idempotency_key",
        )


def fingerprint(method: str, path: str, query: str, body: bytes) -> str:
    """Return what two calls have in common only when they ask for the same (SHA-256, hex)."""
    head = "\n".join((method, path, query, ""))
    return sha256(head.encode() + body).hexdigest()


def decide(record: Record | None, asked: str, now: datetime) -> Step:
    """Decide about a call with the fingerprint `asked` whose key has this record, if any."""
    if record is None or now - record.claimed_at >= KEPT_FOR:
        return Step.CARRY_OUT
    if record.fingerprint != asked:
        return Step.REFUSE
    if record.answered:
        return Step.REPLAY
    is_over = not record.claim or now - record.claimed_at >= TAKEN_OVER_AFTER
    return Step.CARRY_OUT if is_over else Step.WAIT


def taking_over(standing: Record, mine: Record) -> Record:
    """Return the claim of an attempt that follows `standing`; after a day it is another call's."""
    if mine.claimed_at - standing.claimed_at >= KEPT_FOR:
        return mine
    return replace(mine, begun_at=standing.begun_at)


def wait_seconds(record: Record, now: datetime) -> int:
    """Return when to ask again about a call that is being carried out.

    As long as it has taken already: most calls end within a second, a dead one takes 30.
    """
    age = int((now - record.claimed_at).total_seconds())
    return max(1, min(age, int(TAKEN_OVER_AFTER.total_seconds()) - age))


def is_kept(status: int) -> bool:
    """Say whether an answer of this HTTP status is kept: not when the same call may work later."""
    return status != _TOO_MANY_REQUESTS and status < _OUR_TROUBLE
