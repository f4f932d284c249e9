"""Export content: the contacts of an organisation, of a list, of a segment; the suppressions."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from mailtide.domain import export_csv, segment_json, suppression_csv
from mailtide.domain.contact import Contact
from mailtide.domain.job import Job
from mailtide.domain.page import Page
from mailtide.domain.suppression import Suppression
from mailtide.domain.suppression_csv import Line
from mailtide.errors import NotFoundError
from mailtide.flows.exports import Extract, Survey
from mailtide.flows.segment_desk import Lists as Memberships
from mailtide.flows.segment_desk import matching


class Contacts(Protocol):
    """The contacts."""

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Contact]:
        """Return the organisation's contacts by id."""
        ...

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Contact]:
        """Read contacts consistently; only those that exist are in the answer."""
        ...


class Lists(Protocol):
    """The lists."""

    def exists(self, org_id: str, list_id: str) -> bool:
        """Say whether the organisation has this list."""
        ...

    def member_page(self, list_id: str, limit: int, after: str | None) -> Page[str]:
        """Return the contact ids of a list, sorted."""
        ...


class Suppressions(Protocol):
    """Whom organisations do not write to."""

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Suppression]:
        """Return what stands, by contact id."""
        ...


class Addresses(Protocol):
    """The addresses of all contacts."""

    def in_suppressions(
        self, org_id: str, suppressions: Iterable[Suppression]
    ) -> list[Suppression]:
        """Return suppressions with the contacts' addresses, in what shows the reasons too."""
        ...


class _ContactLines:
    """How contacts look in a file."""

    def survey(self) -> Survey:
        """Return what finds the attributes that get a column of their own."""
        return export_csv.with_columns

    def header(self, columns: Sequence[str]) -> bytes:
        """Return the header line."""
        return export_csv.contact_header(columns)

    def lines(self, rows: Iterable[Contact], columns: Sequence[str]) -> bytes:
        """Return contacts as lines."""
        return export_csv.contact_lines(rows, columns)


@dataclass(frozen=True, slots=True)
class AllContacts(_ContactLines):
    """All contacts of an organisation, by id."""

    contacts: Contacts

    def read(self, job: Job, limit: int, after: str | None) -> Extract:
        """Return the page behind a position."""
        page = self.contacts.page(job.org_id, limit, after)
        return Extract(page.items, page.after)


@dataclass(frozen=True, slots=True)
class MembersOfList(_ContactLines):
    """The members of the list `job.task["list_id"]`, by id."""

    contacts: Contacts
    lists: Lists

    def read(self, job: Job, limit: int, after: str | None) -> Extract:
        """Return the page behind a position.

        Raises:
            NotFoundError: when the list was deleted.
        """
        list_id = job.task["list_id"]
        if not self.lists.exists(job.org_id, list_id):
            raise NotFoundError("The list was deleted.")
        page = self.lists.member_page(list_id, limit, after)
        found = self.contacts.get_many(job.org_id, page.items)
        return Extract([found[one] for one in page.items if one in found], page.after)


@dataclass(frozen=True, slots=True)
class HeldBySegment(_ContactLines):
    """Whom the filter `job.task["filter"]` holds; relative times count back from the start."""

    contacts: Contacts
    lists: Memberships

    def read(self, job: Job, limit: int, after: str | None) -> Extract:
        """Return those that the filter holds of the page of contacts behind a position."""
        page = self.contacts.page(job.org_id, limit, after)
        filter_ = segment_json.read(job.task["filter"])
        return Extract(matching(filter_, page.items, self.lists, job.created_at), page.after)


@dataclass(frozen=True, slots=True)
class AllSuppressions:
    """What stands against contacts, a row per reason; those without an address are left out."""

    suppressions: Suppressions
    addresses: Addresses

    def read(self, job: Job, limit: int, after: str | None) -> Extract:
        """Return the page behind a position."""
        page = self.suppressions.page(job.org_id, limit, after)
        named = self.addresses.in_suppressions(job.org_id, page.items)
        rows = [
            Line(one.email, one.contact_id, reason, evidence)
            for one in named
            if one.email
            for reason, evidence in sorted(one.reasons.items())
        ]
        return Extract(rows, page.after, sum(not one.email for one in named))

    def survey(self) -> None:
        """Return what finds the columns: they do not depend on the rows."""

    def header(self, columns: Sequence[str]) -> bytes:
        """Return the header line."""
        return suppression_csv.header()

    def lines(self, rows: Iterable[Line], columns: Sequence[str]) -> bytes:
        """Return rows as lines."""
        return suppression_csv.write(rows)
