"""Retry: when a recipient who could not be served now is looked at again, and when no more.

Source: docs/domain/sending.md (what a refusal makes wait; places over the UTC day),
docs/domain/messages.md (what a single message has the patience for).
"""

import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from zlib import crc32

from mailtide.domain.batch import Batch
from mailtide.domain.bounce import BounceClass, classify
from mailtide.domain.handover import Refused
from mailtide.domain.quota import day_end
from mailtide.domain.suppression import Stream

NO_PLACE = timedelta(minutes=10)  # a limit may be raised in the course of the day
SPREAD = 0.25  # of a wait, at most, is added to it: blocks that were refused at once return apart
_MOST_DOUBLINGS = 10  # more than lead from any first wait to its longest
_MINUTE, _HOUR = timedelta(minutes=1), timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Patience:
    """How a relay's "later" is borne."""

    first: timedelta  # until the first retry; doubled from each to the next
    longest: timedelta


BULK = Patience(5 * _MINUTE, 4 * _HOUR)
PROMPT = Patience(_MINUTE / 2, 15 * _MINUTE)
_UNANSWERED = Patience(_MINUTE, 4 * _HOUR)  # nobody said no: the way there failed
_BULK_BY_CLASS: Mapping[BounceClass, Patience] = MappingProxyType(
    {
        BounceClass.RATE_LIMITED: Patience(5 * _MINUTE, _HOUR),
        BounceClass.BLOCK: Patience(30 * _MINUTE, 4 * _HOUR),
        BounceClass.MAILBOX_FULL: Patience(_HOUR, 4 * _HOUR),
    }
)
_ASKED = re.compile(
    r"\b(?:in|after|for) (\d{1,5}) ?(s|sec|second|min|minute|h|hour)s?\b", re.IGNORECASE
)
_UNITS = {"s": timedelta(seconds=1), "m": _MINUTE, "h": _HOUR}


def of(batch: Batch) -> Patience:
    """Return how much patience a batch's recipients have."""
    return PROMPT if batch.submitted is Stream.TRANSACTIONAL else BULK


def places_return(now: datetime) -> datetime:
    """Return when to look for places again: soon, and at midnight UTC at the latest."""
    return min(day_end(now), now + NO_PLACE)


def wait(refusal: Refused, tries: int, patience: Patience = BULK) -> timedelta:
    """Return how long a refusal makes a recipient wait after so many earlier ones.

    What the receiver names itself ("try again in 300 seconds") is the least, within the longest.
    """
    if patience == BULK:
        patience = _bulk(refusal)
    asked = _ASKED.search(refusal.response)
    least = int(asked[1]) * _UNITS[asked[2][0].lower()] if asked else timedelta(0)
    doubled = patience.first * int(2 ** min(tries, _MOST_DOUBLINGS))
    return min(max(doubled, least), patience.longest)


def _bulk(refusal: Refused) -> Patience:
    if refusal.code is None:
        return _UNANSWERED
    return _BULK_BY_CLASS.get(classify(refusal.code, None, refusal.response), BULK)


def retried(
    now: datetime, tries: int, patience: Patience, refusals: Iterable[Refused], seed: str
) -> datetime:
    """Return when to try again those who were refused: after the longest of their waits.

    Up to a quarter is added, by a hash of `seed`, so that a repeat decides the same.
    """
    longest = max(wait(refusal, tries, patience) for refusal in refusals)
    return now + longest * (1 + SPREAD * (crc32(seed.encode()) / 2**32))


def carried_on(
    now: datetime,
    batch: Batch,
    *,
    waiting: bool,
    refusals: Collection[Refused],
) -> datetime:
    """Return when a later batch of an opened block is due: some only wait, others were refused.

    One that holds both kinds is due at the later of the two: it counts a refusal for everybody in
    it, and the back-off is what keeps a receiver from being pressed.
    """
    dues = [places_return(now)] if waiting else []
    if refusals:
        seed = f"{batch.ref}#{batch.watermark}"
        dues.append(retried(now, batch.tries, of(batch), refusals, seed))
    return max(dues, default=now)


def expired(put_off_at: datetime | None, give_up_after: timedelta, now: datetime) -> bool:
    """Say whether the next refusal of those who have been put off since then is the last."""
    return put_off_at is not None and now - put_off_at >= give_up_after
