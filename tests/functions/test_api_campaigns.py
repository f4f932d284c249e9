"""Campaigns over the API: drafts, starts, moves, and what a start would do."""

from datetime import datetime, timedelta
from typing import Any

import pytest

from mailtide import app
from mailtide.domain.audience import kept_id
from mailtide.domain.content import started
from mailtide.flows.pointers import Shard, read_shard
from tests.functions.tenants import TRANSPORT, Api, Tenant, campaign, furnish
from tests.http import Answer


@pytest.fixture
def ids(acme: Tenant) -> dict[str, str]:
    return furnish(acme)


def move(acme: Tenant, ids: dict[str, str], verb: str, **more: Any) -> Answer:
    return acme.call("POST", f"/api/campaigns/{ids['campaign_id']}/{verb}", **more)


def test_a_draft_is_shown_as_it_was_planned(acme: Tenant, ids: dict[str, str]) -> None:
    shown = acme.call("GET", f"/api/campaigns/{ids['campaign_id']}").json
    assert shown.items() >= campaign(ids).items()
    assert (shown["state"], shown["launched"], shown["recipients"]) == ("draft", False, 0)
    assert acme.call("GET", "/api/campaigns").json["data"] == [shown]


def test_a_draft_changes_what_is_given(acme: Tenant, ids: dict[str, str]) -> None:
    path = f"/api/campaigns/{ids['campaign_id']}"
    other = acme.make("/api/lists", {"name": "Other"}, "list_id")
    changed = acme.call("PATCH", path, {"list_ids": [other, ids["list_id"], other]}).json
    assert changed["list_ids"] == [other, ids["list_id"]]
    assert changed["name"] == "November"


def test_a_draft_says_what_becomes_of_its_doubts(acme: Tenant, ids: dict[str, str]) -> None:
    path = f"/api/campaigns/{ids['campaign_id']}"
    shown = acme.call("GET", path).json
    assert (shown["on_doubt"], shown["doubt_expires_hours"]) == ("report", 144)
    plan = {"on_doubt": "retry", "doubt_expires_hours": 15}
    assert acme.call("PATCH", path, plan).json.items() >= plan.items()
    made = acme.call("POST", "/api/campaigns", {**campaign(ids), **plan}).json
    assert acme.call("GET", f"/api/campaigns/{made['campaign_id']}").json.items() >= plan.items()


@pytest.mark.parametrize(
    ("change", "at"),
    [
        ({"on_doubt": "again"}, "body.on_doubt"),
        ({"doubt_expires_hours": 14}, "body.doubt_expires_hours"),
        ({"doubt_expires_hours": 337}, "body.doubt_expires_hours"),
        ({"list_ids": ["nolist"]}, "body.list_ids.0"),
        ({"template_id": "none"}, "body.template_id"),
        ({"identity_id": "none"}, "body.identity_id"),
        ({"list_ids": []}, "body.list_ids"),
        ({"segment_ids": ["none"]}, "body.segment_ids.0"),
        ({"excluded_list_ids": ["none"]}, "body.excluded_list_ids.0"),
        ({"excluded_segment_ids": ["x"] * 21}, "body.excluded_segment_ids"),
        ({"state": "sending"}, "body.state"),
        ({"name": ""}, "body.name"),
    ],
)
def test_a_plan_that_cannot_be_sent_is_refused_with_the_field(
    acme: Tenant, ids: dict[str, str], change: dict[str, Any], at: str
) -> None:
    answers = [
        acme.call("POST", "/api/campaigns", {**campaign(ids), **change}),
        acme.call("PATCH", f"/api/campaigns/{ids['campaign_id']}", change),
    ]
    for answer in answers:
        assert (answer.status, answer.code) == (400, "invalid_request")
        assert answer.json["errors"][0]["at"] == at


def test_a_campaign_needs_a_marketing_identity(acme: Tenant, ids: dict[str, str]) -> None:
    path = f"/api/identities/{ids['identity_id']}"
    acme.call("PATCH", path, {"stream": "transactional"})
    answer = acme.call("POST", "/api/campaigns", campaign(ids))
    assert answer.json["errors"][0]["at"] == "body.identity_id"


def test_a_start_asks_for_the_launch_of_every_shard(world: Api, ids: dict[str, str]) -> None:
    answer = move(world.acme, ids, "start")
    assert (answer.status, answer.json["state"]) == (202, "sending")
    pointers = [read_shard(body) for body in world.pointers("launch")]
    assert sorted(pointers, key=lambda pointer: pointer.shard) == [
        Shard(world.acme.org_id, ids["campaign_id"], shard) for shard in "0123456789abcdef"
    ]


def test_a_started_campaign_keeps_its_content(acme: Tenant, ids: dict[str, str]) -> None:
    move(acme, ids, "start")
    acme.call("DELETE", f"/api/templates/{ids['template_id']}")
    kept = app.api().templates.get(started(acme.org_id), ids["campaign_id"])
    assert kept is not None
    assert kept.html == "<p>Hello</p>"
    assert acme.call("GET", f"/api/templates/{ids['campaign_id']}").status == 404


def test_a_campaign_starts_once(world: Api, ids: dict[str, str]) -> None:
    move(world.acme, ids, "start")
    world.pointers("launch")
    again = move(world.acme, ids, "start")
    assert (again.status, again.code) == (409, "conflict_state")
    assert world.pointers("launch") == []


def test_a_start_without_a_sending_ip_is_refused(world: Api, ids: dict[str, str]) -> None:
    world.acme.call("DELETE", f"/api/sending-ips/{ids['ip_id']}")
    answer = move(world.acme, ids, "start")
    assert (answer.status, answer.code) == (409, "conflict_state")
    assert world.pointers("launch") == []


def test_a_start_of_what_lost_its_template_names_the_field(
    acme: Tenant, ids: dict[str, str]
) -> None:
    acme.call("DELETE", f"/api/templates/{ids['template_id']}")
    answer = move(acme, ids, "start")
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert answer.json["errors"][0]["at"] == "body.template_id"
    assert acme.call("GET", f"/api/campaigns/{ids['campaign_id']}").json["state"] == "draft"


def test_a_campaign_pauses_resumes_and_is_cancelled(acme: Tenant, ids: dict[str, str]) -> None:
    states = [
        move(acme, ids, verb).json["state"] for verb in ("start", "pause", "resume", "cancel")
    ]
    assert states == ["sending", "paused", "sending", "cancelled"]


def in_future(**span: float) -> str:
    return (app.now() + timedelta(**span)).isoformat()


def test_a_campaign_is_scheduled_rescheduled_and_unscheduled(
    acme: Tenant, ids: dict[str, str]
) -> None:
    for hours in (1, 2):
        send_at = in_future(hours=hours)
        shown = move(acme, ids, "schedule", json_body={"send_at": send_at}).json
        assert shown["state"] == "scheduled"
        assert datetime.fromisoformat(shown["send_at"]) == datetime.fromisoformat(send_at)
    path = f"/api/campaigns/{ids['campaign_id']}"
    assert acme.call("PATCH", path, {"name": "Late"}).code == "conflict_state"
    assert acme.call("DELETE", path).code == "conflict_state"
    shown = move(acme, ids, "unschedule").json
    assert (shown["state"], shown["send_at"], shown["schedule_error"]) == ("draft", None, None)
    assert move(acme, ids, "unschedule").code == "conflict_state"


def test_a_scheduled_campaign_may_start_at_once(world: Api, ids: dict[str, str]) -> None:
    move(world.acme, ids, "schedule", json_body={"send_at": in_future(hours=1)})
    assert move(world.acme, ids, "start").json["state"] == "sending"
    assert len(world.pointers("launch")) == 16


@pytest.mark.parametrize(
    "send_at",
    [
        "2026-01-01T00:00:00Z",
        "9999-12-31T23:59:59-12:00",
        "2027-01-01T00:00:00",  # without an offset
        "2027-01-01",
        "tomorrow",
        None,
    ],
)
def test_a_time_that_cannot_be_is_refused_and_changes_nothing(
    acme: Tenant, ids: dict[str, str], send_at: str | None
) -> None:
    for query in ({}, {"dry_run": "true"}):
        answer = move(acme, ids, "schedule", json_body={"send_at": send_at}, query=query)
        assert (answer.status, answer.code) == (400, "invalid_request")
        assert answer.json["errors"][0]["at"] == "body.send_at"
    assert acme.call("GET", f"/api/campaigns/{ids['campaign_id']}").json["state"] == "draft"


def test_a_schedule_has_a_dry_run(acme: Tenant, ids: dict[str, str]) -> None:
    query = {"dry_run": "true"}
    body = {"send_at": in_future(hours=1)}
    assert move(acme, ids, "schedule", json_body=body, query=query).json["recipients"] == 0
    assert acme.call("GET", f"/api/campaigns/{ids['campaign_id']}").json["state"] == "draft"


@pytest.mark.parametrize(
    ("before", "verb"),
    [
        ([], "pause"),
        ([], "resume"),
        (["start"], "resume"),
        (["start", "pause"], "pause"),
        (["start", "pause"], "start"),
        (["cancel"], "start"),
        (["cancel"], "cancel"),
    ],
)
def test_a_move_that_the_state_does_not_allow_is_refused(
    acme: Tenant, ids: dict[str, str], before: list[str], verb: str
) -> None:
    for step in before:
        move(acme, ids, step)
    answer = move(acme, ids, verb)
    assert (answer.status, answer.code) == (409, "conflict_state")


@pytest.mark.parametrize(("method", "body"), [("PATCH", {"name": "Late"}), ("DELETE", None)])
def test_what_was_started_is_neither_changed_nor_deleted(
    acme: Tenant, ids: dict[str, str], method: str, body: dict[str, str] | None
) -> None:
    move(acme, ids, "start")
    answer = acme.call(method, f"/api/campaigns/{ids['campaign_id']}", body)
    assert (answer.status, answer.code) == (409, "conflict_state")


def test_a_draft_is_deleted(acme: Tenant, ids: dict[str, str]) -> None:
    path = f"/api/campaigns/{ids['campaign_id']}"
    assert acme.call("DELETE", path).status == 204
    assert acme.call("GET", path).status == 404


def test_a_dry_run_counts_and_changes_nothing(world: Api, ids: dict[str, str]) -> None:
    acme = world.acme
    other = acme.make("/api/lists", {"name": "Other"}, "list_id")
    for number, domain in enumerate(["gmail.com", "gmail.com", "example.com"]):
        email = f"{number}@{domain}"
        contact_id = acme.make("/api/contacts", {"email": email}, "contact_id")
        for list_id in (ids["list_id"], other):
            acme.call("PUT", f"/api/lists/{list_id}/members/{contact_id}")
    path = f"/api/campaigns/{ids['campaign_id']}"
    acme.call("PATCH", path, {"list_ids": [ids["list_id"], other]})
    acme.call("PATCH", f"/api/sending-ips/{ids['ip_id']}", {"daily_limit": 2})
    before = acme.call("GET", path).json
    forecast = move(acme, ids, "start", query={"dry_run": "true"}).json
    assert forecast == {
        "complete": True,
        "recipients": 3,
        "by_provider": {"gmail": 2, "other": 1},
        "excluded": {"manual": 1},
        "places_today": 2,
        "days_needed": 2,
        "findings": [
            {
                "check": "over_daily_limit",
                "severity": "warning",
                "message": "2 of 3 messages can leave today; the others wait.",
            }
        ],
    }
    assert acme.call("GET", path).json == before
    assert world.pointers("launch") == []


def test_segments_and_exclusions_count_in_a_dry_run(acme: Tenant, ids: dict[str, str]) -> None:
    for name, attributes in {"a": {"plan": "pro"}, "b": {"plan": "pro"}, "c": {}}.items():
        body = {"email": f"{name}@gmail.com", "attributes": attributes}
        ids[name] = acme.make("/api/contacts", body, "contact_id")
    pro = {"name": "Pro", "text": "attributes.plan is pro"}
    segment_id = acme.make("/api/segments", pro, "segment_id")
    staff = acme.make("/api/lists", {"name": "Staff"}, "list_id")
    acme.call("PUT", f"/api/lists/{staff}/members/{ids['b']}")
    plan = {"list_ids": [], "segment_ids": [segment_id], "excluded_list_ids": [staff]}
    path = f"/api/campaigns/{ids['campaign_id']}"
    assert acme.call("PATCH", path, plan).json.items() >= plan.items()
    forecast = move(acme, ids, "start", query={"dry_run": "true"}).json
    assert forecast["by_provider"] == {"gmail": 1}
    assert forecast["excluded"] == {"excluded_list": 1}
    assert move(acme, ids, "start").status == 202
    acme.call("DELETE", f"/api/segments/{segment_id}")
    kept = app.api().campaigns.starter.segments.get_many(
        started(acme.org_id), [kept_id(ids["campaign_id"], segment_id)]
    )
    assert len(kept) == 1


def test_a_dry_run_says_what_would_refuse_the_start(acme: Tenant, ids: dict[str, str]) -> None:
    acme.call("DELETE", f"/api/sending-ips/{ids['ip_id']}")
    forecast = move(acme, ids, "start", query={"dry_run": "true"}).json
    assert [(one["check"], one["severity"]) for one in forecast["findings"]] == [
        ("no_sending_ip", "error"),
        ("no_recipients", "warning"),
    ]


def test_an_unlimited_ip_makes_the_day_unlimited(acme: Tenant, ids: dict[str, str]) -> None:
    body = {"tag": "two", "daily_limit": 5, "transport": TRANSPORT}
    acme.make("/api/sending-ips", body)
    assert move(acme, ids, "start", query={"dry_run": "true"}).json["places_today"] is None


def test_a_dry_run_of_what_was_started_is_refused(acme: Tenant, ids: dict[str, str]) -> None:
    move(acme, ids, "start")
    assert move(acme, ids, "start", query={"dry_run": "true"}).code == "conflict_state"


def test_a_dry_run_says_what_rate_limits_make_wait(acme: Tenant, ids: dict[str, str]) -> None:
    for number in range(3):
        contact_id = acme.make("/api/contacts", {"email": f"{number}@gmail.com"}, "contact_id")
        acme.call("PUT", f"/api/lists/{ids['list_id']}/members/{contact_id}")
    limits = {"rate_limits": [{"messages": 1, "per": "hour", "provider": "gmail"}]}
    assert acme.call("PATCH", f"/api/identities/{ids['identity_id']}", limits).status == 200
    findings = move(acme, ids, "start", query={"dry_run": "true"}).json["findings"]
    assert [one["check"] for one in findings] == ["over_rate_limit"]
    assert "3 messages leave over 3 hours" in findings[0]["message"]
