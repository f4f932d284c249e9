"""Stalwart's words in ours: every recorded payload, and what may be missing or wrong in one."""

import json
from datetime import UTC, datetime
from functools import reduce
from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.event import Event, EventType
from mailtide.domain.message import merge_order
from mailtide.errors import InvalidInputError
from mailtide.sources import stalwart
from tests.unit.sources.payloads import (
    MESSAGE,
    STALWART,
    body,
    own_body,
    webhook,
)

ACCEPTED, DELIVERED, BOUNCED = EventType.ACCEPTED, EventType.DELIVERED, EventType.BOUNCED
DEFERRED, FAILED = EventType.DEFERRED, EventType.ATTEMPT_FAILED

# file -> (type, recipient, reply code, enhanced code, rank) of each event that concerns a message
RESULTS: dict[str, list[tuple[EventType, str, int | None, str | None, int]]] = {
    "batch.delivered": [
        (ACCEPTED, "alex@example.com", None, None, 0),
        (DELIVERED, "alex@example.com", 250, None, 0),
        (DELIVERED, "alex@example.com", 250, None, 1),
    ],
    "batch.hard-bounce": [
        (BOUNCED, "alex@example.com", 550, None, 0),
        (BOUNCED, "alex@example.com", 550, "5.1.1", 1),
    ],
    "dane.authentication-failure": [(FAILED, "nobody@no-such-domain.example", None, None, 0)],
    "delivery.auth-failed": [(FAILED, "alex@example.com", 535, None, 0)],
    "delivery.connect-error": [(FAILED, "casey@example.org", None, None, 0)] * 2,
    "delivery.delivered": [
        (DELIVERED, "alex@example.com", 250, None, 0),
        (DELIVERED, "blair@example.net", 250, None, 0),
        (DELIVERED, "kim@hotmail.example", 250, None, 0),
        (DELIVERED, "casey@example.org", 250, None, 0),
        (DELIVERED, "drew@icloud.example", 250, None, 0),
    ],
    "delivery.dsn-perm-fail": [
        (BOUNCED, "alex@example.com", 550, "5.1.1", 1),
        (BOUNCED, "blair@example.net", 550, "5.4.1", 1),
        (BOUNCED, "kim@hotmail.example", 550, "5.7.255", 1),
        (BOUNCED, "kim@hotmail.example", 550, "5.7.1", 1),
        (BOUNCED, "casey@example.org", 552, None, 1),  # they write 0.0.0 for "none"
        (BOUNCED, "drew@icloud.example", 550, "5.1.1", 1),
        (BOUNCED, "nobody@no-such-domain.example", None, None, 1),
        (BOUNCED, "pat@nullmx.example", None, None, 1),
    ],
    "delivery.dsn-success": [(DELIVERED, "alex@example.com", 250, None, 1)],
    "delivery.ehlo-rejected": [(FAILED, "casey@example.org", None, None, 0)] * 2,
    "delivery.failed": [
        (BOUNCED, "kim@hotmail.example", 451, None, 2),
        (BOUNCED, "casey@example.org", None, None, 2),
    ],
    "delivery.implicit-tls-error": [(FAILED, "nobody@no-such-domain.example", None, None, 0)],
    "delivery.ip-lookup-failed": [(FAILED, "nobody@no-such-domain.example", None, None, 0)],
    "delivery.mail-from-rejected": [
        (FAILED, "kim@hotmail.example", 451, None, 0),
        (BOUNCED, "kim@hotmail.example", 550, None, 0),
        (FAILED, "casey@example.org", 421, None, 0),
    ],
    "delivery.mx-lookup-failed": [(FAILED, "nobody@no-such-domain.example", None, None, 0)] * 2,
    "delivery.rcpt-to-failed": [(FAILED, "casey@example.org", None, None, 0)],
    "delivery.rcpt-to-rejected.permanent": [
        (BOUNCED, "alex@example.com", 550, None, 0),
        (BOUNCED, "blair@example.net", 550, None, 0),
        (BOUNCED, "kim@hotmail.example", 550, None, 0),
        (BOUNCED, "drew@icloud.example", 550, None, 0),
        (BOUNCED, "drew@icloud.example", 552, None, 0),
    ],
    "delivery.rcpt-to-rejected.temporary": [
        (FAILED, "alex@example.com", 452, None, 0),
        (FAILED, "blair@example.net", 451, None, 0),
    ],
    "delivery.start-tls-error": [(FAILED, "nobody@no-such-domain.example", None, None, 0)],
    "edge.retried-duplicate": [(DELIVERED, "alex@example.com", 250, None, 0)] * 2,
    "mta-sts.not-authorized": [(FAILED, "nobody@no-such-domain.example", None, None, 0)],
    "queue.authenticated-message-queued": [(ACCEPTED, "alex@example.com", None, None, 0)],
    "queue.rescheduled": [(DEFERRED, "kim@hotmail.example", None, None, 0)],
}
# file -> number of events, none of which has a consequence for a message
INFRASTRUCTURE = {
    "auth.failed": 1,
    "auth.success": 1,
    "delivery.attempt-end": 1,
    "delivery.attempt-start": 1,
    "delivery.auth": 1,
    "delivery.completed": 1,
    "delivery.connect": 1,
    "delivery.domain-delivery-start": 1,
    "delivery.double-bounce": 1,
    "delivery.ehlo": 1,
    "delivery.ip-lookup": 1,
    "delivery.mail-from": 1,
    "delivery.mx-lookup": 1,
    "delivery.rate-limit-exceeded": 3,
    "delivery.rcpt-to": 1,
    "delivery.start-tls": 1,
    "delivery.start-tls-disabled": 1,
    "delivery.start-tls-unavailable": 2,
    "incoming-report.abuse-report": 2,
    "incoming-report.arf-parse-failed": 1,
    "incoming-report.auth-failure-report": 1,
    "incoming-report.dmarc-report": 1,
    "incoming-report.dmarc-report-with-warnings": 1,
    "incoming-report.fraud-report": 1,
    "incoming-report.other-report": 1,
    "incoming-report.tls-report": 1,
    "incoming-report.tls-report-with-warnings": 1,
    "incoming-report.virus-report": 1,
    "message-ingest.ham": 1,
    "mta-sts.policy-fetch": 1,
    "queue.back-pressure": 1,
    "queue.dsn-queued": 1,
    "queue.message-queued": 1,
    "queue.quota-exceeded": 1,
    "queue.rate-limit-exceeded": 1,
    "security.authentication-ban": 1,
    "security.ip-blocked": 1,
    "smtp.id-not-found": 1,
    "smtp.mail-from-unauthorized": 1,
    "smtp.rate-limit-exceeded": 2,
    "smtp.rcpt-to-greylisted": 1,
    "smtp.too-many-messages": 1,
    "tls-rpt.record-fetch": 1,
}
ELSEWHERE = {"request.signed", "mta-hook.data.fbl-report"}  # tests of their own

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=12,
)
WORDS = st.sampled_from([*RESULTS, *INFRASTRUCTURE]) | st.text(max_size=20)
DATA = st.dictionaries(
    st.sampled_from(
        ["from", "to", "code", "details", "causedBy", "reason", "hostname", "queueId", "spanId"]
    ),
    JSON,
)
EVENTS = st.fixed_dictionaries(
    {},
    optional={"id": JSON, "createdAt": JSON | st.datetimes().map(str), "type": WORDS, "data": DATA},
)


def concerning(events: list[Event]) -> list[Event]:
    return [e for e in events if e.type not in (EventType.INFRASTRUCTURE, EventType.UNKNOWN)]


def one(type_: str, **data: Any) -> Event:
    (event,) = stalwart.parse(webhook(type_, **data))
    return event


@pytest.mark.parametrize("name", RESULTS)
def test_results_of_recorded_payloads(name: str) -> None:
    events = concerning(stalwart.parse(body(name)))
    told = [(e.type, e.recipient, e.smtp_code, e.enhanced_code, e.rank) for e in events]
    assert told == RESULTS[name]


@pytest.mark.parametrize("name", INFRASTRUCTURE)
def test_infrastructure_of_recorded_payloads(name: str) -> None:
    types = [event.type for event in stalwart.parse(body(name))]
    assert types == [EventType.INFRASTRUCTURE] * INFRASTRUCTURE[name]


def test_every_recorded_payload_is_tested() -> None:
    recorded = {path.name.removesuffix(".json") for path in STALWART.glob("*.json")}
    assert recorded == RESULTS.keys() | INFRASTRUCTURE.keys() | ELSEWHERE


@pytest.mark.parametrize("name", RESULTS)
def test_names_our_message_and_the_sending_ip(name: str) -> None:
    for event in concerning(stalwart.parse(own_body(name))):
        assert (event.message_id, event.ip_tag) == (MESSAGE, "mkta3")


@pytest.mark.parametrize("name", RESULTS)
def test_names_no_message_for_a_sender_that_is_not_ours(name: str) -> None:
    assert {event.message_id for event in stalwart.parse(body(name))} == {None}


def test_keeps_the_words_of_the_reply_as_they_came() -> None:
    event = one(
        "delivery.rcpt-to-rejected", code=550, details="No such\nuser here", to="a@b.example"
    )
    assert event.smtp_response == "No such\nuser here"


def test_reads_the_words_out_of_a_nested_error() -> None:
    event = stalwart.parse(body("delivery.mail-from-rejected"))[2]
    assert (event.smtp_response or "").startswith("[TSS04] Messages from 203.0.113.10")


def test_reads_the_reply_that_a_final_failure_quotes() -> None:
    event = stalwart.parse(body("delivery.dsn-perm-fail"))[4]
    assert event.smtp_response == "1 Requested mail action aborted, mailbox not found"


def test_dates_an_event_by_its_creation() -> None:
    event = one("delivery.delivered")
    assert event.occurred_at == datetime(2026, 9, 1, 10, 0, 4, tzinfo=UTC)


def test_ids_above_2_to_the_53_stay_exact() -> None:
    event = one("queue.rescheduled", queueId=327107062293076481, spanId=2**64 - 1)
    assert event.data == {"queue_id": "327107062293076481", "span_id": str(2**64 - 1)}


def test_names_the_host_that_was_spoken_to() -> None:
    event = one("delivery.delivered", hostname="MX1.Example.NET", to="a@b.example", code=250)
    assert event.mx_host == "mx1.example.net"


def test_takes_the_recipients_domain_for_no_host_while_none_was_reached() -> None:
    event = one(
        "delivery.dsn-perm-fail", hostname="b.example", to="a@b.example", details="Queue error"
    )
    assert event.mx_host is None


def test_a_domain_that_is_its_own_host_is_named_once_it_replied() -> None:
    event = one("delivery.rcpt-to-rejected", hostname="b.example", to="a@b.example", code=550)
    assert event.mx_host == "b.example"


def test_a_final_refusal_without_words_says_less_than_the_final_failure() -> None:
    rejected, failed = one("delivery.rcpt-to-rejected", code=550), one("delivery.dsn-perm-fail")
    assert failed.rank < rejected.rank


@pytest.mark.parametrize("to", [["a@b.example"], "a@b.example"])
def test_recipient_as_text_or_array_of_one(to: object) -> None:
    assert one("delivery.delivered", to=to).recipient == "a@b.example"


@pytest.mark.parametrize("to", [[], ["a@b.example", "c@d.example"], None, 5, [5], ""])
def test_no_recipient_when_it_is_not_one(to: object) -> None:
    assert one("delivery.delivered", to=to).recipient is None


@pytest.mark.parametrize("code", [True, "550", 99, 600, 550.0, None])
def test_no_reply_code_when_it_is_none(code: object) -> None:
    assert one("delivery.delivered", code=code).smtp_code is None


@pytest.mark.parametrize("word", ["delivery.something-new", "auth", "new-group.x", ""])
def test_keeps_words_it_does_not_know(word: str) -> None:
    event = one(word)
    assert (event.type, event.source_type) == (EventType.UNKNOWN, word)


@pytest.mark.parametrize(
    "at", ["yesterday", "1999-12-31T23:59:59Z", "9999-01-01T00:00:00Z", 1788256804, None]
)
def test_an_event_that_cannot_be_dated_has_no_consequence(at: Any) -> None:
    (event,) = stalwart.parse(webhook("delivery.delivered", at))
    assert event.type is EventType.UNKNOWN


def test_a_time_without_a_zone_is_utc() -> None:
    (event,) = stalwart.parse(webhook("delivery.delivered", "2026-09-01T10:00:04"))
    assert event.occurred_at == datetime(2026, 9, 1, 10, 0, 4, tzinfo=UTC)


def test_two_events_of_one_second_that_share_an_id_are_both_told() -> None:
    event = {"id": "1", "createdAt": "2026-09-01T10:00:04Z", "type": "delivery.delivered"}
    both = [event | {"data": {"to": "a@b.example"}}, event | {"data": {"to": "c@d.example"}}]
    told = [e.recipient for e in stalwart.parse(json.dumps({"events": both}))]
    assert told == ["a@b.example", "c@d.example"]


def test_an_event_sent_again_under_a_fresh_id_is_the_same_event() -> None:
    again, first = stalwart.parse(body("edge.retried-duplicate"))
    assert again == first


def test_half_a_surrogate_pair_does_not_reach_the_rows() -> None:
    text = '{"events": [{"createdAt": "2026-09-01T10:00:04Z", "type": "delivery.delivered",'
    (event,) = stalwart.parse(text + ' "data": {"code": 250, "details": "a\\ud800"}}]}')
    assert event.smtp_response == "a?"


def test_an_endless_reply_is_cut() -> None:
    event = one("delivery.delivered", code=250, details="x" * 5000)
    assert len(event.smtp_response or "") == stalwart.LONGEST_TEXT


@pytest.mark.parametrize("text", [b"", b"{", b"\xff\xfe\x00", "{'events': []}", b"[" * 100_000])
def test_refuses_what_is_not_json(text: bytes | str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        stalwart.parse(text)
    assert refused.value.code == "invalid_json"


@pytest.mark.parametrize("text", ["null", "[]", "5", "{}", '{"events": {}}', '{"events": [null]}'])
def test_json_of_another_shape_is_kept_as_unknown(text: str) -> None:
    assert [event.type for event in stalwart.parse(text)] == [EventType.UNKNOWN]


@given(value=JSON | st.fixed_dictionaries({"events": st.lists(EVENTS | JSON, max_size=3)}))
def test_never_raises_on_json_of_any_shape(value: object) -> None:
    for event in stalwart.parse(json.dumps(value, default=str)):
        assert event.occurred_at.tzinfo is UTC
        (event.smtp_response or "").encode()  # no half surrogate pairs


@given(reports=st.permutations(stalwart.parse(own_body("batch.hard-bounce"))))
def test_the_report_that_says_most_is_kept_in_any_order(reports: list[Event]) -> None:
    kept = min((e for e in reports if e.type is BOUNCED), key=_order)
    assert kept.source_type == "delivery.rcpt-to-rejected"


REPORTS = st.tuples(st.integers(0, 99), st.datetimes(datetime(2000, 1, 1), datetime(2199, 1, 1)))  # noqa: DTZ001


@given(first=REPORTS, second=REPORTS)
def test_the_merge_order_is_rank_then_time(
    first: tuple[int, datetime], second: tuple[int, datetime]
) -> None:
    one_, other = (
        (merge_order(rank, at.replace(tzinfo=UTC), ""), (rank, at.replace(microsecond=0)))
        for rank, at in (first, second)
    )
    assert (one_[0] < other[0]) == (one_[1] < other[1])


@given(contents=st.lists(st.text(max_size=3), min_size=1, max_size=4))
def test_merging_is_commutative_associative_and_idempotent(contents: list[str]) -> None:
    at = datetime(2026, 9, 1, tzinfo=UTC)
    orders = [merge_order(i % 2, at, text) for i, text in enumerate(contents)]
    ends = {reduce(min, [*permuted, *permuted]) for permuted in permutations(orders)}
    assert ends == {min(orders)}


def _order(event: Event) -> str:
    return merge_order(event.rank, event.occurred_at, event.source_type)
