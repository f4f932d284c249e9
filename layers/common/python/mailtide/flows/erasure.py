"""Erasure: forget a person, in one call that may die anywhere and be made again.

What others keep of a person names nobody without the contact (`flows/addresses.py`), so only what
holds addresses itself is touched: the contact, its memberships, what an organisation suppressed by
hand, and the files that were made of contacts. Counters do not move: they are sums over rows that
stay as they are. That the person is suppressed stays known, by the hash that is the contact's id.
Source: docs/domain/erasure.md.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol

from mailtide.domain.contact import Contact
from mailtide.domain.import_job import REPORT
from mailtide.errors import NotFoundError


class Contacts(Protocol):
    """The contacts."""

    def get(self, org_id: str, contact_id: str) -> Contact | None:
        """Read one contact consistently."""
        ...

    def delete(self, org_id: str, contact_id: str) -> bool:
        """Remove a contact; False when there is none."""
        ...


class Lists(Protocol):
    """The lists."""

    def forget(self, org_id: str, contact_id: str) -> None:
        """Take a contact off all lists of its organisation."""
        ...


class Suppressions(Protocol):
    """Whom organisations do not write to."""

    def forget(self, org_id: str, contact_id: str) -> None:
        """Drop the address and keep the reasons."""
        ...


class Files(Protocol):
    """The bucket."""

    def keys(self, prefix: str) -> Iterable[str]:
        """Name the objects under a prefix."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are gone do not matter."""
        ...


@dataclass(frozen=True, slots=True)
class Erasure:
    """The erasure flow with its collaborators."""

    contacts: Contacts
    lists: Lists
    suppressions: Suppressions
    files: Files

    def run(self, org_id: str, contact_id: str) -> None:
        """Remove a person. The contact goes last, so that a repeat after a death finds it.

        Raises:
            NotFoundError: when the organisation has no such contact.
        """
        if self.contacts.get(org_id, contact_id) is None:
            raise NotFoundError("There is no contact with this id.")
        self.lists.forget(org_id, contact_id)
        self.suppressions.forget(org_id, contact_id)
        self.files.delete(list(self._files(org_id)))
        self.contacts.delete(org_id, contact_id)

    def _files(self, org_id: str) -> Iterable[str]:
        """Name the files of an organisation that may hold addresses of its contacts.

        Nobody looks into them: a file is quickly made anew, and what was missed would stay.
        """
        yield from self.files.keys(f"exports/{org_id}/")
        imported = self.files.keys(f"imports/{org_id}/")
        yield from (key for key in imported if key.endswith(f"/{REPORT}"))
