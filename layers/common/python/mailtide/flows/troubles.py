"""Troubles: what went wrong while many things were seen to, and none may keep another waiting."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

MOST = 10  # errors; with so many it is no matter of single things, and each may have taken a minute


@dataclass(slots=True)
class Troubles:
    """Errors that were put by, until all else is done."""

    found: list[Exception] = field(default_factory=list)

    @contextmanager
    def kept(self) -> Iterator[None]:
        """Put an error by, whatever it is; raise it on when there were too many."""
        try:
            yield
        except Exception as error:
            self.found.append(error)
            if len(self.found) >= MOST:
                self.tell()

    def tell(self) -> None:
        """Raise the first error, if there was any: who called has it logged and asks again."""
        if self.found:
            first = self.found[0]
            first.add_note(f"so many things failed, this one first: {len(self.found)}")
            raise first
