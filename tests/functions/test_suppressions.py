"""Suppressions through the API: by hand, by address and reason, back with an audit."""

from typing import Any
from urllib.parse import urlsplit

import pytest

from functions.jobs.handler import lambda_handler as work_on_jobs
from mailtide.domain.organisation import Scope
from tests.aws import BUCKET
from tests.events import Context, failed_ids, sqs_event
from tests.functions.tenants import Api, Tenant


def suppress(owner: Tenant, email: str, **more: Any) -> dict[str, Any]:
    made: dict[str, Any] = owner.make("/api/suppressions", {"email": email, **more})
    return made


def listed(owner: Tenant, **query: str) -> list[str]:
    data = owner.call("GET", "/api/suppressions", query=query).json["data"]
    return sorted(one["email"] for one in data)


def test_a_suppression_shows_its_scope(acme: Tenant) -> None:
    suppress(acme, "ann@example.com", note="asked")
    both = suppress(acme, "ann@example.com", scope="all", reason="manual")
    shown = [(one["reason"], one["scope"]) for one in both["reasons"]]
    assert sorted(shown) == [("manual", "all"), ("manual", "marketing")]
    unsubscribed = suppress(acme, "bob@example.com", reason="unsubscribe")
    assert [one["scope"] for one in unsubscribed["reasons"]] == ["marketing"]


def test_a_scope_that_the_reason_has_not_is_refused(acme: Tenant) -> None:
    body = {"email": "ann@example.com", "reason": "unsubscribe", "scope": "all"}
    answer = acme.call("POST", "/api/suppressions", body)
    assert (answer.status, answer.code) == (400, "suppression_scope")
    assert listed(acme) == []


@pytest.mark.parametrize("reason", ["manual_all", "bored", ""])
def test_a_reason_that_there_is_not_is_refused(acme: Tenant, reason: str) -> None:
    answer = acme.call("POST", "/api/suppressions", {"email": "a@b.com", "reason": reason})
    assert (answer.status, answer.code) == (400, "invalid_request")
    answer = acme.call("GET", "/api/suppressions", query={"reason": reason})
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_suppressions_are_found_by_address_and_by_reason(world: Api) -> None:
    suppress(world.acme, "ann@example.com")
    suppress(world.acme, "bob@example.com", reason="complaint")
    suppress(world.other, "cid@example.com")
    assert listed(world.acme, email="ANN@example.com") == ["ann@example.com"]
    assert listed(world.acme, email="cid@example.com") == []
    assert listed(world.acme, reason="complaint") == ["bob@example.com"]
    assert listed(world.acme, reason="hard_bounce") == []
    answer = world.acme.call("GET", "/api/suppressions", query={"email": "nobody"})
    assert (answer.status, answer.code) == (400, "invalid_address")


def test_a_filtered_listing_is_paged(acme: Tenant) -> None:
    for number in range(5):
        suppress(acme, f"{number}@example.com", reason="complaint" if number % 2 else "manual")
    found, after = [], None
    while True:
        query = {"reason": "manual", "limit": "1"} | ({"after": after} if after else {})
        page = acme.call("GET", "/api/suppressions", query=query).json
        found += [one["email"] for one in page["data"]]
        after = page["next"]
        if not page["has_more"]:
            break
    assert sorted(found) == ["0@example.com", "2@example.com", "4@example.com"]


def test_a_lifting_stands_in_the_audit_with_who_and_why(world: Api) -> None:
    made = suppress(world.acme, "ann@example.com", scope="all", note="asked")
    path = f"/api/suppressions/{made['contact_id']}"
    assert world.other.call("DELETE", path).status == 404
    answer = world.acme.call("DELETE", path, query={"note": "asked again"})
    assert answer.status == 204
    (entry,) = world.acme.call("GET", "/api/suppressions/audit").json["data"]
    since = made["reasons"][0]["at"]
    assert entry["reasons"] == [{"reason": "manual", "scope": "all", "since": since}]
    assert (entry["note"], entry["contact_id"]) == ("asked again", made["contact_id"])
    assert entry["key_id"] == f"{world.acme.org_id}{Scope.ADMIN}"
    assert "example.com" not in str(entry)
    assert world.other.call("GET", "/api/suppressions/audit").json["data"] == []
    assert world.acme.call("GET", path).status == 404
    assert listed(world.acme) == []
    assert suppress(world.acme, "ann@example.com")["reasons"][0]["scope"] == "marketing"


FILE = b"email,reason,scope\nann@example.com,,all\nbob@example.com,complaint,\nnobody,,\n"


def import_into(world: Api, owner: Tenant, body: bytes) -> dict[str, Any]:
    opened = owner.make("/api/suppressions/imports")
    key = urlsplit(opened["upload"]["url"]).path[1:]
    assert key == f"imports/{owner.org_id}/{opened['job_id']}/source.csv"
    world.stack.s3.put_object(Bucket=BUCKET, Key=key, Body=body)
    answer = owner.call("POST", f"/api/suppressions/imports/{opened['job_id']}/start")
    assert answer.status == 202, answer.text
    return work(world, owner, opened["job_id"])


def work(world: Api, owner: Tenant, job_id: str) -> dict[str, Any]:
    while bodies := world.stack.bodies("jobs"):
        assert failed_ids(work_on_jobs(sqs_event(*bodies), Context())) == []
    shown: dict[str, Any] = owner.call("GET", f"/api/jobs/{job_id}").json
    assert shown["state"] == "done", shown
    return shown


def reasons(owner: Tenant) -> dict[str, list[tuple[str, str]]]:
    data = owner.call("GET", "/api/suppressions").json["data"]
    return {
        one["email"]: [(shown["reason"], shown["scope"]) for shown in one["reasons"]]
        for one in data
    }


def test_a_file_of_suppressions_goes_in_and_out_again(world: Api) -> None:
    job = import_into(world, world.acme, FILE)
    assert job["result"] == {"rows_read": 3, "suppressed": 2, "refused": 1}
    report = world.stack.objects(urlsplit(job["download_url"]).path[1:])
    assert [body.splitlines()[1].split(b",")[0] for body in report.values()] == [b"4"]
    expected = {"ann@example.com": [("manual", "all")], "bob@example.com": [("complaint", "all")]}
    assert reasons(world.acme) == expected
    assert reasons(world.other) == {}

    export = world.acme.call("POST", "/api/exports", {"kind": "suppressions"}).json["job_id"]
    done = work(world, world.acme, export)
    assert done["result"] == {"rows": 2, "left_out": 0}
    key = urlsplit(done["download_url"]).path[1:]
    import_into(world, world.other, world.stack.objects(key)[key])
    assert reasons(world.other) == expected


def test_an_erased_person_is_left_out_of_the_export(world: Api) -> None:
    contact_id = world.acme.make("/api/contacts", {"email": "ann@example.com"}, "contact_id")
    suppress(world.acme, "ann@example.com")
    world.acme.call("DELETE", f"/api/contacts/{contact_id}")
    export = world.acme.call("POST", "/api/exports", {"kind": "suppressions"}).json["job_id"]
    assert work(world, world.acme, export)["result"] == {"rows": 0, "left_out": 1}


def test_an_import_of_another_organisation_cannot_be_started(world: Api) -> None:
    opened = world.acme.make("/api/suppressions/imports")
    path = f"/api/suppressions/imports/{opened['job_id']}/start"
    assert world.other.call("POST", path).status == 404
    answer = world.acme.call("POST", path)
    assert (answer.status, answer.code) == (409, "upload_missing")
