"""The ledger's sums, and the pure parts around it: what a letter shows, what an event says."""

import json
from datetime import UTC, datetime, timedelta

import pytest

from local.receivers.events import Route, Session, Snowflakes, Span, deferred, delivered, queued
from local.receivers.feedback import Complaint, hook_request
from local.receivers.ledger import Entry, Hit, Ledger, quarter, read_verp
from local.receivers.letter import read_body, read_headers
from local.receivers.poster import sign
from local.receivers.providers import provider_of

NOW = datetime(2026, 9, 1, 10, 14, 59, tzinfo=UTC)
CAMPAIGN = "0123456789"
SENDER = f"b-a1-{CAMPAIGN}abcdefghijklmnop-1{'0f' * 8}@bounce.news.example"


def entry(recipient: str = "anna@gmail.com", message: str = "abcdefghijklmnop") -> Entry:
    return Entry(
        queue_id="1",
        ip="a1",
        envelope_from=SENDER,
        recipient=recipient,
        identity="news.example",
        message_id_header="<m@news.example>",
        subject="News",
        size=1,
        provider="gmail",
        fate="delivered",
        accepted_at=NOW,
        message_id=CAMPAIGN + message,
        campaign=CAMPAIGN,
    )


def hit(
    what: str,
    *,
    after: float = 0,
    kind: str = "human",
    status: int | None = 200,
    doubtful: bool = False,
    method: str = "GET",
) -> Hit:
    at = NOW + timedelta(seconds=after)
    return Hit(what, kind, "http://127.0.0.1/t/x", method, "", at, at, status, None, 1, doubtful)


def totals(*entries: Entry) -> dict[str, int]:
    ledger = Ledger()
    ledger.entries.extend(entries)
    return dict(ledger.summary()["totals"])


def test_total_counts_every_hit_and_unique_each_message_once() -> None:
    one = entry()
    for after in (0, 5, 9):
        one.record(hit("open", after=after))
    one.record(hit("open", kind="machine"))
    counted = totals(one)
    assert (counted["opens_human"], counted["unique_opens_human"]) == (3, 1)
    assert (counted["opens_machine"], counted["unique_opens"]) == (1, 1)


@pytest.mark.parametrize(
    ("status", "happened"), [(200, 1), (302, 1), (404, 0), (503, 0), (None, 0)]
)
def test_hit_counts_only_when_the_server_took_it(status: int | None, happened: int) -> None:
    one = entry()
    one.record(hit("click", status=status))
    assert totals(one).get("clicks_human", 0) == happened
    assert len(one.not_happened) == 1 - happened


def test_hit_with_an_unclear_try_is_in_doubt() -> None:
    ledger = Ledger()
    ledger.entries.append(entry())
    ledger.entries[0].record(hit("open", doubtful=True))
    assert ledger.summary()["doubtful_hits"] == 1


def test_repeated_unsubscription_keeps_the_first_instant() -> None:
    one = entry()
    one.record(hit("unsubscribe"))
    one.record(hit("unsubscribe", after=60))
    assert one.unsubscribed_at == NOW
    assert totals(one)["unsubscribes"] == 1


def test_counters_stand_in_the_bucket_of_their_own_instant() -> None:
    ledger = Ledger()
    ledger.entries.append(entry())
    ledger.entries[0].delivered_at = NOW + timedelta(seconds=2)
    buckets = ledger.summary()["by_bucket"]
    assert buckets["2026-09-01T10:00"] == {"accepted": 1}
    assert buckets["2026-09-01T10:15"] == {"delivered": 1}


def test_every_grouping_sums_to_the_totals() -> None:
    ledger = Ledger()
    ledger.entries.extend([entry(), entry("bo@yahoo.com", "bbbbbbbbbbbbbbbb")])
    ledger.entries[1].provider = "yahoo"
    ledger.entries[1].record(hit("open"))
    summary = ledger.summary()
    for name in ("by_bucket", "by_provider", "by_identity", "by_ip", "by_campaign"):
        summed: dict[str, int] = {}
        for counters in summary[name].values():
            for counter, count in counters.items():
                summed[counter] = summed.get(counter, 0) + count
        assert summed == dict(summary["totals"])


def test_recipient_mailed_twice_by_a_campaign_is_a_duplicate() -> None:
    ledger = Ledger()
    ledger.entries.extend([entry(), entry("ANNA@gmail.com"), entry("bo@gmail.com")])
    (found,) = ledger.export()["duplicates"]
    assert (found["campaign"], found["recipient"]) == (CAMPAIGN, "anna@gmail.com")


def test_summary_of_one_campaign_leaves_out_the_others() -> None:
    ledger = Ledger()
    other = entry()
    other.campaign = "other"
    ledger.entries.extend([entry(), other])
    assert ledger.summary(CAMPAIGN)["totals"]["accepted"] == 1


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        (SENDER, ("a1", f"{CAMPAIGN}abcdefghijklmnop")),
        (SENDER.replace("a1", "mkt-a1"), ("mkt-a1", f"{CAMPAIGN}abcdefghijklmnop")),
        ("hello@news.example", None),
        (SENDER.upper(), ("A1", f"{CAMPAIGN}abcdefghijklmnop")),
        (SENDER.replace("p-", "-"), None),  # 25 characters
        (SENDER.replace("0f@", "@"), None),  # a MAC that was cut
    ],
)
def test_envelope_sender_names_the_ip_and_the_message(
    address: str, expected: tuple[str, str] | None
) -> None:
    assert read_verp(address) == expected


def test_quarter_starts_its_bucket() -> None:
    assert quarter(NOW) == "2026-09-01T10:00"
    assert quarter(NOW + timedelta(seconds=1)) == "2026-09-01T10:15"


def test_signature_is_the_one_of_a_recorded_request() -> None:
    body = (
        '{"events":[{"id":"178825680415184","createdAt":"2026-09-01T10:00:04Z",'
        '"type":"delivery.delivered","data":{"spanId":327107060422415873,'
        '"hostname":"aspmx.l.google.com","to":"alex@example.com","code":250,'
        '"details":"OK  1788256803 d2e1a72fcca58-7acf24e0b1csi1834567b3a.112 - gsmtp",'
        '"elapsed":642,"queueId":327107060195923457,"queueName":"mkta3",'
        '"from":"b-mkta3-0h7k2m9q4x1c@bounce.news.example.com","size":18234,"total":1}}]}'
    )
    assert (
        sign(body.encode(), "example-signature-key")
        == "efiuRiNcYqKpCZ+yvgr+8zRnJZG2LNAGNfRCnvyYaQ0="
    )


def span() -> Span:
    return Span(7, 9, "a1", SENDER, "anna@gmail.com", 18234)


ROUTE = Route("gmail.com", "gmail-smtp-in.l.google.com", "203.0.113.10")


def test_delivered_event_names_its_one_recipient_and_inherits_the_span() -> None:
    event = next(e for e in delivered(NOW, span(), ROUTE, NOW, "OK") if "delivered" in e["type"])
    assert event == {
        "createdAt": "2026-09-01T10:14:59Z",
        "type": "delivery.delivered",
        "data": {
            "spanId": 7,
            "queueId": 9,
            "queueName": "a1",
            "from": SENDER,
            "to": "anna@gmail.com",
            "size": 18234,
            "total": 1,
            "hostname": "gmail-smtp-in.l.google.com",
            "code": 250,
            "details": "OK",
            "elapsed": 642,
        },
    }


def test_queued_event_has_the_keys_of_the_session_not_of_a_delivery() -> None:
    data = queued(NOW, span(), Session(5, 2526, "127.0.0.1", 40000))["data"]
    assert (data["spanId"], data["queueId"], data["to"]) == (5, 9, ["anna@gmail.com"])
    assert {"listenerId", "localPort", "remoteIp", "remotePort"} <= set(data)
    assert "queueName" not in data


def test_refusal_of_the_sender_carries_its_words_in_a_nested_error() -> None:
    reply = provider_of("yahoo.com", {}).blocked.filled(
        recipient="anna@yahoo.com", ip="203.0.113.10", trace="t"
    )
    rejected = deferred(NOW, span(), ROUTE, NOW, reply, NOW)[2]
    assert rejected["type"] == "delivery.mail-from-rejected"
    assert rejected["data"]["causedBy"]["data"]["code"] == 421
    assert "[TSS04] Messages from 203.0.113.10" in rejected["data"]["causedBy"]["data"]["reason"]


def test_queue_ids_are_unique_and_beyond_a_float() -> None:
    ids = Snowflakes()
    made = [ids.next(NOW) for _ in range(1000)]
    assert len(set(made)) == 1000
    assert min(made) > 2**53


LETTER = b"""From: Example News <hello@News.example>\r
To: anna@gmail.com\r
Subject: =?utf-8?q?Sommer_f=C3=BCr_alle?=\r
Message-ID: <m@news.example>\r
List-Unsubscribe: <mailto:u@news.example>, <http://127.0.0.1:8080/u/token>\r
List-Unsubscribe-Post: List-Unsubscribe=One-Click\r
MIME-Version: 1.0\r
Content-Type: multipart/alternative; boundary=b\r
\r
--b\r
Content-Type: text/plain\r
\r
http://127.0.0.1:8080/t/c/text/link\r
--b\r
Content-Type: text/html; charset=utf-8\r
Content-Transfer-Encoding: quoted-printable\r
\r
<a href=3D"http://127.0.0.1:8080/t/c/r/one?a=3D1&amp;b=3D2">One</a>\r
<a href=3D"http://127.0.0.1:8080/t/c/r/trap" style=3D"display: none">Trap</a>\r
<a href=3D"mailto:hello@news.example">Write</a>\r
<img src=3D"logo.png"><img src=3D"http://127.0.0.1:8080/t/o/r.gif">\r
--b--\r
"""


def test_letter_shows_its_headers() -> None:
    headers = read_headers(LETTER)
    assert (headers.identity, headers.message_id, headers.subject) == (
        "news.example",
        "<m@news.example>",
        "Sommer für alle",
    )


def test_letter_shows_its_pixel_links_and_unsubscribe_address() -> None:
    body = read_body(LETTER)
    assert body.pixel == "http://127.0.0.1:8080/t/o/r.gif"
    assert [(link.url, link.visible) for link in body.links] == [
        ("http://127.0.0.1:8080/t/c/r/one?a=1&b=2", True),
        ("http://127.0.0.1:8080/t/c/r/trap", False),
    ]
    assert body.unsubscribe == "http://127.0.0.1:8080/u/token"


def test_letter_without_the_post_header_offers_no_one_click() -> None:
    assert read_body(LETTER.replace(b"-Post:", b"-Past:")).unsubscribe is None


def test_feedback_report_carries_the_envelope_sender_and_hides_who_complained() -> None:
    complaint = Complaint(
        "yahoo", SENDER, "anna@gmail.com", "news.example", "203.0.113.10", NOW, LETTER[:120]
    )
    request = hook_request(complaint, report_to=None, queue_id=255)
    contents = request["message"]["contents"]
    assert f"Original-Mail-From: <{SENDER}>\r\n" in contents
    assert "anna@" not in json.dumps(request)
    assert request["envelope"]["to"] == [{"address": "fbl@bounce.news.example"}]
    assert request["context"]["queue"]["id"] == "ff"
