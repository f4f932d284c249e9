"""Segment desk: keep segments, show whom they hold, and count them.

A filter may name lists of its own organisation only, so no segment tells of another's members.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from mailtide.domain.contact import Contact
from mailtide.domain.page import Page
from mailtide.domain.segment import Filter, Segment, evaluate, lists_of
from mailtide.domain.segment_json import CODE
from mailtide.errors import InvalidInputError, NotFoundError, RetryableError

AT_ONCE = 200  # contacts of one read
_ROUNDS = 5  # of changing a segment that others change at the same time, an erasure say
READS = 10  # for one page of matches: a filter that holds nobody must not read all contacts


class Segments(Protocol):
    """The segments."""

    def get(self, org_id: str, segment_id: str) -> Segment | None:
        """Return one segment."""
        ...

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Segment]:
        """Return the organisation's segments by id."""
        ...

    def create(self, segment: Segment) -> None:
        """Write a segment under a fresh id; a repeat of the same write changes nothing."""
        ...

    def swap(self, old: Segment, new: Segment, at: datetime) -> bool:
        """Write name and filter of `new` if the row still has those of `old`."""
        ...

    def delete(self, org_id: str, segment_id: str) -> bool:
        """Delete a segment; False when it is not there."""
        ...


class Lists(Protocol):
    """The lists and who is on them."""

    def exists(self, org_id: str, list_id: str) -> bool:
        """Say whether the organisation has this list."""
        ...

    def on_lists(
        self, list_ids: Sequence[str], contact_ids: Sequence[str]
    ) -> Mapping[str, frozenset[str]]:
        """Return which of some lists each contact is on, of a stretch of contacts in order."""
        ...


class Contacts(Protocol):
    """The contacts."""

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Contact]:
        """Return the organisation's contacts by id."""
        ...


@dataclass(frozen=True, slots=True)
class SegmentDesk:
    """The segments of all organisations."""

    segments: Segments
    lists: Lists
    contacts: Contacts
    new_id: Callable[[], str]
    clock: Callable[[], datetime]

    def get(self, org_id: str, segment_id: str) -> Segment:
        """Return one segment.

        Raises:
            NotFoundError: when the organisation has none such.
        """
        segment = self.segments.get(org_id, segment_id)
        if segment is None:
            raise NotFoundError("There is no segment with this id.")
        return segment

    def create(self, org_id: str, name: str, filter_: Filter, place: str) -> Segment:
        """Keep a new segment, whose filter stands at a place of the input.

        Raises:
            InvalidInputError: `filter_error`, when it names a list that is not there.
        """
        self._check_lists(org_id, filter_, place)
        segment = Segment(org_id, self.new_id(), name, filter_, self.clock())
        self.segments.create(segment)
        return segment

    def change(
        self, org_id: str, segment_id: str, changes: Mapping[str, Any], place: str
    ) -> Segment:
        """Change `name` or `filter`; campaigns that were started keep the filter they had.

        Raises:
            NotFoundError, InvalidInputError: as `get` and `create`.
            RetryableError: when others keep changing it.
        """
        if "filter" in changes:
            self._check_lists(org_id, changes["filter"], place)
        for _ in range(_ROUNDS):
            old = self.get(org_id, segment_id)
            new = replace(old, **changes)
            if self.segments.swap(old, new, self.clock()):
                return new
        raise RetryableError("The segment is being changed by others; try again.")

    def delete(self, org_id: str, segment_id: str) -> None:
        """Delete a segment; a campaign that names it cannot be started any more.

        Raises:
            NotFoundError: when the organisation has none such.
        """
        if not self.segments.delete(org_id, segment_id):
            raise NotFoundError("There is no segment with this id.")

    def contacts_of(
        self, org_id: str, segment_id: str, limit: int, after: str | None
    ) -> Page[Contact]:
        """Return up to `limit` contacts that fit now, by id.

        So many contacts are looked at and no more: a page may hold fewer than there are, or none,
        and still have a next one.

        Raises:
            NotFoundError: when the organisation has no such segment.
        """
        filter_ = self.get(org_id, segment_id).filter
        found: list[Contact] = []
        for _ in range(READS):
            page = self.contacts.page(org_id, AT_ONCE, after)
            found += matching(filter_, page.items, self.lists, self.clock())
            after = page.after
            if after is None or len(found) >= limit:
                break
        if len(found) > limit:
            return Page(found[:limit], found[limit - 1].contact_id)
        return Page(found, after)

    def _check_lists(self, org_id: str, filter_: Filter, place: str) -> None:
        gone = [one for one in lists_of(filter_) if not self.lists.exists(org_id, one)]
        errors = [{"at": place, "detail": f"there is no list `{one}`"} for one in gone]
        if errors:
            raise InvalidInputError(f"{place}: {errors[0]['detail']}", code=CODE, errors=errors)


def matching(
    filter_: Filter, contacts: Sequence[Contact], lists: Lists, now: datetime
) -> list[Contact]:
    """Return those of a stretch of contacts, in order, whom a filter holds."""
    named = lists_of(filter_)
    on = lists.on_lists(named, [one.contact_id for one in contacts]) if named else {}
    nowhere: frozenset[str] = frozenset()
    return [
        one
        for one in contacts
        if not one.messages_only and evaluate(filter_, one, on.get(one.contact_id, nowhere), now)
    ]
