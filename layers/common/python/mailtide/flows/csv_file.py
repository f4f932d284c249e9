"""CSV file: a file that somebody uploaded, read by range as the one that it was at the start."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Protocol

from mailtide.domain import csv_records
from mailtide.domain.csv_records import Place, Record
from mailtide.domain.csv_rows import HEAD_BYTES, Layout, read_layout

BLOCK_BYTES = 256 * 1024  # of the file, read at once
CHUNK_ROWS = 2000
CHUNK_BYTES = 2_000_000


class FileChangedError(Exception):
    """The file is not the one that the work began with."""


class Files(Protocol):
    """The bucket."""

    def read(self, key: str, etag: str, offset: int, size: int) -> bytes:
        """Read up to `size` bytes of an object from `offset` on, less at its end.

        Raises:
            FileChangedError: when the object is gone or is not the one with this etag.
        """
        ...


@dataclass(frozen=True, slots=True)
class CsvFile:
    """One object, known by its etag."""

    key: str
    etag: str
    size: int  # bytes

    def layout(self, files: Files) -> Layout:
        """Find out how to read the file.

        Raises:
            InvalidInputError: `import_file_invalid`.
            FileChangedError: when the file is another, or gone.
        """
        return read_layout(files.read(self.key, self.etag, 0, HEAD_BYTES))

    def records(
        self, files: Files, start: Place, layout: Layout, block_bytes: int = BLOCK_BYTES
    ) -> Iterator[Record]:
        """Yield the records from a place on; read on only when the next one needs it.

        Raises:
            FileChangedError: when the file is another, or gone.
        """
        blocks = self._blocks(files, start.offset, block_bytes)
        return csv_records.records(blocks, start, layout.delimiter)

    def _blocks(self, files: Files, offset: int, size: int) -> Iterator[bytes]:
        while offset < self.size:
            block = files.read(self.key, self.etag, offset, size)
            yield block
            offset += len(block)


def chunk(records: Iterable[Record], start: Place, rows: int = CHUNK_ROWS) -> Iterator[Record]:
    """Yield the records from a place on up to a number or a size; more are left as they are."""
    for number, record in enumerate(records, start=1):
        yield record
        if number >= rows or record.after.offset - start.offset >= CHUNK_BYTES:
            return
