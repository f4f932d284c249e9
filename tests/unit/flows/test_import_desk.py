"""The import desk where a file is too large, or where another call starts the same import."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.contacts import Lists
from local.memory.imports import Files, Imports, Pointers
from mailtide.domain.import_job import ImportJob, ImportState
from mailtide.errors import InvalidInputError, RetryableError
from mailtide.flows.import_desk import ImportDesk

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
JOB = ImportJob("acme", "i1", "l1", NOW)


@dataclass
class Uploads(Files):
    """Files with addresses, all of one size."""

    size: int = 6

    def upload_url(self, key: str, lifetime: timedelta) -> str:
        return f"https://bucket.test/{key}"

    def download_url(self, key: str, lifetime: timedelta) -> str:
        return f"https://bucket.test/{key}"

    def find(self, key: str) -> tuple[str, int] | None:
        return "etag", self.size


class Taken(Imports):
    """Jobs that another call swaps first."""

    def swap(self, *_: object) -> bool:
        return False


def desk(size: int, jobs: Imports | None = None) -> ImportDesk:
    """Return a desk with one import whose file has a size."""
    known = Imports() if jobs is None else jobs
    known.create(JOB)
    return ImportDesk(known, Uploads(size=size), Lists(), Pointers(), lambda: "n", lambda: NOW)


def waiting(of: ImportDesk) -> int:
    assert isinstance(of.pointers, Pointers)
    return len(of.pointers.waiting)


def test_a_start_that_loses_against_another_is_tried_again_later() -> None:
    imports = desk(6, Taken())
    with pytest.raises(RetryableError):
        imports.start("acme", "i1")
    assert waiting(imports) == 0


@pytest.mark.parametrize("size", [1, 300_000_000])
def test_a_file_up_to_the_limit_is_imported(size: int) -> None:
    imports = desk(size)
    assert imports.start("acme", "i1").state is ImportState.RUNNING
    assert waiting(imports) == 1


@pytest.mark.parametrize("size", [0, 300_000_001])
def test_a_file_beyond_the_limits_is_refused_with_the_limit_named(size: int) -> None:
    imports = desk(size)
    with pytest.raises(InvalidInputError, match=r"at most 300000000 \(300 MB\)") as caught:
        imports.start("acme", "i1")
    assert caught.value.code == "import_file_invalid"
    assert (imports.get("acme", "i1"), waiting(imports)) == (JOB, 0)
