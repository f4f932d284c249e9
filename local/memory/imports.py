"""Import jobs and their files in memory."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import sha256

from local.memory.bucket import Bucket
from mailtide.domain.import_job import ImportJob
from mailtide.errors import NotFoundError
from mailtide.flows.csv_file import FileChangedError
from mailtide.flows.exports import UploadLostError
from mailtide.flows.pointers import ImportPointer


@dataclass(slots=True)
class Imports:
    """Stands in for `store.imports.Imports`."""

    jobs: dict[tuple[str, str], ImportJob] = field(default_factory=dict)
    holders: dict[tuple[str, str], str] = field(default_factory=dict)

    def get(self, org_id: str, import_id: str) -> ImportJob | None:
        """Read one job."""
        return self.jobs.get((org_id, import_id))

    def create(self, job: ImportJob) -> None:
        """Write a job under a fresh id; a repeat of the same write changes nothing."""
        self.jobs.setdefault((job.org_id, job.import_id), job)

    def swap(self, old: ImportJob, new: ImportJob, holder: str) -> bool:
        """Write `new` with `old.revision + 1` if the row still has `old.revision`."""
        key = old.org_id, old.import_id
        written = replace(new, revision=old.revision + 1)
        stored = self.jobs.get(key)
        if stored is None or stored.revision != old.revision:
            return (stored, self.holders.get(key)) == (written, holder)
        self.jobs[key] = written
        self.holders[key] = holder
        return True


@dataclass(slots=True)
class Files(Bucket):
    """Stands in for `store.import_files.ImportFiles`, but for URLs."""

    uploads: dict[str, dict[int, bytes]] = field(default_factory=dict)  # parts by number
    begun: int = 0  # uploads

    def get(self, key: str) -> bytes:
        """Read a whole object."""
        if key not in self.objects:
            raise NotFoundError("A part of the work was removed; start it anew.")
        return self.objects[key]

    def get_many(self, keys: Sequence[str]) -> Iterator[bytes]:
        """Read whole objects, in order."""
        return map(self.get, keys)

    def find(self, key: str) -> tuple[str, int] | None:
        """Return an object's etag and size in bytes; None when it is not there."""
        body = self.objects.get(key)
        return None if body is None else (_etag(body), len(body))

    def read(self, key: str, etag: str, offset: int, size: int) -> bytes:
        """Read up to `size` bytes of an object from `offset` on, less at its end."""
        body = self.objects.get(key)
        if body is None or _etag(body) != etag:
            raise FileChangedError(key)
        return body[offset : offset + size]

    def keys(self, prefix: str) -> Iterator[str]:
        """Name the objects under a prefix."""
        yield from sorted(key for key in self.objects if key.startswith(prefix))

    def delete(self, keys: Sequence[str]) -> None:
        """Remove objects; those that are gone do not matter."""
        for key in keys:
            self.objects.pop(key, None)

    def begin_upload(self, key: str) -> str:
        """Begin an object in parts; return the upload's id."""
        upload = f"upload{self.begun}"
        self.begun += 1
        self.uploads[upload] = {}
        return upload

    def add_part(self, key: str, upload: str, number: int, body: bytes) -> str:
        """Upload the part of a number from 1 on, again if need be; return its etag."""
        if upload not in self.uploads:
            raise UploadLostError(key)
        self.uploads[upload][number] = body
        return _etag(body)

    def finish_upload(self, key: str, upload: str, etags: Sequence[str]) -> None:
        """Make the object of its parts."""
        parts = self.uploads.get(upload)
        wanted = dict(enumerate(etags, start=1))
        if parts is None or wanted != {n: _etag(body) for n, body in parts.items()}:
            raise UploadLostError(key)
        del self.uploads[upload]
        self.objects[key] = b"".join(parts[number] for number in wanted)

    def join(self, target: str, head: bytes, keys: Sequence[str]) -> None:
        """Write `head` and the objects, in order, as one."""
        self.objects[target] = head + b"".join(map(self.get, keys))


@dataclass(slots=True)
class Pointers:
    """The queue `imports`."""

    waiting: list[ImportPointer] = field(default_factory=list)

    def send(self, pointer: ImportPointer) -> None:
        """Enqueue a pointer."""
        self.waiting.append(pointer)


@lru_cache(maxsize=8)
def _etag(body: bytes) -> str:
    """Return what names a content; an import asks again for each block of its file.

    Bytes keep their own hash, so that a large file is gone through once.
    """
    return sha256(body).hexdigest()
