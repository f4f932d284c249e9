"""Fields: what every source does to a text or a time before it may be stored."""

from datetime import UTC, datetime

_YEARS = range(2000, 2200)  # outside, epoch milliseconds do not have the 13 digits that keys need


def text(value: object, longest: int) -> str:
    """Return a text that can be stored: bounded, and without half a surrogate pair."""
    if not isinstance(value, str):
        return ""
    return value[:longest].encode("utf-8", "replace").decode()


def utc(at: datetime) -> datetime | None:
    """Return a source's time in UTC, which it is taken for when it names no zone."""
    if at.year not in _YEARS:
        return None
    return at.astimezone(UTC) if at.tzinfo else at.replace(tzinfo=UTC)
