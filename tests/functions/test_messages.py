"""Single messages, from the call to the relay: through the real handlers, on moto."""

import base64
import json
from collections.abc import Iterator
from dataclasses import replace
from email import message_from_bytes
from email.message import Message
from typing import Any

import pytest
from aiosmtpd.controller import Controller

from functions.release.handler import lambda_handler as release
from functions.sender.handler import lambda_handler as sender
from functions.transact.handler import lambda_handler as transact
from local.emulator import free_port
from mailtide import app
from mailtide.store.submissions import Submissions
from tests.events import Context, failed_ids, sqs_event
from tests.functions.tenants import Api, Tenant
from tests.functions.test_sender import Mailbox
from tests.http import Answer

CONTENT = {"subject": "Code {{ variables.code }}", "html": "<p>{{ variables.code }}</p>"}


@pytest.fixture
def mailbox() -> Iterator[tuple[Mailbox, int]]:
    mailbox, port = Mailbox(), free_port()
    controller = Controller(mailbox, hostname="127.0.0.1", port=port)
    controller.start()
    yield mailbox, port
    controller.stop()


@pytest.fixture
def identity_id(acme: Tenant, mailbox: tuple[Mailbox, int]) -> str:
    """An identity for transactional mail, and the sending IP that carries it."""
    transport = {"kind": "smtp", "host": "127.0.0.1", "port": mailbox[1], "tls": "none"}
    ip = {"tag": "prompt", "stream": "transactional", "transport": transport}
    acme.make("/api/sending-ips", ip)
    identity = {
        "name": "Shop",
        "from_name": "Shop",
        "from_address": "shop@acme.example",
        "bounce_domain": "b.acme.example",
        "stream": "transactional",
    }
    return str(acme.make("/api/identities", identity, "identity_id"))


def message(identity_id: str, **changes: Any) -> dict[str, Any]:
    asked = {
        "to": {"email": "Ann@Example.com", "name": "Ann"},
        "identity_id": identity_id,
        "content": CONTENT,
        "variables": {"code": "4711"},
    }
    return {name: value for name, value in (asked | changes).items() if value is not None}


def submit(acme: Tenant, body: dict[str, Any], key: str | None = None, **query: str) -> Answer:
    client = acme.admin
    if key:
        client = replace(client, headers={**client.headers, "idempotency-key": key})
    return client.call("POST", "/api/messages", body, query=query or None)


def deliver(world: Api) -> None:
    for pointer in world.pointers("transact"):
        assert failed_ids(transact(sqs_event(pointer), Context())) == []


def mails(box: Mailbox) -> list[Message]:
    return [message_from_bytes(one.original_content or b"") for one in box.envelopes]


def events(acme: Tenant, message_id: str) -> list[str]:
    answer = acme.call("GET", f"/api/messages/{message_id}")
    assert answer.status == 200, answer.text
    return [one["type"] for one in answer.json["events"]]


def test_a_message_is_taken_shown_and_handed_over_once(
    world: Api, acme: Tenant, identity_id: str, mailbox: tuple[Mailbox, int]
) -> None:
    answer = submit(acme, message(identity_id, tags={"kind": "code"}))
    assert answer.status == 202, answer.text
    message_id = answer.json["message_id"]
    assert events(acme, message_id) == ["queued"]
    pointers = world.pointers("transact")
    for pointer in pointers * 2:
        assert failed_ids(transact(sqs_event(pointer), Context())) == []
    (mail,) = mails(mailbox[0])
    assert (mail["Subject"], mail["To"]) == ("Code 4711", '"Ann" <Ann@example.com>')
    assert mail["List-Unsubscribe"] is None
    assert events(acme, message_id) == ["queued", "sent"]
    shown = acme.call("GET", f"/api/messages/{message_id}").json
    assert shown["events"][0]["details"]["tags"] == {"kind": "code"}
    assert shown["ip_id"]
    listed = acme.call("GET", "/api/messages", query={"recipient": "ann@example.com"}).json
    assert [one["message_id"] for one in listed["data"]] == [message_id]


def test_a_call_with_the_same_key_is_one_message(
    world: Api, acme: Tenant, identity_id: str, mailbox: tuple[Mailbox, int]
) -> None:
    first = submit(acme, message(identity_id), "order-4711")
    second = submit(acme, message(identity_id), "order-4711")
    assert first.json == second.json
    deliver(world)
    assert len(mailbox[0].envelopes) == 1


def test_a_call_that_dies_and_comes_again_is_one_message(
    world: Api,
    acme: Tenant,
    identity_id: str,
    mailbox: tuple[Mailbox, int],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The first try has written everything, and then its process or its answer is lost."""
    desk = app.messages().desk
    submit_ = type(desk).submit

    def dead(*args: Any) -> Any:
        submit_(*args)
        raise KeyError("lost")

    with monkeypatch.context() as patch:
        patch.setattr(type(desk), "submit", dead)
        assert submit(acme, message(identity_id), "order-1").status == 500
    again = submit(acme, message(identity_id), "order-1")
    assert again.status == 202
    deliver(world)
    assert len(mailbox[0].envelopes) == 1
    assert events(acme, again.json["message_id"]) == ["queued", "sent"]


def test_of_several_each_has_its_own_answer(
    world: Api, acme: Tenant, identity_id: str, mailbox: tuple[Mailbox, int]
) -> None:
    asked = [
        message(identity_id),
        message(identity_id, to={"email": "nobody"}),
        message("zebra"),
        message(identity_id, content=CONTENT | {"html": "<p>{{ oops }}</p>"}),
        message(identity_id, to={"email": "bob@example.com"}),
    ]
    answer = submit(acme, {"messages": asked})
    assert answer.status == 202, answer.text
    assert (answer.json["accepted"], answer.json["refused"]) == (2, 3)
    codes = [one["code"] for one in answer.json["results"]]
    assert codes == [None, "invalid_address", "invalid_request", "template_error", None]
    assert answer.json["results"][3]["errors"][0]["at"] == "html:1:7"
    deliver(world)
    assert mailbox[0].recipients == ["Ann@example.com", "bob@example.com"]


def test_what_is_wrong_with_one_is_the_answer(acme: Tenant, identity_id: str) -> None:
    answer = submit(acme, message(identity_id, to={"email": "nobody"}))
    assert (answer.status, answer.code) == (400, "invalid_address")
    answer = submit(acme, message(identity_id, content=None))
    assert (answer.status, answer.code) == (400, "invalid_request")
    answer = submit(acme, {"messages": [message(identity_id)] * 501})
    assert (answer.status, answer.code) == (400, "invalid_request")


def test_a_dry_run_keeps_nothing(world: Api, acme: Tenant, identity_id: str) -> None:
    answer = submit(acme, message(identity_id), dry_run="true")
    assert answer.json == {"message_id": None, "suppressed": None}
    several = submit(acme, {"messages": [message(identity_id)]}, dry_run="true")
    assert several.json["accepted"] == 1
    assert world.pointers("transact") == []
    found = acme.call("GET", "/api/contacts", query={"email": "ann@example.com"})
    assert found.json["data"] == []


def test_files_go_along_and_are_forgotten_with_their_contact(
    world: Api, acme: Tenant, identity_id: str, mailbox: tuple[Mailbox, int]
) -> None:
    upload = acme.make("/api/messages/uploads")
    key = f"attachments/{acme.org_id}/uploads/{upload['upload']}"
    assert key in upload["url"]
    bucket = "test-data"
    world.stack.s3.put_object(Bucket=bucket, Key=key, Body=b"large")
    files = [
        {
            "name": "a.txt",
            "content_type": "text/plain",
            "content": base64.b64encode(b"small").decode(),
        },
        {"name": "b.pdf", "content_type": "application/pdf", "upload": upload["upload"]},
    ]
    taken = submit(acme, message(identity_id, attachments=files))
    assert taken.status == 202, taken.text
    deliver(world)
    (mail,) = mails(mailbox[0])
    attached = [one for one in mail.walk() if one.get_content_disposition() == "attachment"]
    assert [one.get_payload(decode=True) for one in attached] == [b"small", b"large"]
    contact_id = app.contact_id(acme.org_id, "ann@example.com")
    prefix = f"attachments/{acme.org_id}/{contact_id}/"
    assert len(world.stack.objects(prefix)) == 1
    assert acme.call("DELETE", f"/api/contacts/{contact_id}").status == 204
    assert world.stack.objects(prefix) == {}
    message_id = taken.json["message_id"]
    assert Submissions().get(acme.org_id, contact_id, message_id) is None


def test_an_upload_of_another_organisation_is_not_there(
    world: Api, acme: Tenant, identity_id: str
) -> None:
    upload = world.other.make("/api/messages/uploads")
    key = f"attachments/{world.other.org_id}/uploads/{upload['upload']}"
    world.stack.s3.put_object(Bucket="test-data", Key=key, Body=b"theirs")
    for name in (upload["upload"], f"../../{world.other.org_id}/uploads/{upload['upload']}"):
        files = [{"name": "a", "content_type": "a/b", "upload": name}]
        answer = submit(acme, message(identity_id, attachments=files))
        assert (answer.status, answer.code) == (400, "attachment_missing")


def test_the_two_queues_never_meet(
    world: Api, acme: Tenant, identity_id: str, mailbox: tuple[Mailbox, int]
) -> None:
    submit(acme, message(identity_id))
    assert world.pointers("sending") == []
    (pointer,) = world.pointers("transact")
    assert json.loads(pointer)["org_id"] == acme.org_id
    assert failed_ids(sender(sqs_event('{"org_id": "acme"}'), Context())) == ["message-0"]
    assert failed_ids(transact(sqs_event('{"org_id": "acme"}'), Context())) == ["message-0"]


def test_an_event_makes_a_trigger_send_once(
    world: Api, acme: Tenant, identity_id: str, mailbox: tuple[Mailbox, int]
) -> None:
    template = {
        "name": "Thanks",
        "subject": "Order {{ variables.order }}",
        "html": "<p>Thank you</p>",
    }
    template_id = acme.make("/api/templates", template, "template_id")
    trigger = {"name": "Thanks", "event": "order.paid", "identity_id": identity_id}
    acme.make("/api/triggers", trigger | {"template_id": template_id})
    contact_id = acme.make("/api/contacts", {"email": "ann@example.com"}, "contact_id")
    event = {"event": "order.paid", "contact_id": contact_id, "properties": {"order": "4711"}}
    first = acme.call("POST", "/api/events", event)
    assert first.status == 202, first.text
    (message_id,) = first.json["message_ids"]
    assert acme.call("POST", "/api/events", event).json["message_ids"] == []
    deliver(world)
    (mail,) = mails(mailbox[0])
    assert mail["Subject"] == "Order 4711"
    shown = acme.call("GET", f"/api/messages/{message_id}").json
    assert shown["events"][0]["details"]["template_id"] == template_id
    unknown = acme.call("POST", "/api/events", event | {"contact_id": "zebra"})
    assert (unknown.status, unknown.code) == (400, "invalid_request")


def test_a_new_contact_gets_the_marketing_of_a_trigger_with_its_way_out(
    world: Api, acme: Tenant, mailbox: tuple[Mailbox, int]
) -> None:
    transport = {"kind": "smtp", "host": "127.0.0.1", "port": mailbox[1], "tls": "none"}
    acme.make("/api/sending-ips", {"tag": "bulk", "transport": transport})
    identity = {
        "name": "News",
        "from_name": "News",
        "from_address": "news@acme.example",
        "bounce_domain": "b.acme.example",
    }
    named = {
        "identity_id": acme.make("/api/identities", identity, "identity_id"),
        "template_id": acme.make(
            "/api/templates",
            {"name": "Welcome", "subject": "Welcome", "html": "<p>Hello</p>"},
            "template_id",
        ),
    }
    acme.make("/api/triggers", {"name": "Welcome", "event": "contact.created"} | named)
    for _ in range(2):
        acme.make("/api/contacts", {"email": "bob@example.com"})
    assert world.pointers("transact") == world.pointers("sending") == []
    release({}, Context())
    (pointer,) = world.pointers("sending")
    assert failed_ids(sender(sqs_event(pointer), Context())) == []
    (mail,) = mails(mailbox[0])
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
