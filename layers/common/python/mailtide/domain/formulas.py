"""Formulas: keep a spreadsheet from taking a value of a CSV file for one, so that it can be undone.

People open exports and reports in spreadsheets, and strangers may have written the values. A value
that begins as a formula does, or with the guard itself, gets an apostrophe before it: spreadsheets
show the rest as text, and taking one apostrophe away gives the value back.
Source: docs/domain/exports.md (which characters, and who says so).
"""

_GUARD = "'"
_GUARDED = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20", _GUARD)


def guarded(value: str) -> str:
    """Return a value that no spreadsheet takes for a formula."""
    return _GUARD + value if value.startswith(_GUARDED) else value


def unguarded(value: str) -> str:
    """Return what `guarded` was given; a value that it would not have written stays as it is."""
    bare = value.removeprefix(_GUARD)
    return bare if bare != value and bare.startswith(_GUARDED) else value
