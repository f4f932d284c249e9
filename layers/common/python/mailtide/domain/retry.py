"""Retry: when a recipient who could not be served now is looked at again.

Source: docs/domain/sending.md (a relay's "later" over 29 hours; places over the UTC day),
docs/domain/messages.md (what a single message has the patience for).
"""

from dataclasses import dataclass
from datetime import datetime, timedelta

from mailtide.domain.batch import Batch
from mailtide.domain.quota import day_end
from mailtide.domain.suppression import Stream

NO_PLACE = timedelta(minutes=10)  # a limit may be raised in the course of the day


@dataclass(frozen=True, slots=True)
class Patience:
    """How a relay's "later" is borne."""

    tries: int  # refusals that are followed by another try; the next one is final
    first: timedelta  # until the first retry; doubled from each to the next
    longest: timedelta


BULK = Patience(tries=12, first=timedelta(minutes=5), longest=timedelta(hours=4))
PROMPT = Patience(tries=300, first=timedelta(seconds=30), longest=timedelta(minutes=15))


def of(batch: Batch) -> Patience:
    """Return how much patience a batch's recipients have."""
    return PROMPT if batch.submitted is Stream.TRANSACTIONAL else BULK


def places_return(now: datetime) -> datetime:
    """Return when to look for places again: soon, and at midnight UTC at the latest."""
    return min(day_end(now), now + NO_PLACE)


def retried(now: datetime, tries: int, patience: Patience = BULK) -> datetime:
    """Return when to try again after so many earlier refusals: the wait doubles up to a limit."""
    doublings = min(tries, 16)  # far behind the longest wait
    return now + min(patience.first * int(2**doublings), patience.longest)


def carried_on(
    now: datetime, tries: int, patience: Patience = BULK, *, waiting: bool, refused: bool
) -> datetime:
    """Return when a block's later batch is due: who only waits, and who was refused, in it.

    One that holds both kinds is due at the later of the two: it counts a refusal for everybody in
    it, and the back-off is what makes so many refusals last more than a day.
    """
    dues = [places_return(now)] if waiting else []
    if refused:
        dues.append(retried(now, tries, patience))
    return max(dues, default=now)
