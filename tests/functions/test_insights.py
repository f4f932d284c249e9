"""The insights handler on moto: counters, timelines and listings, each for its own organisation."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest

from functions.insights.handler import lambda_handler
from mailtide import app
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.content import Identity
from mailtide.domain.event import EventType
from mailtide.domain.organisation import ApiKey, Organisation, Scope, key_hash, new_key
from mailtide.flows.rollup import Change
from mailtide.store.campaigns import Campaigns
from mailtide.store.events import Events
from mailtide.store.identities import Identities
from mailtide.store.organisations import Organisations
from tests.aws import stack
from tests.http import Client
from tests.rows import CAMPAIGN, ORG, START, engagement, happening, message, sent, state

KEYS = {ORG: new_key(b"a" * 32), "org2": new_key(b"b" * 32)}
PATH = f"/api/campaigns/{CAMPAIGN}/insights"


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch) -> Iterator[Client]:
    with stack(monkeypatch):
        for org_id, text in KEYS.items():
            hashed = key_hash(text)
            key = ApiKey(org_id, "key", hashed, "k", frozenset({Scope.READ}), START)
            Organisations().create(Organisation(org_id, org_id, START), key)
        yield Client(lambda_handler, KEYS[ORG])


@pytest.fixture
def campaign(client: Client) -> list[Any]:
    """A campaign of two messages, one of which was delivered and opened."""
    made = Campaign(ORG, CAMPAIGN, "May", ("list1",), "t", "i", State.SENT, START)
    ann = app.name_contact(ORG, "ann@example.com") or ""
    rows = [
        sent(1, recipient_id=ann),
        sent(2, at=START + timedelta(hours=1), recipient_id=ann),
        state(EventType.DELIVERED, minutes=5, source="stalwart"),
        happening(EventType.OPENED, minutes=9, user_agent="Mozilla/5.0 (iPhone)", method="GET"),
        engagement(
            opens={"2026-11-24T10:00": [1, 0, 0]},
            uniques={"unique_opens": "2026-11-24T10:00", "unique_opens_human": "2026-11-24T10:00"},
        ),
    ]
    assert Campaigns().create(made)
    Events().put_all(rows)
    app.rollup().run([Change(f"{i:040d}", None, row) for i, row in enumerate(rows)], "A")
    return rows


def test_totals_and_rates(client: Client, campaign: list[Any]) -> None:
    answer = client.call("GET", PATH)
    assert answer.status == 200
    totals = answer.json["totals"]
    assert (totals["counts"]["sent"], totals["counts"]["delivered"]) == (2, 1)
    assert totals["rates"]["delivery_rate"] == 0.5
    assert totals["rates"]["open_rate"] == {"human": 1.0, "all": 1.0}
    assert totals["rates"]["complaint_rate"] == 0.0
    assert totals["rates"]["click_to_open_rate"] == {"human": 0.0, "all": 0.0}
    assert (answer.json["groups"], answer.json["complete"]) == ([], True)


def test_groups_in_the_callers_hours(client: Client, campaign: list[Any]) -> None:
    query = {"group_by": "hour", "timezone": "Asia/Kolkata", "from": "2026-11-24T10:00:00Z"}
    answer = client.call("GET", PATH, query=query)
    groups = {group["key"]: group["counts"]["sent"] for group in answer.json["groups"]}
    assert groups == {"2026-11-24T15:00+05:30": 1, "2026-11-24T16:00+05:30": 1}


@pytest.mark.parametrize(
    "query",
    [
        {"group_by": "weather"},
        {"timezone": "Mars/Olympus"},
        {"from": "yesterday"},
        {"from": "2026-11-24T10:00:00"},  # of which zone?
    ],
)
def test_a_question_that_makes_no_sense_is_a_400(
    client: Client, campaign: list[Any], query: dict[str, str]
) -> None:
    answer = client.call("GET", PATH, query=query)
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_a_timeline_has_the_exact_words_and_the_verdicts(
    client: Client, campaign: list[Any]
) -> None:
    answer = client.call("GET", f"/api/messages/{message()}")
    assert answer.status == 200
    assert (answer.json["campaign_id"], answer.json["provider"]) == (CAMPAIGN, "gmail")
    events = answer.json["events"]
    assert [event["type"] for event in events] == ["sent", "delivered", "opened"]
    assert events[2]["verdict"] == "human"
    assert events[1]["details"] == {"source": "stalwart"}


def test_words_about_the_organisations_own_sender_name_it(client: Client) -> None:
    sender = "news@acme.example"
    told = f"Email address is not verified: {{contact:{app.contact_id(ORG, sender)}}}"
    Events().put_all([replace(sent(1), smtp_response=told)])
    Identities().create(Identity(ORG, "news", "News", "Acme", sender, "b.acme.example"), START)
    [event] = client.call("GET", f"/api/messages/{message()}").json["events"]
    assert event["smtp_response"] == f"Email address is not verified: {sender}"


def test_messages_to_an_address_in_pages(client: Client, campaign: list[Any]) -> None:
    query = {"recipient": "Ann@Example.com", "limit": "1"}
    first = client.call("GET", "/api/messages", query=query)
    assert [one["message_id"] for one in first.json["data"]] == [message(2)]
    assert first.json["has_more"]
    second = client.call("GET", "/api/messages", query={**query, "after": first.json["next"]})
    assert [one["message_id"] for one in second.json["data"]] == [message(1)]
    assert (second.json["has_more"], second.json["next"]) == (False, None)


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ({}, "invalid_request"),
        ({"recipient": "ann"}, "invalid_address"),
        ({"recipient": "ann@example.com", "after": "abc"}, "invalid_cursor"),
    ],
)
def test_a_listing_that_cannot_be_made(client: Client, query: dict[str, str], code: str) -> None:
    answer = client.call("GET", "/api/messages", query=query)
    assert (answer.status, answer.code) == (400, code)


@pytest.mark.parametrize("path", [PATH, f"/api/messages/{message()}"])
def test_another_organisation_finds_nothing(client: Client, campaign: list[Any], path: str) -> None:
    answer = Client(lambda_handler, KEYS["org2"]).call("GET", path)
    assert (answer.status, answer.code) == (404, "not_found")


def test_another_organisation_sees_no_messages(client: Client, campaign: list[Any]) -> None:
    query = {"recipient": "ann@example.com"}
    answer = Client(lambda_handler, KEYS["org2"]).call("GET", "/api/messages", query=query)
    assert answer.json["data"] == []


@pytest.mark.parametrize("path", [PATH, "/api/messages", f"/api/messages/{message()}"])
def test_nobody_without_a_key_is_answered(client: Client, path: str) -> None:
    answer = Client(lambda_handler).call("GET", path)
    assert (answer.status, answer.code) == (401, "unauthenticated")
