"""Faults: what is wrong with a template, each with the place in the author's own text.

Units: lines and columns count from 1, columns in characters.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from difflib import get_close_matches

from mailtide.errors import InvalidInputError

# An item of DynamoDB holds 400 KB (409,600 bytes), its other attributes and names included.
MAX_BYTES = 390_000  # of all parts of a template, the compiled HTML included
MAX_FAULTS = 100  # of one kind; more of them help nobody, and each costs time


class TooLargeError(ValueError):
    """A template becomes too large, and stops being compiled before it takes time and memory."""


@dataclass(frozen=True, slots=True, order=True)
class Fault:
    """One thing that is wrong, or that deserves a second look."""

    part: str  # subject, preheader, html, mjml, text or utm
    line: int
    column: int
    detail: str

    @property
    def at(self) -> str:
        """The place in one word, `part:line:column`."""
        return f"{self.part}:{self.line}:{self.column}"

    def place(self) -> dict[str, str]:
        """Return the place as it stands in a problem's `errors`."""
        return {"at": self.at, "detail": self.detail}


def fault_at(part: str, source: str, index: int, detail: str) -> Fault:
    """Return the fault at a position in the source of a part."""
    before = source[: max(0, index)]
    return Fault(part, before.count("\n") + 1, len(before) - before.rfind("\n"), detail)


def instead(word: str, known: Iterable[str]) -> str:
    """Return a question for the nearest known word, to be put behind a detail; empty if none is."""
    close = get_close_matches(word, sorted(known), n=1)
    return f"; did you mean '{close[0]}'?" if close else ""


def refusal(faults: Sequence[Fault]) -> InvalidInputError:
    """Return the error that names the faults, of which there is at least one."""
    first = faults[0]
    return InvalidInputError(
        f"the template has errors; the first is at {first.at}: {first.detail}",
        code="template_error",
        errors=[fault.place() for fault in faults],
    )
