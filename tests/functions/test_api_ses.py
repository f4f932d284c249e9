"""Sending IPs over SES, through the API: configuration sets found and made, and clear refusals."""

from typing import Any

import pytest

from mailtide import app
from tests.functions.tenants import Api, Tenant, furnish
from tests.ses import VERIFIED, healthy
from tests.transports.scripted_ses import refusal


@pytest.fixture(autouse=True)
def fresh(world: Api) -> None:
    """Give each test an account of its own."""
    configured = world.stack.ses_account
    configured.account, configured.account_error = healthy(), None
    configured.sets, configured.destinations, configured.identities = {}, {}, None


def create(owner: Tenant, tag: str = "one", **transport: Any) -> Any:
    body = {"tag": tag, "transport": {"kind": "ses", **transport}}
    return owner.call("POST", "/api/sending-ips", body)


def ours(world: Api, name: str, **more: Any) -> None:
    tags = [{"Key": "mailtide-org", "Value": world.acme.org_id}]
    world.stack.ses_account.sets[name] = {"ConfigurationSetName": name, "Tags": tags, **more}


def test_a_set_is_made_with_the_sending_ip(world: Api) -> None:
    created = create(world.acme)
    assert created.status == 201, created.text
    name = f"mailtide-{world.acme.org_id}-one"
    shown = {"kind": "ses", "configuration_set": name, "pool": None}
    assert created.json["transport"] == shown
    path = f"/api/sending-ips/{created.json['ip_id']}"
    assert world.acme.call("GET", path).json["transport"] == shown
    configured = world.stack.ses_account
    assert configured.destinations[name]["SnsDestination"]["TopicArn"].endswith(":ses-events")


def test_two_organisations_may_have_the_same_tag(world: Api) -> None:
    assert create(world.acme).status == create(world.other).status == 201
    assert len(world.stack.ses_account.sets) == 2


def test_a_campaign_over_ses_starts_when_its_sender_is_verified_for_the_organisation(
    world: Api,
) -> None:
    ids = furnish(world.acme)
    assert create(world.acme, "ses").status == 201
    path = f"/api/campaigns/{ids['campaign_id']}/start"
    theirs = {"Tags": [{"Key": "mailtide-org", "Value": world.other.org_id}]}
    for identities, words in (
        ({}, "create the domain `acme.example`"),
        ({"acme.example": VERIFIED | theirs}, "is not this organisation's"),
    ):
        world.stack.ses_account.identities = identities
        refused = world.acme.call("POST", path)
        assert (refused.status, refused.code) == (409, "ses_sender_not_verified")
        assert words in refused.json["detail"]
        dry = world.acme.call("POST", path, query={"dry_run": "true"}).json
        assert ("ses_sender_not_verified", "error") in [
            (finding["check"], finding["severity"]) for finding in dry["findings"]
        ]
    world.stack.ses_account.identities = {"acme.example": VERIFIED}
    assert world.acme.call("POST", path).status == 202


def test_a_named_set_is_used_with_its_pool(world: Api) -> None:
    ours(world, "news", DeliveryOptions={"SendingPoolName": "managed"})
    created = create(world.acme, configuration_set="news")
    assert created.json["transport"]["pool"] == "managed"
    again = create(world.acme, "two", configuration_set="news")
    assert (again.status, again.code) == (409, "already_exists")


def test_a_relay_becomes_ses_and_keeps_its_tag(world: Api) -> None:
    relay = {"host": "127.0.0.1", "port": 2525, "tls": "none"}
    ip_id = world.acme.make("/api/sending-ips", {"tag": "one", "transport": relay}, "ip_id")
    path = f"/api/sending-ips/{ip_id}"
    changed = world.acme.call("PATCH", path, {"transport": {"kind": "ses"}})
    assert changed.json["transport"]["configuration_set"].endswith("-one")


@pytest.mark.parametrize(
    ("transport", "code"),
    [
        ({"configuration_set": "nowhere"}, "configuration_set_not_found"),
        ({"configuration_set": "theirs"}, "configuration_set_refused"),
        ({"configuration_set": "ours", "pool": "managed"}, "configuration_set_refused"),
        ({"pool": "nowhere"}, "ses_pool_refused"),
        ({"configuration_set": "a b"}, "invalid_request"),
        ({"configuration_set": "x" * 65}, "invalid_request"),
        ({"host": "127.0.0.1"}, "invalid_request"),
        ({"kind": "pigeon"}, "invalid_request"),
        ({"kind": None}, "invalid_request"),
        ({"kind": ["ses"]}, "invalid_request"),
    ],
)
def test_what_cannot_be_used_is_refused_and_nothing_is_kept(
    world: Api, transport: dict[str, Any], code: str
) -> None:
    ours(world, "ours")
    world.stack.ses_account.sets["theirs"] = {"ConfigurationSetName": "theirs"}
    answer = create(world.acme, **transport)
    assert (answer.status, answer.code) == (400, code)
    assert world.acme.call("GET", "/api/sending-ips").json["data"] == []
    assert set(world.stack.ses_account.sets) == {"ours", "theirs"}
    assert world.stack.ses_account.destinations == {}


def test_pools_hold_identities_to_their_ips(world: Api) -> None:
    owner = world.acme
    ip_id = create(owner).json["ip_id"]
    pool = owner.call("POST", "/api/pools", {"name": "News", "ip_ids": [ip_id, ip_id]})
    assert (pool.status, pool.json["ip_ids"]) == (201, [ip_id])
    path = f"/api/pools/{pool.json['pool_id']}"
    identity = {
        "name": "News",
        "from_name": "Acme",
        "from_address": "news@acme.example",
        "bounce_domain": "b.acme.example",
        "pool_id": pool.json["pool_id"],
    }
    identity_id = owner.make("/api/identities", identity, "identity_id")
    refused = world.other.call("POST", "/api/identities", identity)
    assert (refused.status, refused.json["errors"][0]["at"]) == (400, "body.pool_id")
    in_use = owner.call("DELETE", path)
    assert (in_use.status, in_use.code) == (409, "pool_in_use")
    assert owner.call("PATCH", path, {"name": "Letters"}).json["ip_ids"] == [ip_id]
    assert owner.call("DELETE", f"/api/sending-ips/{ip_id}").status == 204
    assert owner.call("GET", path).json["ip_ids"] == []
    freed = owner.call("PATCH", f"/api/identities/{identity_id}", {"pool_id": None})
    assert freed.status == 200
    assert owner.call("DELETE", path).status == 204
    assert owner.call("GET", "/api/pools").json["data"] == []
    there = owner.call("PATCH", f"/api/identities/{identity_id}", {"pool_id": "gone"})
    assert there.status == 400


def fresh_account() -> None:
    """Let the account be asked for anew, as a minute later."""
    app.ses_account.cache_clear()


def test_the_account_is_shown_with_what_is_wrong_with_it(world: Api) -> None:
    fresh_account()
    configured = world.stack.ses_account
    configured.account["ProductionAccessEnabled"] = False
    configured.account["SendQuota"]["SentLast24Hours"] = 45_000.0
    shown = world.acme.call("GET", "/api/ses-account").json
    assert [finding.pop("check") for finding in shown["findings"]] == [
        "ses_sandbox",
        "ses_quota_near",
    ]
    del shown["findings"]
    assert shown == {
        "set_up": True,
        "production": False,
        "sending": True,
        "enforcement": "HEALTHY",
        "rate": 500.0,
        "quota": 50_000,
        "sent": 45_000,
        "suppressed_reasons": ["BOUNCE", "COMPLAINT"],
    }


def test_an_account_that_ses_does_not_tell_of_is_unavailable(world: Api) -> None:
    fresh_account()
    world.stack.ses_account.account_error = refusal(429, "TooManyRequestsException")
    answer = world.acme.call("GET", "/api/ses-account")
    assert (answer.status, answer.code) == (503, "unavailable")
    fresh_account()
