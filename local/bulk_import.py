"""Bulk import: the real import flow on a file of any size, with workers that are really killed.

    python -m local.bulk_import --rows 1000000 --kills 20
    python -m local.bulk_import --rows 50000 --emulator

The stores and the file lie in this process; a worker is a process of its own that reaches them
over a local socket, so that what it needs of memory is the import's alone. Killed ones (SIGKILL, at
random) are replaced. At the end contacts, members, counts and the report are compared with what was
put into the file. With `--emulator` the file goes up to the deployed stack instead.
Units: bytes, seconds; memory is the peak resident size of the largest worker.
"""

import argparse
import csv
import io
import os
import random
import re
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from multiprocessing.managers import BaseManager
from pathlib import Path
from typing import Any

from local.bulk_rows import Source, source
from local.memory.contacts import Contacts, Lists
from local.memory.imports import Files, Imports, Pointers
from mailtide.domain import identifiers
from mailtide.domain.contact_list import ContactList
from mailtide.domain.import_job import Counts, ImportJob, ImportState
from mailtide.errors import RetryableError
from mailtide.flows.imports import Importer
from mailtide.flows.pointers import ImportPointer

KEY = b"k" * 16
POINTER = ImportPointer("acme", "import1")
LIST = "list1"
WATCH_SECONDS = 0.002
ROUND = timedelta(minutes=10)  # of one worker, as the function's time is


@dataclass(slots=True)
class Stores:
    """What workers reach over the socket; counts their calls."""

    jobs: Imports = field(default_factory=Imports)
    files: Files = field(default_factory=Files)
    contacts: Contacts = field(default_factory=Contacts)
    lists: Lists = field(default_factory=Lists)
    pointers: Pointers = field(default_factory=Pointers)
    calls: Counter[str] = field(default_factory=Counter)

    def call(self, store: str, name: str, arguments: tuple[Any, ...]) -> Any:
        """Make one call for a worker."""
        self.calls[f"{store}.{name}"] += 1
        result = getattr(getattr(self, store), name)(*arguments)
        return list(result) if isinstance(result, Iterator) else result


class _Manager(BaseManager):
    """Carries calls between a worker and the stores."""


@dataclass(frozen=True, slots=True)
class _Remote:
    """One store, as a worker sees it."""

    stores: Any
    name: str

    def __getattr__(self, method: str) -> Any:
        return lambda *arguments: self.stores.call(self.name, method, arguments)


def work(address: str) -> None:
    """Be a worker: work on the import until it is over or something is in the way."""
    _Manager.register("stores")
    manager = _Manager(address, authkey=KEY)
    manager.connect()
    stores = manager.stores()  # type: ignore[attr-defined]
    importer = Importer(
        jobs=_Remote(stores, "jobs"),
        files=_Remote(stores, "files"),
        contacts=_Remote(stores, "contacts"),
        lists=_Remote(stores, "lists"),
        pointers=_Remote(stores, "pointers"),
        contact_id=lambda org_id, email: identifiers.contact_id(KEY, org_id, email),
        clock=lambda: datetime.now(UTC),
    )
    try:
        importer.run(POINTER, str(os.getpid()), datetime.now(UTC) + ROUND)
    except RetryableError as error:  # the pointer comes back
        print(error, file=sys.stderr)


@dataclass(slots=True)
class Run:
    """What it took."""

    seconds: float = 0.0
    workers: int = 0
    killed: int = 0
    peak_bytes: int = 0


def lay_out(file: Source) -> Stores:
    """Return the stores with a list, and the file of an import that was started."""
    stores = Stores()
    now = datetime.now(UTC)
    stores.lists.create(ContactList("acme", LIST, "Everybody", now))
    job = ImportJob("acme", "import1", LIST, now)
    stores.files.put(job.source_key, file.body)
    etag, size = stores.files.find(job.source_key) or ("", 0)
    running = replace(job, state=ImportState.RUNNING, etag=etag, bytes_total=size)
    stores.jobs.create(running)
    return stores


def run(stores: Stores, kills: int, dice: random.Random, within: int = 60) -> Run:
    """Let workers import until it is done; `kills` of them are killed at random.

    Each of these within so many calls of its own: by then it may be anywhere.
    """
    _Manager.register("stores", callable=lambda: stores)
    server = _Manager(None, authkey=KEY).get_server()
    threading.Thread(target=server.serve_forever, daemon=True).start()
    found = Run()
    began = time.monotonic()
    while job_of(stores).state is ImportState.RUNNING:
        worker = subprocess.Popen(
            [sys.executable, "-m", "local.bulk_import", "--worker", str(server.address)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},  # whatever led here
        )
        found.workers += 1
        calls = dice.randint(1, within) if found.killed < kills else None
        found.killed += _watched(stores, worker, calls, found)
        if worker.wait() not in (0, -9):
            raise RuntimeError("a worker failed by itself")
    found.seconds = time.monotonic() - began
    return found


def _watched(
    stores: Stores, worker: subprocess.Popen[bytes], calls: int | None, found: Run
) -> bool:
    """Note what a worker needs until it ends, or kill it after some calls; True if it was killed.

    Not by `getrusage`, which counts what its parent had when it was started.
    """
    before = sum(stores.calls.values())
    while worker.poll() is None:
        found.peak_bytes = max(found.peak_bytes, _peak(worker.pid))
        if calls is not None and sum(stores.calls.values()) >= before + calls:
            worker.kill()
            return True
        time.sleep(WATCH_SECONDS)
    return False


def _peak(pid: int) -> int:
    """Return the greatest resident size of a process until now (Linux)."""
    status = Path(f"/proc/{pid}/status")
    found = re.search(r"VmHWM:\s+(\d+) kB", status.read_text() if status.exists() else "")
    return int(found[1]) * 1024 if found else 0


def job_of(stores: Stores) -> ImportJob:
    """Return the import as it stands."""
    return stores.jobs.jobs["acme", "import1"]


def problems(stores: Stores, file: Source) -> list[str]:
    """Compare what came out with what was put in; return what is wrong."""
    job = job_of(stores)
    body = stores.files.objects.get(job.report_key, b"").decode()
    refused = [int(row["line"]) for row in csv.DictReader(io.StringIO(body))]
    merged = file.rows - file.addresses - len(file.refused)
    found = {
        "state": (job.state, ImportState.DONE),
        "counts": (job.counts, Counts(file.addresses, merged, len(file.refused))),
        "contacts": (len(stores.contacts.rows), file.addresses),
        "members": (len(stores.lists.rows[LIST]), file.addresses),
        "the report's lines": (refused, list(file.refused)),
        "files left": (sorted(stores.files.objects), [job.report_key] if refused else []),
    }
    return [f"{what}: {is_} is not {ought}" for what, (is_, ought) in found.items() if is_ != ought]


def main() -> None:
    """Import, print what it took, and end with status 1 when something is wrong."""
    parser = argparse.ArgumentParser(prog="python -m local.bulk_import")
    parser.add_argument("--rows", type=int, default=1_000_000)
    parser.add_argument("--kills", type=int, default=0)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--emulator", action="store_true", help="into the deployed stack")
    parser.add_argument("--worker", help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.worker:
        work(options.worker)
        return
    file = source(options.rows)
    print(f"{file.rows:,} rows, {len(file.body) / 1e6:.1f} MB")
    wrong = (_in_emulator if options.emulator else _by_hand)(file, options)
    print("\n".join(wrong) or "everything is as it has to be")
    sys.exit(bool(wrong))


def _in_emulator(file: Source, _: argparse.Namespace) -> list[str]:
    from local import bulk_laptop  # a worker's memory is measured, and needs none of it

    return bulk_laptop.imported(file)


def _by_hand(file: Source, options: argparse.Namespace) -> list[str]:
    stores = lay_out(file)
    took = run(stores, options.kills, random.Random(options.seed))  # noqa: S311 - a repeatable run
    calls = sum(stores.calls.values())
    print(
        f"{took.seconds:.0f} s, {file.rows / took.seconds:,.0f} rows/s, "
        f"{took.workers} workers of which {took.killed} were killed\n"
        f"peak memory of a worker {took.peak_bytes / 1e6:.0f} MB, "
        f"{calls:,} calls of stores ({calls / file.rows:.4f} a row)"
    )
    return problems(stores, file)


if __name__ == "__main__":
    main()
