"""Retry: when a recipient who could not be served now is looked at again.

Source: docs/domain/sending.md (a relay's "later" over 29 hours; places over the UTC day).
"""

from datetime import datetime, timedelta

from mailtide.domain.quota import day_end

MAX_TRIES = 12  # refusals that are followed by another try; the next one is final
FIRST_RETRY = timedelta(minutes=5)
LONGEST_RETRY = timedelta(hours=4)
NO_PLACE = timedelta(minutes=10)  # a limit may be raised in the course of the day


def places_return(now: datetime) -> datetime:
    """Return when to look for places again: soon, and at midnight UTC at the latest."""
    return min(day_end(now), now + NO_PLACE)


def retried(now: datetime, tries: int) -> datetime:
    """Return when to try again after so many earlier refusals: the wait doubles up to 4 hours."""
    return now + min(FIRST_RETRY * int(2**tries), LONGEST_RETRY)


def carried_on(now: datetime, tries: int, *, waiting: bool, refused: bool) -> datetime:
    """Return when a block's later batch is due: who only waits, and who was refused, in it.

    One that holds both kinds is due at the later of the two: it counts a refusal for everybody in
    it, and the back-off is what makes so many refusals last more than a day.
    """
    dues = [places_return(now)] if waiting else []
    if refused:
        dues.append(retried(now, tries))
    return max(dues, default=now)
