"""Segment count: a job that counts whom a segment holds, a stretch of contacts at a time.

The result names a few contacts by id: the addresses stay where erasure finds them.
"""

from collections import Counter
from dataclasses import dataclass
from typing import Any, Protocol

from mailtide.domain import segment_json
from mailtide.domain.contact import Contact
from mailtide.domain.job import Checkpoint, Job
from mailtide.domain.page import Page
from mailtide.domain.segment import Segment
from mailtide.flows.segment_desk import Lists, matching

AT_ONCE = 1000  # contacts of one step: some hundred kilobytes, up to 8 MB
SAMPLE = 10


class Contacts(Protocol):
    """The contacts."""

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Contact]:
        """Return the organisation's contacts by id."""
        ...


def task_of(segment: Segment) -> dict[str, Any]:
    """Return what the job is asked: the filter as it is now, whatever it will be later."""
    return {"segment_id": segment.segment_id, "filter": segment_json.write(segment.filter)}


@dataclass(frozen=True, slots=True)
class SegmentCount:
    """The kind `segment_count`; `task_of` makes its task."""

    lists: Lists
    contacts: Contacts

    def step(self, job: Job) -> Checkpoint:
        """Count the next stretch of contacts; relative times count back from the job's creation."""
        page = self.contacts.page(job.org_id, AT_ONCE, job.cursor.get("after"))
        filter_ = segment_json.read(job.task["filter"])
        found = matching(filter_, page.items, self.lists, job.created_at)
        by_provider = Counter(job.cursor.get("by_provider", {}))
        by_provider.update(one.provider for one in found)
        sample = [*job.cursor.get("sample", []), *(one.contact_id for one in found)][:SAMPLE]
        so_far = {"by_provider": dict(by_provider), "sample": sample}
        count = by_provider.total()
        seen = job.progress.get("contacts", 0) + len(page.items)
        return Checkpoint(
            cursor={"after": page.after, **so_far},
            progress={"contacts": seen, "count": count},
            result={"count": count, **so_far} if page.after is None else None,
        )
