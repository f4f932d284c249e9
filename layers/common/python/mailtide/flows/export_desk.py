"""Export desk: start an export of something that is there."""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from mailtide.domain.job import Job, JobKind
from mailtide.domain.segment import Segment
from mailtide.errors import InvalidInputError
from mailtide.flows.segment_count import task_of


class Exported(StrEnum):
    """What can be exported."""

    CONTACTS = "contacts"
    LIST = "list"
    SEGMENT = "segment"
    SUPPRESSIONS = "suppressions"


_NEEDED = {Exported.LIST: "list_id", Exported.SEGMENT: "segment_id"}


class Jobs(Protocol):
    """The job desk."""

    def start(self, org_id: str, kind: JobKind, task: Mapping[str, Any]) -> Job:
        """Create a job and ask for the work."""
        ...


class Lists(Protocol):
    """The lists."""

    def exists(self, org_id: str, list_id: str) -> bool:
        """Say whether the organisation has this list."""
        ...


class Segments(Protocol):
    """The segments."""

    def get(self, org_id: str, segment_id: str) -> Segment | None:
        """Return one segment."""
        ...


@dataclass(frozen=True, slots=True)
class ExportDesk:
    """What is asked of exports before the work."""

    jobs: Jobs
    lists: Lists
    segments: Segments

    def start(self, org_id: str, kind: Exported, ids: Mapping[str, str | None]) -> Job:
        """Start an export; `ids` has the id that the kind needs, by its name, and no other.

        Raises:
            InvalidInputError: when one is missing, too much, or not the organisation's.
        """
        given = {name: id_ for name, id_ in ids.items() if id_ is not None}
        needed = _NEEDED.get(kind)
        for name in given:
            if name != needed:
                raise _wrong(name, f"An export of kind `{kind.value}` takes no `{name}`.")
        if needed is not None and needed not in given:
            raise _wrong(needed, f"An export of kind `{kind.value}` needs `{needed}`.")
        task = {"kind": kind.value, **self._found(org_id, given)}
        return self.jobs.start(org_id, JobKind.EXPORT, task)

    def _found(self, org_id: str, given: Mapping[str, str]) -> Mapping[str, Any]:
        """Return what the job has to know of the thing that is exported."""
        for name, id_ in given.items():
            if name == _NEEDED[Exported.SEGMENT]:
                segment = self.segments.get(org_id, id_)
                if segment is None:
                    raise _wrong(name, "There is no segment with this id.")
                return task_of(segment)
            if not self.lists.exists(org_id, id_):
                raise _wrong(name, "There is no list with this id.")
        return given


def _wrong(name: str, detail: str) -> InvalidInputError:
    at = f"body.{name}"
    return InvalidInputError(f"{at}: {detail}", errors=[{"at": at, "detail": detail}])
