"""The API's resources: what they take, keep and show, and what bad input gets."""

from typing import Any

import boto3
import pytest

from functions.jobs.handler import lambda_handler as work_on_jobs
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.domain.quota import ReservationKey
from mailtide.domain.sending_rate import Holder, Owner, gates
from mailtide.store.quota import Quota
from mailtide.store.sending_rates import SendingRates
from tests.events import Context, sqs_event
from tests.functions.tenants import TRANSPORT, Api, Tenant, furnish
from tests.http import Client

LIMITED: dict[str, dict[str, Any]] = {
    "/api/sending-ips": {"tag": "one", "transport": TRANSPORT},
    "/api/identities": {
        "name": "News",
        "from_name": "Acme",
        "from_address": "news@example.com",
        "bounce_domain": "b.example.com",
    },
}
SMALL_CHANGE = {"/api/sending-ips": {"daily_limit": 7}, "/api/identities": {"name": "Other"}}
PUBLIC = {"host": "93.184.216.34", "port": 587}


def test_a_contact_is_created_and_changed_by_its_address(acme: Tenant) -> None:
    first = acme.make(
        "/api/contacts",
        {"email": " Ann@GMAIL.com", "attributes": {"name": "Ann", "age": 7}, "timezone": "UTC"},
    )
    assert first["email"] == "Ann@gmail.com"
    assert first["provider"] == "gmail"
    again = acme.make(
        "/api/contacts", {"email": "ann@gmail.com", "attributes": {"age": None, "city": "Bonn"}}
    )
    assert again["contact_id"] == first["contact_id"]
    assert again["attributes"] == {"name": "Ann", "city": "Bonn"}
    assert again["timezone"] == "UTC"
    assert acme.call("GET", "/api/contacts").json["data"] == [again]


def test_a_contact_is_changed_by_its_id(acme: Tenant) -> None:
    contact = acme.make("/api/contacts", {"email": "ann@example.com", "timezone": "UTC"})
    path = f"/api/contacts/{contact['contact_id']}"
    changed = acme.call("PATCH", path, {"attributes": {"a": [1, {"b": None}]}, "timezone": None})
    assert changed.status == 200
    assert changed.json["attributes"] == {"a": [1, {"b": None}]}
    assert changed.json["timezone"] is None
    assert acme.call("GET", path).json == changed.json


@pytest.mark.parametrize(
    ("contact", "code"),
    [
        ({"email": "ann"}, "invalid_address"),
        ({"email": "ann@example.com", "timezone": "Mars/Base"}, "invalid_request"),
        ({"email": "ann@example.com", "attributes": {"x": "y" * 9000}}, "invalid_request"),
        ({"email": "ann@example.com", "attributes": ["x"]}, "invalid_request"),
        ({"email": "ann@example.com", "nmae": "typo"}, "invalid_request"),
        ({"name": "Ann"}, "invalid_request"),
    ],
)
def test_a_contact_that_cannot_be_kept_is_refused(
    acme: Tenant, contact: dict[str, Any], code: str
) -> None:
    answer = acme.call("POST", "/api/contacts", contact)
    assert (answer.status, answer.code) == (400, code)
    assert acme.call("GET", "/api/contacts").json["data"] == []


def test_an_erased_contact_is_gone_everywhere_but_stays_suppressed(acme: Tenant) -> None:
    ids = furnish(acme)
    contact_id = ids["contact_id"]
    assert acme.call("DELETE", f"/api/contacts/{contact_id}").status == 204
    assert acme.call("GET", f"/api/contacts/{contact_id}").status == 404
    assert acme.call("GET", f"/api/lists/{ids['list_id']}/members").json["data"] == []
    suppression = acme.call("GET", f"/api/suppressions/{contact_id}").json
    assert suppression["email"] is None
    assert suppression["reasons"][0]["reason"] == "manual"


def test_contacts_are_listed_page_by_page(acme: Tenant) -> None:
    made = {
        acme.make("/api/contacts", {"email": f"{n}@example.com"}, "contact_id") for n in "abcde"
    }
    seen: list[str] = []
    query = {"limit": "2"}
    while query:
        page = acme.call("GET", "/api/contacts", query=query).json
        seen += [contact["contact_id"] for contact in page["data"]]
        query = {"limit": "2", "after": page["next"]} if page["has_more"] else {}
    assert seen == sorted(made)


def test_a_list_is_created_renamed_and_deleted(acme: Tenant) -> None:
    created = acme.make("/api/lists", {"name": " News "})
    path = f"/api/lists/{created['list_id']}"
    assert created["name"] == "News"
    assert acme.call("PATCH", path, {"name": "Letters"}).json["name"] == "Letters"
    assert acme.call("DELETE", path).status == 204
    assert acme.call("GET", path).status == 404


def test_a_deleted_list_loses_its_members_by_a_job(world: Api) -> None:
    made = furnish(world.acme)
    list_id, contact_id = made["list_id"], made["contact_id"]
    world.acme.call("PUT", f"/api/lists/{list_id}/members/{contact_id}")
    assert world.other.call("DELETE", f"/api/lists/{list_id}").status == 404
    assert world.pointers("jobs") == []
    assert world.acme.call("DELETE", f"/api/lists/{list_id}").status == 204
    assert app.api().lists.member_page(list_id, 9, None).items == [contact_id]
    work_on_jobs(sqs_event(*world.pointers("jobs")), Context())
    assert app.api().lists.member_page(list_id, 9, None).items == []
    job, *_ = world.acme.call("GET", "/api/jobs").json["data"]
    assert (job["kind"], job["state"], job["result"]) == ("list_deletion", "done", {"members": 1})


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "x" * 201, "\u00a0" + "x" * 200])
def test_a_name_that_is_no_name_is_refused(acme: Tenant, name: str) -> None:
    answer = acme.call("POST", "/api/lists", {"name": name})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert acme.call("GET", "/api/lists").json["data"] == []


def test_members_come_and_go(acme: Tenant) -> None:
    ids = furnish(acme)
    members = f"/api/lists/{ids['list_id']}/members"
    bob = acme.make("/api/contacts", {"email": "bob@example.com"}, "contact_id")
    for _ in range(2):
        assert acme.call("PUT", f"{members}/{bob}").status == 204
    shown = acme.call("GET", members).json["data"]
    assert {one["contact_id"] for one in shown} == {bob, ids["contact_id"]}
    assert acme.call("DELETE", f"{members}/{bob}").status == 204
    assert len(acme.call("GET", members).json["data"]) == 1


def test_a_template_is_replaced_as_a_whole(acme: Tenant) -> None:
    template_id = furnish(acme)["template_id"]
    path = f"/api/templates/{template_id}"
    new = {"name": "Other", "subject": "Hi", "html": "<p>Hi</p>", "text": "Hi"}
    shown = {
        "template_id": template_id,
        "format": "html",
        "mjml": None,
        "preheader": None,
        "utm": None,
        "size": 9,
        "warnings": [
            {"at": "html:1:1", "detail": "it shows no way out: link to {{ unsubscribe_url }}"}
        ],
        **new,
    }
    assert acme.call("PUT", path, new).json == shown
    assert acme.call("GET", path).json == shown
    assert acme.call("GET", "/api/templates").json["data"] == [
        {"template_id": template_id, "name": "Other", "subject": "Hi", "format": "html"}
    ]
    assert acme.call("DELETE", path).status == 204


def test_a_template_in_mjml_is_kept_as_it_was_written(acme: Tenant) -> None:
    column = "<mj-column><mj-text>Hi</mj-text></mj-column>"
    mjml = f"<mjml><mj-body><mj-section>{column}</mj-section></mj-body></mjml>"
    utm = {"source": "news", "medium": None, "campaign": None, "term": None, "content": None}
    given = {"name": "M", "subject": "Hi", "format": "mjml", "mjml": mjml, "preheader": "P"}
    made = acme.call("POST", "/api/templates", {**given, "utm": {"source": "news"}})
    assert made.status == 201
    shown = acme.call("GET", f"/api/templates/{made.json['template_id']}").json
    assert shown | given | {"html": None, "utm": utm} == shown
    assert shown["size"] > 1000


@pytest.mark.parametrize(
    "body",
    [
        {"html": "<p>x</p>", "format": "mjml"},
        {"mjml": "<mjml/>"},
        {"html": "<p>x</p>", "mjml": "<mjml/>"},
        {"html": "<p>x</p>", "format": "markdown"},
        {},
    ],
)
def test_a_template_has_the_one_body_that_its_format_names(
    acme: Tenant, body: dict[str, str]
) -> None:
    answer = acme.call("POST", "/api/templates", {"name": "x", "subject": "x", **body})
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_a_template_with_errors_is_refused_with_their_places(acme: Tenant) -> None:
    template_id = furnish(acme)["template_id"]
    broken = {"name": "x", "subject": "Hi {{ x", "html": "<p>\n{% if contact.email %}</p>"}
    for method, path in (("POST", "/api/templates"), ("PUT", f"/api/templates/{template_id}")):
        answer = acme.call(method, path, broken)
        assert (answer.status, answer.code) == (400, "template_error")
        assert {error["at"].split(":")[0] for error in answer.json["errors"]} == {"subject", "html"}
    assert acme.call("GET", f"/api/templates/{template_id}").json["subject"] == "Hello"


def passwords() -> dict[str, str]:
    client = boto3.client("secretsmanager", region_name="us-east-1")
    names = [one["Name"] for one in client.list_secrets(MaxResults=100)["SecretList"]]
    return {
        name: client.get_secret_value(SecretId=name)["SecretString"]
        for name in names
        if "relay" in name
    }


def test_a_relays_password_is_kept_apart_and_never_shown(acme: Tenant) -> None:
    transport = {**TRANSPORT, "username": "user", "password": "pass-word"}
    created = acme.call("POST", "/api/sending-ips", {"tag": "one", "transport": transport})
    assert created.status == 201
    ip_id = created.json["ip_id"]
    path = f"/api/sending-ips/{ip_id}"
    assert created.json["transport"]["has_password"]
    assert "pass-word" not in created.text + acme.call("GET", path).text
    assert passwords()[f"test/relay/{ip_id}"] == "pass-word"
    other = {**transport, "password": "new"}
    assert acme.call("PATCH", path, {"transport": other}).status == 200
    assert passwords()[f"test/relay/{ip_id}"] == "new"
    kept = {**TRANSPORT, "port": 2526, "username": "user"}
    assert acme.call("PATCH", path, {"transport": kept}).json["transport"]["has_password"]
    assert acme.call("DELETE", path).status == 204
    assert f"test/relay/{ip_id}" not in passwords()


def test_a_kept_password_goes_to_no_other_host(acme: Tenant) -> None:
    transport = {**TRANSPORT, "username": "user", "password": "pass-word"}
    ip_id = acme.make("/api/sending-ips", {"tag": "one", "transport": transport}, "ip_id")
    moved = {**TRANSPORT, "host": "127.0.0.2", "username": "user"}
    answer = acme.call("PATCH", f"/api/sending-ips/{ip_id}", {"transport": moved})
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_a_relay_without_a_login_has_no_secret(acme: Tenant) -> None:
    transport = {**TRANSPORT, "username": "user", "password": "pass-word"}
    ip_id = acme.make("/api/sending-ips", {"tag": "one", "transport": transport}, "ip_id")
    assert acme.call("PATCH", f"/api/sending-ips/{ip_id}", {"transport": TRANSPORT}).status == 200
    assert f"test/relay/{ip_id}" not in passwords()


@pytest.mark.parametrize(
    ("transport", "code"),
    [
        ({**PUBLIC, "port": 25}, "relay_port_refused"),
        ({**PUBLIC, "port": 8080}, "relay_port_refused"),
        ({"host": "10.0.0.8", "port": 587}, "relay_address_refused"),
        ({"host": "169.254.169.254", "port": 587}, "relay_address_refused"),
        ({"host": "::ffff:10.0.0.8", "port": 587}, "relay_address_refused"),
        ({"host": "nowhere.invalid", "port": 587}, "relay_address_refused"),
        ({"host": "a b", "port": 587}, "invalid_request"),
        ({"host": "127.0.0.1", "port": 0}, "invalid_request"),
        ({"host": "127.0.0.1", "port": 587, "password": "x"}, "invalid_request"),
        ({"host": "127.0.0.1", "port": 587, "username": "x"}, "invalid_request"),
        ({"host": "127.0.0.1", "port": 587, "kind": "http"}, "invalid_request"),
        ({**PUBLIC, "username": "x", "password": "x"}, "invalid_request"),  # in the clear
    ],
)
def test_a_relay_that_cannot_be_used_is_refused(
    acme: Tenant, transport: dict[str, Any], code: str
) -> None:
    before = passwords()
    body = {"tag": "one", "transport": {"tls": "none", **transport}}
    answer = acme.call("POST", "/api/sending-ips", body)
    assert (answer.status, answer.code) == (400, code)
    assert acme.call("GET", "/api/sending-ips").json["data"] == []
    assert passwords() == before


def test_two_sending_ips_of_one_tag_are_refused(world: Api) -> None:
    body = {"tag": "one", "transport": TRANSPORT}
    world.acme.make("/api/sending-ips", body)
    answer = world.acme.call("POST", "/api/sending-ips", body)
    assert (answer.status, answer.code) == (409, "already_exists")
    assert world.other.call("POST", "/api/sending-ips", body).status == 201


@pytest.mark.parametrize("limit", [40, None, 0])
def test_another_daily_limit_holds_at_once(acme: Tenant, limit: int | None) -> None:
    body = {"tag": "one", "daily_limit": 50, "transport": TRANSPORT}
    ip_id = acme.make("/api/sending-ips", body, "ip_id")
    path = f"/api/sending-ips/{ip_id}"
    ip = app.api().ip_registry.get(acme.org_id, ip_id)
    Quota().reserve(ip, ReservationKey(ip_id, app.now().date(), "b", 0), 30)
    assert acme.call("GET", path).json["today"] == {"reserved": 30, "limit": 50, "stopped": False}
    changed = acme.call("PATCH", path, {"daily_limit": limit}).json
    assert (changed["daily_limit"], changed["today"]["limit"]) == (limit, limit)


RATES = [{"messages": 600, "per": "minute"}, {"messages": 9, "per": "day", "provider": "gmail"}]


@pytest.mark.parametrize("path", ["/api/sending-ips", "/api/identities"])
def test_rate_limits_are_kept_changed_and_taken_away(acme: Tenant, path: str) -> None:
    made = acme.make(path, LIMITED[path] | {"rate_limits": RATES})
    assert made["rate_limits"] == [{"provider": None, **RATES[0]}, RATES[1]]
    one = f"{path}/{made.get('ip_id') or made['identity_id']}"
    assert acme.call("PATCH", one, SMALL_CHANGE[path]).json["rate_limits"] == made["rate_limits"]
    assert acme.call("PATCH", one, {"rate_limits": RATES[1:]}).json["rate_limits"] == RATES[1:]
    assert acme.call("GET", one).json["rate_limits"] == RATES[1:]
    assert acme.call("PATCH", one, {"rate_limits": []}).json["rate_limits"] == []
    assert acme.call("GET", one).json["rate_limits"] == []


@pytest.mark.parametrize("path", ["/api/sending-ips", "/api/identities"])
@pytest.mark.parametrize(
    "limits",
    [
        None,
        {},
        ["600"],
        [{"messages": 0, "per": "hour"}],
        [{"messages": 1.5, "per": "hour"}],
        [{"messages": 10**10, "per": "hour"}],
        [{"messages": 1}],
        [{"messages": 1, "per": "week"}],
        [{"messages": 1, "per": "hour", "provider": "gmial"}],
        [{"messages": 1, "per": "hour", "provider": ""}],
        [{"messages": 1, "per": "hour", "providers": "gmail"}],
        [{"messages": 1, "per": "hour"}, {"messages": 2, "per": "hour"}],
        [{"messages": 1, "per": "hour"}] * 21,
    ],
)
def test_rate_limits_that_cannot_be_kept_are_refused(acme: Tenant, path: str, limits: Any) -> None:
    answer = acme.call("POST", path, LIMITED[path] | {"rate_limits": limits})
    assert (answer.status, answer.code) == (400, "invalid_request")
    assert "rate_limits" in answer.json["errors"][0]["at"]
    assert acme.call("GET", path).json["data"] == []
    made = acme.make(path, LIMITED[path])
    one = f"{path}/{made.get('ip_id') or made['identity_id']}"
    assert acme.call("PATCH", one, {"rate_limits": limits}).status == 400
    assert acme.call("GET", one).json == made


def test_a_changed_rate_limit_holds_at_once_for_who_read_the_old_one(acme: Tenant) -> None:
    body = {"tag": "one", "transport": TRANSPORT, "rate_limits": RATES[:1]}
    ip_id = acme.make("/api/sending-ips", body, "ip_id")
    ip = app.api().ip_registry.get(acme.org_id, ip_id)
    (gate,) = gates(acme.org_id, Owner.IP, ip_id, ip.rate_limits, app.now())
    acme.call("PATCH", f"/api/sending-ips/{ip_id}", {"rate_limits": [RATES[0] | {"messages": 5}]})
    assert SendingRates().reserve(gate, Holder("b", 0), 30) == 5


def test_a_relays_settings_are_made_of_ones_own_sending_ips(world: Api) -> None:
    body = {"tag": "one", "transport": TRANSPORT, "rate_limits": RATES}
    world.acme.make("/api/sending-ips", body)
    world.other.make("/api/sending-ips", body | {"tag": "two"})
    path = "/api/sending-ips/relay-settings"
    made = world.acme.call("GET", path, query={"source_ips": "one=192.0.2.1"}).json
    throttles = [s for s in made["steps"] if s["operation"]["object"] == "MtaOutboundThrottle"]
    assert len(throttles) == 2
    assert "192.0.2.1" in str(made)
    assert "two" not in str(made)
    assert made["by_hand"]


@pytest.mark.parametrize(
    "source_ips",
    ["one", "one=", "one=192.0.2.300", "two=192.0.2.1", "one=192.0.2.1,one=192.0.2.2", "x" * 5000],
)
def test_source_ips_that_are_none_are_refused(acme: Tenant, source_ips: str) -> None:
    acme.make("/api/sending-ips", {"tag": "one", "transport": TRANSPORT})
    path = "/api/sending-ips/relay-settings"
    answer = acme.call("GET", path, query={"source_ips": source_ips})
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_a_sending_ip_is_taken_out_of_use(acme: Tenant) -> None:
    ip_id = furnish(acme)["ip_id"]
    assert (
        acme.call("PATCH", f"/api/sending-ips/{ip_id}", {"active": False}).json["active"] is False
    )
    assert app.api().sending_ips.active(acme.org_id, "marketing") == []


def test_a_source_shows_what_its_mail_system_has_to_be_told(acme: Tenant) -> None:
    source = acme.make("/api/sources", {"name": "Relay"})
    source_id = source["source_id"]
    assert source["webhook_url"] == f"https://t.example.test/webhooks/stalwart/{source_id}"
    assert source["inbound_url"] == f"https://t.example.test/webhooks/inbound/{source_id}"
    assert source["signature_key"] == app.keyring().source_key(source_id)
    assert app.keyring().inbound_fits(source_id, source["inbound_token"])
    assert acme.call("GET", f"/api/sources/{source_id}").json == source
    assert acme.call("DELETE", f"/api/sources/{source_id}").status == 204
    assert acme.call("DELETE", f"/api/sources/{source_id}").status == 404


def test_a_new_key_is_shown_once_and_works_with_its_scope(acme: Tenant) -> None:
    created = acme.make("/api/keys", {"name": "CI", "scopes": ["read"]})
    handler = acme.clients[Scope.ADMIN].handler
    reader = Client(handler, created["key"])
    assert reader.call("GET", "/api/contacts").status == 200
    assert reader.call("POST", "/api/contacts", {"email": "a@example.com"}).status == 403
    listed = acme.call("GET", "/api/keys")
    assert created["key"] not in listed.text
    assert {"CI", "read", "send", "admin"} == {key["name"] for key in listed.json["data"]}


def test_a_revoked_key_is_refused_and_stays_listed(acme: Tenant) -> None:
    created = acme.make("/api/keys", {"name": "CI", "scopes": ["admin"]})
    assert acme.call("DELETE", f"/api/keys/{created['key_id']}").status == 204
    revoked = Client(acme.clients[Scope.ADMIN].handler, created["key"])
    assert revoked.call("GET", "/api/contacts").status == 401
    states = {k["key_id"]: k["revoked_at"] for k in acme.call("GET", "/api/keys").json["data"]}
    assert states[created["key_id"]] is not None


@pytest.mark.parametrize("scopes", [[], ["root"], "read"])
def test_a_key_needs_known_scopes(acme: Tenant, scopes: Any) -> None:
    answer = acme.call("POST", "/api/keys", {"name": "CI", "scopes": scopes})
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_an_address_is_suppressed_by_hand_and_lifted(acme: Tenant) -> None:
    made = acme.make("/api/suppressions", {"email": "Bob@example.com", "note": "asked by phone"})
    assert made["contact_id"] == app.contact_id(acme.org_id, "bob@example.com")
    assert made["reasons"][0]["evidence"].endswith(": asked by phone")
    path = f"/api/suppressions/{made['contact_id']}"
    assert acme.call("GET", path).json == made
    assert acme.call("GET", "/api/suppressions").json["data"] == [made]
    assert acme.call("DELETE", path).status == 204
    assert acme.call("GET", path).status == 404
