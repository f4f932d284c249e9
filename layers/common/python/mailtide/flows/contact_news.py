"""Contact news: tell triggers that contacts were made, or put on a list, through the API.

What is told once too often meets the messages that are there. So a contact's making is told with
each save for a while: a call that died before it told is made again by its caller.
Source: docs/domain/triggers.md.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Protocol

from mailtide.domain.contact import Contact
from mailtide.domain.message import millis
from mailtide.flows.firing import Happening

NEW_FOR = timedelta(hours=1)


class Firing(Protocol):
    """The triggers (flows/firing.py)."""

    def run(self, org_id: str, happenings: Sequence[Happening]) -> list[str]:
        """Let triggers fire; return the messages that were not there before."""
        ...


@dataclass(frozen=True, slots=True)
class ContactNews:
    """What happens to contacts through the API."""

    firing: Firing
    clock: Callable[[], datetime]

    def saved(self, org_id: str, contacts: Iterable[Contact]) -> None:
        """Tell of those among saved contacts that are new."""
        since = self.clock() - NEW_FOR
        self.firing.run(
            org_id,
            [
                Happening(one, "contact.created", f"{millis(one.created_at)}", one.created_at)
                for one in contacts
                if one.created_at > since
            ],
        )

    def joined(self, org_id: str, list_id: str, contacts: Iterable[Contact]) -> None:
        """Tell that contacts were put on a list; on the same list it happens once."""
        at = self.clock()
        self.firing.run(
            org_id, [Happening(one, "contact.joined_list", list_id, at) for one in contacts]
        )
