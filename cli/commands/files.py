"""Files: contacts in from a CSV, and what the product holds out into one, with progress."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Annotated, Any

import httpx
import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeRemainingColumn

from cli.api import TIMEOUT_SECONDS, Api, put_file
from cli.output import show
from cli.session import AsJson, calling

LOOK_EVERY_SECONDS = 1.0
ENDED = frozenset({"done", "failed"})

File = Annotated[
    Path, typer.Argument(exists=True, dir_okay=False, readable=True, help="a CSV with a header")
]
ListId = Annotated[str, typer.Option("--list", help="id of the list that the contacts join")]
Refused = Annotated[Path | None, typer.Option(help="where the report of refused rows goes")]
Kind = Annotated[str, typer.Argument(help="contacts, list, segment or suppressions")]
OfList = Annotated[str | None, typer.Option("--list", help="id of the list to export")]
OfSegment = Annotated[str | None, typer.Option("--segment", help="id of the segment to export")]
Output = Annotated[Path, typer.Option("--output", "-o", dir_okay=False, help="the file to write")]


def import_contacts(
    file: File, list_id: ListId, refused: Refused = None, as_json: AsJson = False
) -> None:
    """Import a CSV of contacts into a list and wait for the end."""
    with calling() as api, _bar(quiet=as_json) as bar:
        begun = api.post(f"/api/lists/{list_id}/imports")
        _upload(begun["upload"], file, bar)
        job = f"/api/imports/{begun['import_id']}"
        api.post(f"{job}/start")
        task = bar.add_task("importing", total=file.stat().st_size)
        ended = wait(
            lambda: api.get(job), lambda one: bar.update(task, completed=one["bytes_done"])
        )
    if refused is not None and ended["report_url"]:
        download(ended["report_url"], refused)
    shown = ("import_id", "state", "rows_read", "imported", "merged", "refused", "failure")
    show(ended if as_json else {name: ended[name] for name in shown}, as_json=as_json)
    _check(ended)


def export(
    kind: Kind,
    output: Output,
    list_id: OfList = None,
    segment_id: OfSegment = None,
    as_json: AsJson = False,
) -> None:
    """Export contacts, a list, a segment or the suppression list into a CSV."""
    asked = {"kind": kind, "list_id": list_id, "segment_id": segment_id}
    with calling() as api, _bar(quiet=as_json) as bar:
        job = api.post("/api/exports", {k: v for k, v in asked.items() if v is not None})
        bar.add_task("exporting", total=None)
        ended = wait_for_job(api, job["job_id"])
        if ended["state"] == "done":
            download(ended["download_url"], output)
    show(ended if as_json else {"state": ended["state"], "file": str(output)}, as_json=as_json)
    _check(ended)


def wait_for_job(api: Api, job_id: str) -> Mapping[str, Any]:
    """Return a job once it has ended."""
    return wait(lambda: api.get(f"/api/jobs/{job_id}"))


def wait(
    look: Callable[[], Mapping[str, Any]],
    seen: Callable[[Mapping[str, Any]], object] = id,
    sleep: Callable[[float], None] = time.sleep,
) -> Mapping[str, Any]:
    """Look every second until the job has ended; return it as it ended."""
    while True:
        job = look()
        seen(job)
        if job["state"] in ENDED:
            return job
        sleep(LOOK_EVERY_SECONDS)


def download(url: str, file: Path) -> None:
    """Write what lies at a presigned address into a file, piece by piece."""
    with httpx.stream("GET", url, timeout=TIMEOUT_SECONDS) as answer, file.open("wb") as out:
        answer.raise_for_status()
        for piece in answer.iter_bytes():
            out.write(piece)


def _upload(upload: dict[str, Any], file: Path, bar: Progress) -> None:
    task = bar.add_task("uploading", total=file.stat().st_size)
    put_file(upload, file, lambda sent: bar.update(task, advance=sent))


def _bar(*, quiet: bool) -> Progress:
    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        DownloadColumn(),
        TimeRemainingColumn(),
        disable=quiet,
    )


def _check(job: Mapping[str, Any]) -> None:
    """End the command with status 1 when the job failed.

    Raises:
        typer.Exit: then.
    """
    if job["state"] == "failed":
        typer.echo(f"failed: {job['failure']}", err=True)
        raise typer.Exit(1)
