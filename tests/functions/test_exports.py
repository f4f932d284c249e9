"""Exports through the API, the queue and the worker; what comes out goes in again."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from functions.imports.handler import lambda_handler as work_on_imports
from functions.jobs.handler import lambda_handler as work_on_jobs
from functions.release.handler import lambda_handler as look
from mailtide import app
from mailtide.domain.organisation import Scope
from tests.aws import BUCKET
from tests.events import Context, failed_ids, sqs_event
from tests.functions.tenants import Api, Tenant

PEOPLE: list[dict[str, Any]] = [
    {"email": "ann@example.com", "attributes": {"name": "=Ann", "tags": ["a", 1]}},
    {
        "email": "Bob@gmail.com",
        "attributes": {"name": "B", "Email": "x"},
        "timezone": "Asia/Tokyo",
    },
    {"email": "cid@example.com"},
]


@pytest.fixture
def people(world: Api) -> Tenant:
    for one in PEOPLE:
        world.acme.make("/api/contacts", one)
    world.other.make("/api/contacts", {"email": "stranger@example.com"})
    return world.acme


def work(world: Api, remaining_ms: int = 60_000) -> None:
    while bodies := world.pointers("jobs"):
        answer = work_on_jobs(sqs_event(*bodies), Context(remaining_ms=remaining_ms))
        assert failed_ids(answer) == []


def start(owner: Tenant, body: dict[str, Any]) -> str:
    answer = owner.clients[Scope.SEND].call("POST", "/api/exports", body)
    assert answer.status == 202, answer.text
    assert answer.json["task"] == body
    return str(answer.json["job_id"])


def download(world: Api, job_id: str) -> bytes:
    job = world.acme.call("GET", f"/api/jobs/{job_id}").json
    assert job["state"] == "done", job
    key = urlsplit(job["download_url"]).path[1:]
    assert key.startswith(f"exports/{world.acme.org_id}/{job_id}/")
    return bytes(world.stack.objects(key)[key])


def contacts(owner: Tenant) -> list[Any]:
    shown = owner.call("GET", "/api/contacts").json["data"]
    return sorted((one["email"], one["attributes"], one["timezone"]) for one in shown)


def import_into(world: Api, owner: Tenant, body: bytes) -> None:
    list_id = owner.make("/api/lists", {"name": "Back"}, "list_id")
    opened = owner.make(f"/api/lists/{list_id}/imports")
    key = urlsplit(opened["upload"]["url"]).path[1:]
    world.stack.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    owner.call("POST", f"/api/imports/{opened['import_id']}/start")
    work_on_imports(sqs_event(*world.stack.bodies("imports")), Context())
    done = owner.call("GET", f"/api/imports/{opened['import_id']}").json
    assert (done["state"], done["imported"], done["refused"]) == ("done", len(PEOPLE), 0)


@pytest.mark.parametrize("remaining_ms", [60_000, 0])
def test_an_export_that_is_imported_elsewhere_gives_the_same_contacts(
    world: Api, people: Tenant, remaining_ms: int
) -> None:
    job_id = start(people, {"kind": "contacts"})
    work(world, remaining_ms)
    file = download(world, job_id)
    mine, strangers = contacts(people), contacts(world.other)
    import_into(world, world.other, file)
    assert contacts(world.other) == sorted([*mine, *strangers])
    import_into(world, people, file)
    assert contacts(people) == mine


def test_an_export_of_a_list_has_its_members_alone(world: Api, people: Tenant) -> None:
    list_id = people.make("/api/lists", {"name": "News"}, "list_id")
    contact_id = people.make("/api/contacts", PEOPLE[0], "contact_id")
    people.call("PUT", f"/api/lists/{list_id}/members/{contact_id}")
    job_id = start(people, {"kind": "list", "list_id": list_id})
    work(world)
    assert [line.split(b",")[0] for line in download(world, job_id).splitlines()] == [
        b"email",
        b"ann@example.com",
    ]


def test_nothing_but_the_file_is_left_of_the_work(world: Api, people: Tenant) -> None:
    job_id = start(people, {"kind": "contacts"})
    work(world)
    prefix = f"exports/{people.org_id}/"
    assert list(world.stack.objects(prefix)) == [f"{prefix}{job_id}/contacts.csv"]


def test_a_job_whose_pointer_was_lost_is_found_by_the_minutes_look(
    world: Api, people: Tenant, monkeypatch: pytest.MonkeyPatch
) -> None:
    job_id = start(people, {"kind": "contacts"})
    world.pointers("jobs")
    at = app.now()
    monkeypatch.setattr(app, "now", lambda: at.replace(year=at.year + 1))
    assert look({}, Context())["jobs"] >= 1
    work(world)
    assert download(world, job_id)


def test_a_file_that_has_expired_has_no_address(world: Api, people: Tenant) -> None:
    job_id = start(people, {"kind": "contacts"})
    work(world)
    key = f"exports/{people.org_id}/{job_id}/contacts.csv"
    world.stack.s3.delete_object(Bucket=BUCKET, Key=key)
    job = people.call("GET", f"/api/jobs/{job_id}").json
    assert (job["state"], job["download_url"]) == ("done", None)


def test_the_newest_job_is_listed_first(world: Api, people: Tenant) -> None:
    ids = [start(people, {"kind": "contacts"}) for _ in range(3)]
    page = people.call("GET", "/api/jobs", query={"limit": "2"}).json
    rest = people.call("GET", "/api/jobs", query={"limit": "2", "after": page["next"]}).json
    listed = [job["job_id"] for job in page["data"] + rest["data"]]
    assert sorted(listed) == listed
    assert set(listed) == set(ids)


def test_another_organisations_list_cannot_be_exported(world: Api) -> None:
    list_id = world.other.make("/api/lists", {"name": "Theirs"}, "list_id")
    answer = world.acme.call("POST", "/api/exports", {"kind": "list", "list_id": list_id})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.json["errors"][0]["at"] == "body.list_id"


@pytest.mark.parametrize(
    "body", [{}, {"kind": "everything"}, {"kind": "list"}, {"kind": "list", "list_id": "x" * 65}]
)
def test_what_cannot_be_exported_is_refused(acme: Tenant, body: dict[str, Any]) -> None:
    assert acme.call("POST", "/api/exports", body).code == "invalid_request"
