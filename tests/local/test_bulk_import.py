"""The bulk import in small: workers are really killed, and nothing is lost, doubled or left."""

from random import Random

from local.bulk_import import lay_out, problems, run
from local.bulk_rows import Source, source

BOUND = 100_000_000  # bytes; what a worker may need for any file (docs/domain/imports.md)


def test_killed_workers_leave_nothing_wrong_behind() -> None:
    file = source(6000)
    stores = lay_out(file)
    took = run(stores, 3, Random(7), within=8)  # noqa: S311 - a repeatable run
    assert problems(stores, file) == []
    assert took.killed == 3
    assert took.workers > took.killed
    assert took.peak_bytes < BOUND


def test_a_file_that_went_wrong_is_noticed() -> None:
    file = source(3000)
    stores = lay_out(Source(file.body.replace(b"no address 996", b"an@address.com"), 3000, 0, ()))
    run(stores, 0, Random(7))  # noqa: S311
    wrong = problems(stores, file)
    assert [line.partition(":")[0] for line in wrong] == [
        "counts",
        "contacts",
        "members",
        "the report's lines",
    ]
