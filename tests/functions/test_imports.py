"""An import from the upload to the report: API, queue and worker on moto."""

import csv
from dataclasses import replace
from typing import Any

import pytest

from functions.imports.handler import lambda_handler
from mailtide import app
from tests.aws import BUCKET
from tests.events import Context, sqs_event
from tests.functions.tenants import Api

FILE = b"""email,name
ann@example.com,Ann
not an address,Nobody
ANN@example.com,Anna
bob@gmail.com,Bob
"""


@pytest.fixture
def job(world: Api) -> dict[str, Any]:
    list_id = world.acme.make("/api/lists", {"name": "News"}, "list_id")
    opened: dict[str, Any] = world.acme.make(f"/api/lists/{list_id}/imports")
    return opened


def upload(world: Api, job: dict[str, Any], body: bytes) -> None:
    key = f"imports/{world.acme.org_id}/{job['import_id']}/source.csv"
    assert f"/{key}?" in job["upload"]["url"]
    world.stack.s3.put_object(Bucket=BUCKET, Key=key, Body=body)


def start(world: Api, job: dict[str, Any]) -> Any:
    return world.acme.call("POST", f"/api/imports/{job['import_id']}/start")


def work(world: Api, remaining_ms: int = 60_000) -> list[Any]:
    """Hand what lies in the queue to the worker; return the messages that failed."""
    event = sqs_event(*world.pointers("imports"))
    answer = lambda_handler(event, Context(remaining_ms=remaining_ms))
    failures: list[Any] = answer["batchItemFailures"]
    return failures


def state(world: Api, job: dict[str, Any]) -> dict[str, Any]:
    shown: dict[str, Any] = world.acme.call("GET", f"/api/imports/{job['import_id']}").json
    return shown


def test_the_upload_is_one_signed_put(job: dict[str, Any]) -> None:
    assert job["upload"]["method"] == "PUT"
    assert "X-Amz-Algorithm=AWS4-HMAC-SHA256" in job["upload"]["url"]
    assert job["upload"]["expires_at"] > "2026"


def test_an_uploaded_file_becomes_members_and_a_report(world: Api, job: dict[str, Any]) -> None:
    upload(world, job, FILE)
    assert state(world, job)["state"] == "waiting"
    started = start(world, job)
    assert (started.status, started.json["state"]) == (202, "running")
    assert work(world) == []
    done = state(world, job)
    report_url = done.pop("report_url")
    assert (
        done.items()
        >= {
            "state": "done",
            "rows_read": 4,
            "imported": 2,
            "merged": 1,
            "refused": 1,
            "bytes_done": len(FILE),
            "bytes_total": len(FILE),
            "failure": None,
        }.items()
    )
    key = f"imports/{world.acme.org_id}/{job['import_id']}/refused.csv"
    assert key in report_url
    report = list(csv.reader(world.stack.objects(key)[key].decode().splitlines()))
    assert report[0] == ["line", "reason", "row"]
    assert (report[1][0], report[1][2]) == ("3", "not an address,Nobody")
    members = world.acme.call("GET", f"/api/lists/{job['list_id']}/members").json["data"]
    assert {(one["email"], one["attributes"]["name"]) for one in members} == {
        ("ANN@example.com", "Anna"),
        ("bob@gmail.com", "Bob"),
    }


def test_a_start_before_the_upload_is_refused(world: Api, job: dict[str, Any]) -> None:
    answer = start(world, job)
    assert (answer.status, answer.code) == (409, "upload_missing")
    assert world.pointers("imports") == []


def test_an_empty_file_is_refused_at_the_start(world: Api, job: dict[str, Any]) -> None:
    upload(world, job, b"")
    answer = start(world, job)
    assert (answer.status, answer.code) == (400, "import_file_invalid")
    assert state(world, job)["state"] == "waiting"


@pytest.mark.parametrize("body", [FILE.replace(b"email", b"mail"), FILE.decode().encode("utf-16")])
def test_an_unusable_file_fails_with_the_reason(
    world: Api, job: dict[str, Any], body: bytes
) -> None:
    upload(world, job, body)
    start(world, job)
    assert work(world) == []
    shown = state(world, job)
    assert shown["state"] == "failed"
    assert shown["failure"].startswith("The file cannot be imported: ")
    assert shown["failure_code"] == "import_file_invalid"
    assert world.acme.call("GET", "/api/contacts").json["data"] == []


def test_a_second_start_asks_for_the_work_again(world: Api, job: dict[str, Any]) -> None:
    upload(world, job, FILE)
    start(world, job)
    world.pointers("imports")  # the pointer was lost
    assert start(world, job).status == 202
    assert work(world) == []
    assert state(world, job)["state"] == "done"


def test_what_is_done_does_not_start_again(world: Api, job: dict[str, Any]) -> None:
    upload(world, job, FILE)
    start(world, job)
    work(world)
    answer = start(world, job)
    assert (answer.status, answer.code) == (409, "conflict_state")


def test_when_time_runs_short_a_fresh_pointer_goes_on(
    world: Api, job: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    upload(world, job, FILE)
    start(world, job)
    importer = app.imports()
    small = replace(importer, chunk_rows=1, block_bytes=7)
    monkeypatch.setattr(app, "imports", lambda: small)
    assert work(world, remaining_ms=0) == []
    assert state(world, job)["bytes_done"] < len(FILE)
    assert state(world, job)["state"] == "running"
    for _ in range(4):
        assert work(world, remaining_ms=0) == []
    shown = state(world, job)
    assert (shown["state"], shown["rows_read"], shown["imported"]) == ("done", 4, 2)


def test_only_the_failing_pointer_returns_to_the_queue(world: Api, job: dict[str, Any]) -> None:
    upload(world, job, FILE)
    start(world, job)
    bodies = world.pointers("imports")
    answer = lambda_handler(sqs_event("not a pointer", *bodies), Context())
    assert answer["batchItemFailures"] == [{"itemIdentifier": "message-0"}]
    assert state(world, job)["state"] == "done"
