"""List deletion: a job that takes the members off a deleted list, a stretch at a time.

A list of a million members takes minutes; the call that asks for it answers at once. The job is
asked for first and deletes the list itself, so that a death between the two leaves no members of
no list.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from mailtide.domain.job import Checkpoint, Job
from mailtide.domain.page import Page

AT_ONCE = 5000  # members of one step, which are 200 batch writes


class Lists(Protocol):
    """The lists and who is on them."""

    def delete(self, org_id: str, list_id: str) -> bool:
        """Delete a list without its members; False when it is not there."""
        ...

    def member_page(self, list_id: str, limit: int, after: str | None) -> Page[str]:
        """Return the contact ids of a list, sorted."""
        ...

    def remove_members(self, list_id: str, contact_ids: Sequence[str]) -> None:
        """Take contacts off a list; those that are not on it do not matter."""
        ...


def task_of(list_id: str) -> dict[str, Any]:
    """Return what the job is asked; the list has to be the organisation's."""
    return {"list_id": list_id}


@dataclass(frozen=True, slots=True)
class ListDeletion:
    """The kind `list_deletion`; `task_of` makes its task."""

    lists: Lists
    at_once: int = AT_ONCE

    def step(self, job: Job) -> Checkpoint:
        """Remove the next stretch of members; those that a run removed before it died count not."""
        list_id = job.task["list_id"]
        self.lists.delete(job.org_id, list_id)
        page = self.lists.member_page(list_id, self.at_once, None)
        self.lists.remove_members(list_id, page.items)
        removed = {"members": job.progress.get("members", 0) + len(page.items)}
        return Checkpoint({}, removed, None if page.after else removed)
