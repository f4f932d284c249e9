"""Import jobs: a row each beside the lists of the organisation, written by compare-and-swap."""

from typing import Any

from mailtide.domain.csv_records import Place
from mailtide.domain.import_job import Counts, ImportJob, ImportState
from mailtide.store import dynamo
from mailtide.store.row import present
from mailtide.store.tables import ListRow

_IMPORT = "import#"


class Imports:
    """The import jobs of all organisations."""

    def get(self, org_id: str, import_id: str) -> ImportJob | None:
        """Read one job consistently."""
        row = dynamo.get(ListRow, org_id, _IMPORT + import_id)
        return _job_of(row) if row else None

    def create(self, job: ImportJob) -> None:
        """Write a job under a fresh id; a repeat of the same write changes nothing."""
        dynamo.put(_row(job, ""), ListRow.pk.does_not_exist())

    def swap(self, old: ImportJob, new: ImportJob, holder: str) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`.

        True also when the row is what this holder would write: an earlier reply was lost.
        """
        row = _row(new, holder)
        row.revision = old.revision + 1
        found = dynamo.put(row, ListRow.revision == old.revision)
        return found is None or found == row.serialize()


def _row(job: ImportJob, holder: str) -> ListRow:
    return ListRow(
        job.org_id,
        _IMPORT + job.import_id,
        import_id=job.import_id,
        list_id=job.list_id,
        created_at=job.created_at,
        state=job.state.value,
        revision=job.revision,
        progress=_progress(job, holder),
    )


def _progress(job: ImportJob, holder: str) -> dict[str, Any]:
    counts = job.counts
    return {
        "holder": holder,
        "etag": job.etag,
        "bytes_total": job.bytes_total,
        "place": [job.place.offset, job.place.line],
        "counts": [counts.imported, counts.merged, counts.refused],
        "chunks": job.chunks,
        "refused_chunks": job.refused_chunks,
        "failure": job.failure,
        "failure_code": job.failure_code,
    }


def _job_of(row: ListRow) -> ImportJob:
    progress = present(row.progress)
    return ImportJob(
        org_id=row.pk,
        import_id=present(row.import_id),
        list_id=present(row.list_id),
        created_at=present(row.created_at),
        state=ImportState(present(row.state)),
        revision=int(present(row.revision)),
        etag=progress["etag"],
        bytes_total=progress["bytes_total"],
        place=Place(*progress["place"]),
        counts=Counts(*progress["counts"]),
        chunks=tuple(progress["chunks"]),
        refused_chunks=tuple(progress["refused_chunks"]),
        failure=progress["failure"],
        failure_code=progress["failure_code"],
    )
