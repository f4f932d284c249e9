"""Exports: contacts, a list, a segment or the suppressions as one CSV file, part by part.

    survey ──► write ──► join ──► tidy
    which      a part    parts    parts
    columns    per page  as one   go

A page begins behind the last contact of the one before, so nobody comes twice and a file of a
million takes the memory of one page. A part is named by the revision of the job that wrote it: a
run that was given up can write none that another one counts on. Parts are joined by a multipart
upload whose bytes follow from the parts alone.
Source: docs/domain/exports.md.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from enum import StrEnum
from typing import Any, Protocol

from mailtide.domain.job import Checkpoint, Job
from mailtide.errors import PermanentError

PAGE_ROWS = 5000
JOINED_BYTES = 8 * 1024 * 1024  # of a joined part at least; S3 wants 5 MB of all but the last
MOST_RESTARTS = 3  # of joining, when an upload was lost; more is no accident


class UploadLostError(Exception):
    """A multipart upload is gone, or its parts are not those that it was told to have."""


class Phase(StrEnum):
    """What an export is at."""

    SURVEY = "survey"
    WRITE = "write"
    JOIN = "join"
    TIDY = "tidy"


@dataclass(frozen=True, slots=True)
class Extract:
    """One page of what is exported."""

    rows: Sequence[Any]  # contacts or suppressions
    after: str | None  # where the next page begins; None at the end
    left_out: int = 0  # rows that a file cannot hold


Survey = Callable[[Sequence[str], Iterable[Any]], list[str]]  # columns so far, rows → columns


class Content(Protocol):
    """What is exported, and how it looks in a file."""

    def survey(self) -> Survey | None:
        """Return what finds the columns; None when they do not depend on the rows."""
        ...

    def read(self, job: Job, limit: int, after: str | None) -> Extract:
        """Return the page behind a position, of about `limit` rows.

        Raises:
            NotFoundError: when what is exported was deleted.
        """
        ...

    def header(self, columns: Sequence[str]) -> bytes:
        """Return the header line."""
        ...

    def lines(self, rows: Iterable[Any], columns: Sequence[str]) -> bytes:
        """Return rows as lines."""
        ...


class Files(Protocol):
    """The bucket."""

    def get(self, key: str) -> bytes:
        """Read a whole object.

        Raises:
            NotFoundError: when it is gone.
        """
        ...

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        ...

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are gone do not matter."""
        ...

    def find(self, key: str) -> tuple[str, int] | None:
        """Return an object's etag and size in bytes; None when it is not there."""
        ...

    def begin_upload(self, key: str) -> str:
        """Begin an object in parts; return the upload's id."""
        ...

    def add_part(self, key: str, upload: str, number: int, body: bytes) -> str:
        """Upload the part of a number from 1 on, again if need be; return its etag.

        Raises:
            UploadLostError: when the upload is gone.
        """
        ...

    def finish_upload(self, key: str, upload: str, etags: Sequence[str]) -> None:
        """Make the object of its parts.

        Raises:
            UploadLostError: when the upload is gone, or a part is another.
        """
        ...


@dataclass(frozen=True, slots=True)
class _Cursor:
    """Where an export stands; lies in the job's row as JSON."""

    phase: str
    after: str | None = None
    columns: Sequence[str] = ()
    seen: int = 0  # rows of the survey
    rows: int = 0
    left_out: int = 0
    parts: Sequence[int] = ()
    upload: str | None = None
    joined: int = 0  # parts
    etags: Sequence[str] = ()
    restarts: int = 0


@dataclass(frozen=True, slots=True)
class Exporter:
    """The kind `export`, with its collaborators."""

    contents: Mapping[str, Callable[[], Content]]  # by what `job.task["kind"]` says
    files: Files
    page_rows: int = PAGE_ROWS
    joined_bytes: int = JOINED_BYTES

    def step(self, job: Job) -> Checkpoint:
        """Do one step of an export.

        Raises:
            NotFoundError: when what is exported was deleted, or a part of the file was.
            PermanentError: when the parts cannot be joined.
        """
        content = self.contents[job.task["kind"]]()
        cursor = _Cursor(**job.cursor) if job.cursor else _first(content)
        phase, survey = Phase(cursor.phase), content.survey()
        if phase is Phase.SURVEY and survey:
            return _behind(self._survey(job, content, survey, cursor))
        if phase is Phase.WRITE:
            return _behind(self._write(job, content, cursor))
        if phase is Phase.JOIN:
            return _behind(self._join(job, cursor))
        return self._tidy(job, cursor)

    def _survey(self, job: Job, content: Content, survey: Survey, cursor: _Cursor) -> _Cursor:
        page = content.read(job, self.page_rows, cursor.after)
        return replace(
            cursor,
            phase=Phase.SURVEY if page.after else Phase.WRITE,
            after=page.after,
            columns=survey(cursor.columns, page.rows),
            seen=cursor.seen + len(page.rows),
        )

    def _write(self, job: Job, content: Content, cursor: _Cursor) -> _Cursor:
        page = content.read(job, self.page_rows, cursor.after)
        head = b"" if cursor.parts else content.header(cursor.columns)
        self.files.put(_part(job, job.revision), head + content.lines(page.rows, cursor.columns))
        return replace(
            cursor,
            phase=Phase.WRITE if page.after else Phase.JOIN,
            after=page.after,
            rows=cursor.rows + len(page.rows),
            left_out=cursor.left_out + page.left_out,
            parts=[*cursor.parts, job.revision],
        )

    def _join(self, job: Job, cursor: _Cursor) -> _Cursor:
        target = file_key(job)
        try:
            if cursor.upload is None:
                return replace(cursor, upload=self.files.begin_upload(target))
            if cursor.joined < len(cursor.parts):
                return self._join_more(job, cursor, cursor.upload)
            self.files.finish_upload(target, cursor.upload, cursor.etags)
        except UploadLostError:
            # It was finished by a run that died before it could say so, or it was given up by the
            # bucket's own rule. The file is known to be whole: no other step writes under its name.
            if self.files.find(target) is None:
                return _restarted(cursor)
        return replace(cursor, phase=Phase.TIDY)

    def _join_more(self, job: Job, cursor: _Cursor, upload: str) -> _Cursor:
        body = bytearray()
        joined = cursor.joined
        while joined < len(cursor.parts) and len(body) < self.joined_bytes:
            body += self.files.get(_part(job, cursor.parts[joined]))
            joined += 1
        etag = self.files.add_part(file_key(job), upload, len(cursor.etags) + 1, bytes(body))
        return replace(cursor, joined=joined, etags=[*cursor.etags, etag])

    def _tidy(self, job: Job, cursor: _Cursor) -> Checkpoint:
        self.files.delete([_part(job, part) for part in cursor.parts])
        result = {"rows": cursor.rows, "left_out": cursor.left_out}
        return Checkpoint({}, _progress(cursor), result, file_key(job))


def folder(job: Job) -> str:
    """Return what the names of all objects of an export begin with."""
    return f"exports/{job.org_id}/{job.job_id}/"


def file_key(job: Job) -> str:
    """Return where the file of an export lies."""
    return f"{folder(job)}{job.task['kind']}.csv"


def _first(content: Content) -> _Cursor:
    return _Cursor(Phase.SURVEY if content.survey() else Phase.WRITE)


def _restarted(cursor: _Cursor) -> _Cursor:
    if cursor.restarts >= MOST_RESTARTS:
        raise PermanentError("The parts of the export could not be joined; start another export.")
    return replace(cursor, upload=None, joined=0, etags=[], restarts=cursor.restarts + 1)


def _behind(cursor: _Cursor) -> Checkpoint:
    return Checkpoint(asdict(cursor), _progress(cursor))


def _progress(cursor: _Cursor) -> dict[str, int]:
    return {"rows_surveyed": cursor.seen, "rows_written": cursor.rows}


def _part(job: Job, revision: int) -> str:
    return f"{folder(job)}parts/{revision}.csv"
