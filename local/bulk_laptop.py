"""Bulk import into the emulator: one file through the real stack, from upload to report."""

import csv
import io
import time
import urllib.request
from typing import Any

from cli.api import Api
from local import laptop
from local.bulk_rows import Source

PAUSE_SECONDS = 1.0


def imported(file: Source) -> list[str]:
    """Import a file into a stack that is put up for it; print the time, return what is wrong."""
    with laptop.running(laptop.Options(), print) as world:
        api = world.api
        list_id = api.post("/api/lists", {"name": "Everybody"})["list_id"]
        began = time.monotonic()
        job = _import(api, list_id, file.body)
        seconds = time.monotonic() - began
        print(f"{seconds:.0f} s, {file.rows / seconds:,.0f} rows/s")
        report = _fetch(job["report_url"])
        lines = [int(row["line"]) for row in csv.DictReader(io.StringIO(report))]
        found = {
            "state": (job["state"], "done"),
            "imported": (job["imported"], file.addresses),
            "rows read": (job["rows_read"], file.rows),
            "the report's lines": (lines, list(file.refused)),
        }
    return [f"{what}: {is_} is not {ought}" for what, (is_, ought) in found.items() if is_ != ought]


def _import(api: Api, list_id: str, body: bytes) -> dict[str, Any]:
    begun = api.post(f"/api/lists/{list_id}/imports")
    upload = urllib.request.Request(begun["upload"]["url"], data=body, method="PUT")  # noqa: S310
    urllib.request.urlopen(upload).close()  # noqa: S310 - the emulator's own address
    job: dict[str, Any] = api.post(f"/api/imports/{begun['import_id']}/start")
    while job["state"] == "running":
        time.sleep(PAUSE_SECONDS)
        job = api.get(f"/api/imports/{begun['import_id']}")
    return job


def _fetch(url: str | None) -> str:
    if url is None:
        return ""
    with urllib.request.urlopen(url) as answer:  # noqa: S310 - the emulator's own address
        return str(answer.read().decode())
