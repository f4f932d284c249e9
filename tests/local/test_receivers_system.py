"""The receivers as a process: real SMTP in; webhooks, reports and hits out; the ledger agrees."""

import hashlib
import json
import signal
import smtplib
import socket
import ssl
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest

from local.receivers.poster import sign
from tests.local.receivers_recorder import Recorder, recording

KEY = "webhook-key"
USER = ("mailtide", "relay-password")
CAMPAIGN = "0123456789"
PATIENCE_SECONDS = 30.0  # of a slow machine; nothing here takes one
DELAYS = {
    "deliver": [0.02, 0.04],
    "retry": [0.05, 0.1],
    "machine": [0.01, 0.03],
    "human": [0.1, 0.15],
    "next": [0.05, 0.08],
}


ANSWERS = b"Reply-To: r-a@reply.news.example\r\n"
MAILTO = b",\r\n <mailto:u-a@reply.news.example?subject=unsubscribe>\r\nList-Unsubscribe-Post"


@dataclass
class Receivers:
    """A running process with the ports it printed and what it was told to talk to."""

    ports: dict[str, Any]
    recorder: Recorder
    process: subprocess.Popen[str]

    def control(self, path: str, body: object = None) -> Any:
        """Ask the control server; a body makes it a POST."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.ports['control']}{path}", data=data
        )
        with urllib.request.urlopen(request, timeout=PATIENCE_SECONDS) as response:  # noqa: S310 - loopback
            return json.load(response)

    def settled(self) -> None:
        """Wait until nothing is scheduled and the webhook has everything."""

        def quiet() -> bool:
            idle = self.control("/idle")
            return bool(idle["scheduled"] == idle["unsent"] == 0)

        until(quiet)

    def message(self, recipient: str) -> dict[str, Any]:
        """Read one message's page of the ledger."""
        found = [m for m in self.control("/ledger")["messages"] if m["recipient"] == recipient]
        assert len(found) == 1
        return dict(found[0])

    def events(self, sender: str) -> list[dict[str, Any]]:
        """Collect the events posted about one envelope sender, in the order they came."""
        posted = (json.loads(request.body) for request in self.recorder.to("/hook"))
        return [e for body in posted for e in body["events"] if e["data"]["from"] == sender]

    def connect(self, ip: str = "a1") -> smtplib.SMTP:
        """Connect to the relay of a sending IP."""
        return smtplib.SMTP("127.0.0.1", self.ports["smtp"][ip], timeout=PATIENCE_SECONDS)

    def smtp(self, ip: str = "a1") -> smtplib.SMTP:
        """Connect and log in as the product's sender would."""
        client = self.connect(ip)
        client.login(*USER)
        return client

    def send(
        self, recipient: str, *, message: str = "a", ip: str = "a1", answers: bool = False
    ) -> str:
        """Send one message; return its envelope sender."""
        sender = verp(message, ip)
        letter = mail(recipient, self.recorder.url)
        if answers:
            letter = letter.replace(b"List-Unsubscribe: ", ANSWERS + b"List-Unsubscribe: ", 1)
            letter = letter.replace(b"\r\nList-Unsubscribe-Post", MAILTO, 1)
        with self.smtp(ip) as client:
            client.sendmail(sender, [recipient], letter)
        return sender

    def brought(self, recipient: str) -> list[dict[str, Any]]:
        """Return the mails that the hook was given from a mailbox, in the order they came."""
        posted = (json.loads(request.body) for request in self.recorder.to("/inbound"))
        return [one for one in posted if recipient in json.dumps(one)]


def until(condition: Callable[[], bool]) -> None:
    """Poll until a condition holds."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, "it did not come about in time"
        time.sleep(0.02)


def verp(message: str, ip: str = "a1") -> str:
    key = hashlib.blake2b(message.encode(), digest_size=8).hexdigest()
    return f"b-{ip}-{CAMPAIGN}{key}-1{key}@bounce.news.example"


def mail(recipient: str, url: str) -> bytes:
    letter = EmailMessage()
    letter["From"] = "Example News <hello@news.example>"
    letter["To"] = recipient
    letter["Subject"] = "News"
    letter["Message-ID"] = f"<{recipient}>"
    letter["List-Unsubscribe"] = f"<{url}/u/{recipient}>"
    letter["List-Unsubscribe-Post"] = "List-Unsubscribe=One-Click"
    letter.set_content("News")
    letter.add_alternative(
        f'<a href="{url}/t/c/{recipient}/1">1</a> <a href="{url}/t/c/{recipient}/2">2</a>'
        f'<a href="{url}/u/{recipient}">leave</a><img src="{url}/t/o/{recipient}.gif">',
        subtype="html",
    )
    letter.set_boundary("boundary")
    return letter.as_bytes(policy=policy.SMTP)


@contextmanager
def started(recorder: Recorder, folder: Path, **settings: Any) -> Iterator[Receivers]:
    config = {
        "listeners": [
            {"ip": ip, "username": USER[0], "password": USER[1], "address": f"203.0.113.{n}"}
            for n, ip in enumerate(("a1", "a2"), 10)
        ],
        "webhook": {"url": f"{recorder.url}/hook", "key": KEY, "throttle": 0.02, "retry": 0.02},
        "inbound": {"url": f"{recorder.url}/inbound", "token": "hook-token"},
        "delays": DELAYS,
    }
    path = folder / "receivers.json"
    path.write_text(json.dumps(config | settings))
    process = subprocess.Popen(
        [sys.executable, "-m", "local.receivers", "--config", str(path)],
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        yield Receivers(json.loads(process.stdout.readline()), recorder, process)
    finally:
        process.send_signal(signal.SIGTERM)
        assert process.wait(timeout=5) == 0
        process.stdout.close()


@pytest.fixture(scope="module")
def receivers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Receivers]:
    folder = tmp_path_factory.mktemp("receivers")
    with recording() as recorder, started(recorder, folder) as running:
        yield running


def test_reply_to_data_names_the_queue_id_of_the_events(receivers: Receivers) -> None:
    recipient, sender = "quiet+id@gmail.com", verp("queueid")
    with receivers.smtp() as client:
        client.mail(sender)
        client.rcpt(recipient)
        code, text = client.data(mail(recipient, receivers.recorder.url))
    receivers.settled()
    assert code == 250
    start, _, hexadecimal = text.decode().rpartition(" ")
    assert start == "2.0.0 Message queued with id"
    ids = {event["data"]["queueId"] for event in receivers.events(sender)}
    assert ids == {int(hexadecimal, 16)}
    assert receivers.message(recipient)["queue_id"] == str(int(hexadecimal, 16))


def test_unknown_password_is_refused(receivers: Receivers) -> None:
    with (
        receivers.connect() as client,
        pytest.raises(smtplib.SMTPAuthenticationError),
    ):
        client.login(USER[0], "wrong")


def test_sender_without_a_login_is_refused(receivers: Receivers) -> None:
    with receivers.connect() as client:
        client.ehlo()
        assert client.mail(verp("nologin"))[0] == 503


def test_delivery_is_told_in_signed_events_at_the_ledgers_instant(receivers: Receivers) -> None:
    sender = receivers.send("quiet+told@gmail.com", message="told")
    receivers.settled()
    events = receivers.events(sender)
    assert [event["type"] for event in events] == [
        "queue.authenticated-message-queued",
        "delivery.attempt-start",
        "delivery.connect",
        "delivery.delivered",
        "delivery.dsn-success",
        "delivery.completed",
    ]
    created = events[3]["createdAt"].replace("Z", "+00:00")
    assert receivers.message("quiet+told@gmail.com")["delivered_at"] == created
    assert events[2]["data"]["localIp"] == "203.0.113.10"
    for request in receivers.recorder.to("/hook"):
        assert request.headers["X-Signature"] == sign(request.body, KEY)


@pytest.mark.parametrize(
    ("recipient", "types", "kind"),
    [
        ("hard+1@gmail.com", ["rcpt-to-rejected", "dsn-perm-fail"], "hard"),
        ("hard+2@yahoo.com", ["message-rejected", "dsn-perm-fail"], "hard"),
        ("soft+3@icloud.com", ["rcpt-to-rejected", "failed", "dsn-perm-fail"], "soft"),
        ("block+4@outlook.com", ["mail-from-rejected", "dsn-perm-fail"], "blocked"),
        ("block+5@yahoo.com", ["mail-from-rejected", "failed", "dsn-perm-fail"], "blocked"),
    ],
)
def test_refusal_is_told_and_kept_by_its_kind(
    receivers: Receivers, recipient: str, types: list[str], kind: str
) -> None:
    sender = receivers.send(recipient, message=recipient)
    receivers.settled()
    told = [event["type"].removeprefix("delivery.") for event in receivers.events(sender)]
    assert [name for name in told if name.endswith(("rejected", "failed", "fail"))] == types
    message = receivers.message(recipient)
    assert (message["fate"], message["delivered_at"]) == (kind, None)
    assert message["bounced_at"]


def test_greylisted_message_is_rescheduled_and_then_delivered(receivers: Receivers) -> None:
    sender = receivers.send("defer+x@gmail.com", message="defer")
    receivers.settled()
    told = [event["type"] for event in receivers.events(sender)]
    assert told.index("queue.rescheduled") < told.index("delivery.delivered")
    message = receivers.message("defer+x@gmail.com")
    assert len(message["deferred_at"]) == 1
    assert message["delivered_at"]


def test_person_opens_then_clicks_one_link_and_follows_nothing(receivers: Receivers) -> None:
    receivers.send("click+x@gmail.com", message="click")
    receivers.settled()
    message = receivers.message("click+x@gmail.com")
    (opened,), (clicked,) = message["opens"], message["clicks"]
    assert (opened["kind"], clicked["kind"], clicked["status"]) == ("human", "human", 302)
    assert "GoogleImageProxy" in opened["agent"]
    assert opened["started_at"] < clicked["started_at"]
    assert clicked["location"] == "https://shop.example/offer"
    assert len(receivers.recorder.to("/t/c/click")) == 1


def test_scanner_fetches_the_pixel_and_every_link_without_unsubscribing(
    receivers: Receivers,
) -> None:
    receivers.send("machine+x@acme-corp.com", message="machine")
    receivers.settled()
    message = receivers.message("machine+x@acme-corp.com")
    assert {hit["kind"] for hit in message["opens"] + message["clicks"]} == {"machine"}
    assert sorted(urlsplit(hit["url"]).path[-2:] for hit in message["clicks"]) == ["/1", "/2"]
    assert {r.method for r in receivers.recorder.to("/u/machine")} <= {"GET", "HEAD"}
    assert message["unsubscribed_at"] is None


def test_apple_proxy_opens_at_once_under_its_bare_name(receivers: Receivers) -> None:
    receivers.send("proxy+x@icloud.com", message="proxy")
    receivers.settled()
    (opened,) = receivers.message("proxy+x@icloud.com")["opens"]
    assert (opened["agent"], opened["kind"]) == ("Mozilla/5.0", "machine")


def test_people_unsubscribe_by_one_click_in_both_forms(receivers: Receivers) -> None:
    names = [f"unsub+{n}@gmail.com" for n in range(8)]
    for n, name in enumerate(names):
        receivers.send(name, message=f"unsub{n}")
    receivers.settled()
    forms = set()
    for request in receivers.recorder.to("/u/unsub"):
        assert request.method == "POST"
        form = request.headers["Content-Type"].partition(";")[0]
        forms.add(form)
        if form == "multipart/form-data":
            head = f"Content-Type: {request.headers['Content-Type']}\r\n\r\n".encode()
            form_data = message_from_bytes(head + request.body, policy=policy.default)
            (part,) = form_data.iter_parts()
            assert part.get_param("name", header="Content-Disposition") == "List-Unsubscribe"
            assert part.get_content() == "One-Click"
        else:
            assert request.body == b"List-Unsubscribe=One-Click"
    assert forms == {"multipart/form-data", "application/x-www-form-urlencoded"}
    assert all(receivers.message(name)["unsubscribed_at"] for name in names)


def test_redirected_unsubscription_did_not_happen(receivers: Receivers) -> None:
    receivers.recorder.answers["/u/unsub+moved"] = [302]
    receivers.send("unsub+moved@gmail.com", message="moved")
    receivers.settled()
    assert receivers.message("unsub+moved@gmail.com")["unsubscribed_at"] is None


def test_complaint_comes_as_a_report_through_the_hook(receivers: Receivers) -> None:
    sender = receivers.send("complain+x@yahoo.com", message="complain")
    receivers.settled()
    brought = receivers.recorder.to("/inbound")
    (request,) = [one for one in brought if b"feedback-report" in one.body]
    assert request.headers["Authorization"] == "Bearer hook-token"
    contents = json.loads(request.body)["message"]["contents"]
    assert f"Original-Mail-From: <{sender}>" in contents
    assert "List-Unsubscribe-Post: List-Unsubscribe=One-Click" in contents
    assert receivers.message("complain+x@yahoo.com")["complained_at"]


def test_person_answers_to_the_reply_address_and_some_servers_bring_it_twice(
    receivers: Receivers,
) -> None:
    names = [f"reply+{n}@gmail.com" for n in range(8)]
    for n, name in enumerate(names):
        receivers.send(name, message=f"reply{n}", answers=True)
    receivers.settled()
    times = set()
    for name in names:
        brought = receivers.brought(name)
        times.add(len(brought))
        assert all(one == brought[0] for one in brought)
        assert brought[0]["envelope"] == {
            "from": {"address": name},
            "to": [{"address": "r-a@reply.news.example"}],
        }
        headers = dict(brought[0]["message"]["headers"])
        assert headers["Subject"] == " Re: News\r\n"
        assert headers["In-Reply-To"] == f" <{name}>\r\n"
        (reply,) = receivers.message(name)["replies"]
        assert (reply["kind"], reply["status"]) == ("human", 200)
    assert times == {1, 2}


def test_vacation_programs_answer_without_a_sender_or_with_one(receivers: Receivers) -> None:
    senders = {}
    for n in range(8):
        name = f"ooo+{n}@gmail.com"
        senders[name] = receivers.send(name, message=f"ooo{n}", answers=True)
    receivers.settled()
    ways = set()
    for name, sender in senders.items():
        (first, *_) = receivers.brought(name[: name.index("@")]) or receivers.brought(sender)
        envelope = first["envelope"]
        ways.add(envelope["to"][0]["address"].partition("-")[0])
        assert dict(first["message"]["headers"])["Auto-Submitted"] == " auto-replied\r\n"
        assert len(receivers.message(name)["auto_replies"]) == 1
    assert ways == {"b", "r"}


def test_people_unsubscribe_by_mail_where_the_message_takes_it(receivers: Receivers) -> None:
    receivers.send("unsubmail+x@gmail.com", message="unsubmail", answers=True)
    receivers.send("unsubmail+y@gmail.com", message="oneclick")
    receivers.settled()
    (first, *_) = receivers.brought("unsubmail+x@gmail.com")
    assert first["envelope"]["to"][0]["address"].lower() == "u-a@reply.news.example"
    assert receivers.message("unsubmail+x@gmail.com")["unsubscribed_at"]
    assert receivers.recorder.to("/u/unsubmail+x") == []
    assert receivers.message("unsubmail+y@gmail.com")["unsubscribed_at"]
    assert len(receivers.recorder.to("/u/unsubmail+y")) == 1


def test_server_behind_the_first_gives_a_message_back(receivers: Receivers) -> None:
    sender = receivers.send("late+x@gmail.com", message="late")
    receivers.settled()
    (first, *_) = receivers.brought("late+x@gmail.com")
    assert first["envelope"] == {"from": {"address": ""}, "to": [{"address": sender}]}
    report = f"Content-Type:{dict(first['message']['headers'])['Content-Type']}\r\n"
    parsed = message_from_bytes((report + first["message"]["contents"]).encode())
    actions = [part["Action"] for part in parsed.walk() if part["Action"]]
    assert actions == ["failed"]
    message = receivers.message("late+x@gmail.com")
    assert message["delivered_at"]
    assert message["returned_at"]


def test_nobody_answers_a_message_that_names_no_address(receivers: Receivers) -> None:
    receivers.send("reply+none@gmail.com", message="none")
    receivers.settled()
    assert receivers.message("reply+none@gmail.com")["replies"] == []
    assert receivers.brought("reply+none@gmail.com") == []


def test_hit_is_tried_again_until_answered_and_is_then_in_doubt(receivers: Receivers) -> None:
    receivers.recorder.answers["/t/o/open+again"] = [503, 503]
    receivers.send("open+again@gmail.com", message="again")
    receivers.settled()
    message = receivers.message("open+again@gmail.com")
    (opened,) = message["opens"]
    assert (opened["tries"], opened["doubtful"], message["doubtful_hits"]) == (3, True, 1)


def test_address_outside_this_machine_is_never_asked(receivers: Receivers) -> None:
    recipient = "machine+away@gmail.com"
    with receivers.smtp() as client:
        client.sendmail(verp("away"), [recipient], mail(recipient, "http://news.example"))
    receivers.settled()
    message = receivers.message(recipient)
    assert message["opens"] == message["clicks"] == []
    assert {(hit["status"], hit["tries"]) for hit in message["not_happened"]} == {(None, 0)}


def test_refused_batch_comes_again_whole_under_fresh_ids(receivers: Receivers) -> None:
    receivers.settled()
    before = len(receivers.recorder.to("/hook"))
    receivers.recorder.answers["/hook"] = [503]
    sender = receivers.send("quiet+retry@gmail.com", message="retry")
    receivers.settled()
    first, second = (json.loads(r.body) for r in receivers.recorder.to("/hook")[before:][:2])
    lost = first["events"][0]
    again = next(e for e in second["events"] if e["type"] == lost["type"])
    assert again["id"] != lost["id"]
    assert {**again, "id": ""} == {**lost, "id": ""}
    assert lost["data"]["from"] == sender


def test_chaos_repeats_and_shuffles_but_loses_nothing(receivers: Receivers) -> None:
    receivers.control("/behaviour", {"chaos": 0.7})
    senders = [receivers.send(f"quiet+c{n}@gmail.com", message=f"c{n}") for n in range(10)]
    receivers.settled()
    receivers.control("/behaviour", {"chaos": 0.0})
    told = [[e["type"] for e in receivers.events(sender)] for sender in senders]
    assert all(len(set(types)) == 6 for types in told)
    assert any(len(types) > 6 for types in told)


def test_relay_refuses_for_now_once_and_then_takes(receivers: Receivers) -> None:
    recipient, sender = "relay4xx+x@gmail.com", verp("relay4")
    with receivers.smtp() as client:
        client.mail(sender)
        assert client.rcpt(recipient)[0] == 451
    receivers.send(recipient, message="relay4")
    receivers.settled()
    assert receivers.message(recipient)["delivered_at"]


def test_relay_refuses_for_good(receivers: Receivers) -> None:
    with pytest.raises(smtplib.SMTPRecipientsRefused):
        receivers.send("relay5xx+x@gmail.com", message="relay5")
    refusals = receivers.control("/ledger")["refusals"]
    assert [r["code"] for r in refusals if r["recipient"] == "relay5xx+x@gmail.com"] == [550]


def test_lost_reply_leaves_a_message_that_is_delivered_all_the_same(receivers: Receivers) -> None:
    with pytest.raises(smtplib.SMTPServerDisconnected):
        receivers.send("drop+x@gmail.com", message="drop")
    receivers.settled()
    assert receivers.message("drop+x@gmail.com")["delivered_at"]


def test_second_message_of_a_campaign_to_a_recipient_is_a_duplicate(receivers: Receivers) -> None:
    receivers.send("quiet+twice@gmail.com", message="twice")
    receivers.send("quiet+twice@gmail.com", message="twice", ip="a2")
    found = receivers.control(f"/ledger?campaign={CAMPAIGN}")["duplicates"]
    assert [d["recipient"] for d in found] == ["quiet+twice@gmail.com"]


def test_behaviour_changes_at_run_time_and_nonsense_is_refused(receivers: Receivers) -> None:
    receivers.control("/behaviour", {"addresses": {"anna@gmail.com": "hard"}})
    receivers.send("anna@gmail.com", message="anna")
    receivers.settled()
    assert receivers.message("anna@gmail.com")["fate"] == "hard"
    with pytest.raises(urllib.error.HTTPError) as refused:
        receivers.control("/behaviour", {"rates": {"hurd": 1}})
    assert refused.value.code == 400
    refused.value.close()


def test_kept_mail_is_shown_byte_for_byte(receivers: Receivers) -> None:
    receivers.send("quiet+kept@gmail.com", message="kept")
    (raw,) = receivers.control("/mail?recipient=quiet%2Bkept@gmail.com")["messages"]
    assert raw.encode() == mail("quiet+kept@gmail.com", receivers.recorder.url)


def test_pipelined_chunks_make_one_message(receivers: Receivers) -> None:
    recipient = "quiet+chunks@gmail.com"
    content = mail(recipient, receivers.recorder.url)
    with receivers.smtp() as client:
        client.ehlo()
        assert client.has_extn("chunking")
        assert client.has_extn("pipelining")
        assert client.sock is not None
        client.sock.sendall(
            f"MAIL FROM:<{verp('chunks')}> BODY=8BITMIME RET=HDRS\r\n"
            f"RCPT TO:<{recipient}> NOTIFY=NEVER\r\nBDAT 100\r\n".encode()
            + content[:100]
            + f"BDAT {len(content) - 100} LAST\r\n".encode()
            + content[100:]
        )
        assert [client.getreply()[0] for _ in range(4)] == [250, 250, 250, 250]
    (raw,) = receivers.control("/mail?recipient=quiet%2Bchunks@gmail.com")["messages"]
    assert raw.encode() == content


def test_starttls_is_offered_and_login_needs_it(tmp_path: Path) -> None:
    with recording() as recorder, started(recorder, tmp_path, starttls=True) as receivers:
        address = ("127.0.0.1", receivers.ports["smtp"]["a1"])
        with smtplib.SMTP(*address, timeout=PATIENCE_SECONDS) as client:
            client.ehlo()
            assert not client.has_extn("auth")
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
            client.starttls(context=context)
            client.login(*USER)
            client.sendmail(verp("tls"), ["quiet+x@gmail.com"], mail("quiet+x@gmail.com", ""))
        receivers.settled()
        assert receivers.message("quiet+x@gmail.com")["delivered_at"]
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(address, timeout=1).close()
