"""SES's words in ours: every recorded payload, and what may be missing or wrong in one."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import bounce
from mailtide.domain.bounce import BounceClass
from mailtide.domain.event import Event, EventType
from mailtide.sources import ses
from mailtide.sources.ses_words import ON_THE_BUS, OWN
from tests.unit.sources.payloads import MESSAGE
from tests.unit.sources.ses_payloads import CERTIFICATE, NAMES, TAGS, record, recorded, tagged

ACCEPTED, DELIVERED, BOUNCED = EventType.ACCEPTED, EventType.DELIVERED, EventType.BOUNCED
DEFERRED, COMPLAINED = EventType.DEFERRED, EventType.COMPLAINED
INFRASTRUCTURE, UNKNOWN = EventType.INFRASTRUCTURE, EventType.UNKNOWN

ALEX, BLAIR, CASEY = "alex@example.com", "blair@example.net", "casey@example.org"
DREW, KIM, OLD = "drew@icloud.example", "kim@hotmail.example", "old@example.com"

# file -> (type, recipient, reply code, enhanced code) of each event in it
Told = tuple[EventType, str | None, int | None, str | None]
RESULTS: dict[str, list[Told]] = {
    "eventbridge.bounce": [(BOUNCED, ALEX, 550, "5.1.1")],
    "eventbridge.bounce.permanent-noemail": [(BOUNCED, BLAIR, 550, "5.1.1")],
    "eventbridge.bounce.permanent-on-account-suppression-list": [(BOUNCED, OLD, None, "5.1.1")],
    "eventbridge.bounce.permanent-suppressed": [(BOUNCED, OLD, None, "5.1.1")],
    "eventbridge.bounce.transient-attachment-rejected": [(BOUNCED, ALEX, 552, "5.7.0")],
    "eventbridge.bounce.transient-general": [(BOUNCED, KIM, 451, "4.7.650")],
    "eventbridge.bounce.transient-mailbox-full": [(BOUNCED, DREW, 552, "5.2.2")],
    "eventbridge.bounce.transient-message-too-large": [(BOUNCED, ALEX, 552, "5.3.4")],
    "eventbridge.bounce.undetermined": [(BOUNCED, CASEY, None, None)],
    "eventbridge.click": [(EventType.CLICKED, ALEX, None, None)],
    "eventbridge.click.no-link-tags": [(EventType.CLICKED, ALEX, None, None)],
    "eventbridge.complaint": [(COMPLAINED, CASEY, None, None)],
    "eventbridge.complaint.no-feedback-type": [(COMPLAINED, KIM, None, None)],
    "eventbridge.delivery-delay": [(DEFERRED, ALEX, 421, "4.4.1")],
    "eventbridge.delivery-delay.ip-failure": [(DEFERRED, KIM, 451, "4.7.650")],
    "eventbridge.delivery-delay.mailbox-full": [(DEFERRED, ALEX, 452, "4.2.2")],
    "eventbridge.delivery-delay.sending-deferral": [(DEFERRED, CASEY, None, "4.4.7")],
    "eventbridge.delivery": [(DELIVERED, ALEX, 250, "2.0.0")],
    "eventbridge.delivery.icloud": [(DELIVERED, DREW, 250, "2.0.0")],
    "eventbridge.delivery.outlook": [(DELIVERED, BLAIR, 250, "2.6.0")],
    "eventbridge.delivery.yahoo": [(DELIVERED, CASEY, 250, None)],
    "eventbridge.open": [(EventType.OPENED, ALEX, None, None)],
    "eventbridge.reject": [(BOUNCED, ALEX, None, None)],
    "eventbridge.rendering-failure": [(BOUNCED, ALEX, None, None)],
    "eventbridge.send": [(ACCEPTED, ALEX, None, None)],
    "eventbridge.sending-status-disabled": [(INFRASTRUCTURE, None, None, None)],
    "eventbridge.subscription": [(EventType.UNSUBSCRIBED, ALEX, None, None)],
    "eventbridge.vdm-advisor-open": [(INFRASTRUCTURE, None, None, None)],
    "lambda.sns-trigger": [(BOUNCED, ALEX, 550, "5.1.1")],
    "lambda.sqs-trigger": [
        (BOUNCED, ALEX, 550, "5.1.1"),
        (COMPLAINED, CASEY, None, None),
        (DELIVERED, ALEX, 250, "2.0.0"),
    ],
    "sns.bounce": [(BOUNCED, ALEX, 550, "5.1.1")],
    "sns.bounce.identity-notification": [(BOUNCED, ALEX, 550, "5.1.1")],
    "sns.click": [(EventType.CLICKED, ALEX, None, None)],
    "sns.complaint": [(COMPLAINED, CASEY, None, None)],
    # Whose words these are is for the signature to say (test_sns.py).
    "sns.complaint.forged-cert-host": [(COMPLAINED, CASEY, None, None)],
    "sns.complaint.tampered-invalid-signature": [(COMPLAINED, CASEY, None, None)],
    "sns.delivery": [(DELIVERED, ALEX, 250, "2.0.0")],
    "sns.delivery-delay": [(DEFERRED, ALEX, 421, "4.4.1")],
    "sns.delivery.signature-v1": [(DELIVERED, ALEX, 250, "2.0.0")],
    "sns.open": [(EventType.OPENED, ALEX, None, None)],
    "sns.reject": [(BOUNCED, ALEX, None, None)],
    "sns.rendering-failure": [(BOUNCED, ALEX, None, None)],
    "sns.send": [(ACCEPTED, ALEX, None, None)],
    "sns.subscription": [(EventType.UNSUBSCRIBED, ALEX, None, None)],
    "sns.subscription-confirmation": [(INFRASTRUCTURE, None, None, None)],
    "sns.unsubscribe-confirmation": [(INFRASTRUCTURE, None, None, None)],
    CERTIFICATE: [(UNKNOWN, None, None, None)],
}
# file -> class of its bounce, and whether somebody refused it
CLASSES = {
    "eventbridge.bounce": ("hard", True),
    "eventbridge.bounce.permanent-noemail": ("hard", True),
    "eventbridge.bounce.permanent-on-account-suppression-list": ("hard", False),
    "eventbridge.bounce.permanent-suppressed": ("hard", True),
    "eventbridge.bounce.transient-attachment-rejected": ("content", True),
    "eventbridge.bounce.transient-general": ("block", True),
    "eventbridge.bounce.transient-mailbox-full": ("mailbox_full", True),
    "eventbridge.bounce.transient-message-too-large": ("content", True),
    "eventbridge.bounce.undetermined": ("unknown", True),
    "eventbridge.reject": ("content", True),
    "eventbridge.rendering-failure": ("content", True),
}
OF_NO_MESSAGE = {"eventbridge.sending-status-disabled", "eventbridge.vdm-advisor-open"}
OF_ONE_MESSAGE = [n for n in NAMES if n.startswith("eventbridge.") and n not in OF_NO_MESSAGE]

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=10), inner),
    max_leaves=12,
)
WORDS = st.sampled_from([*OWN, *ON_THE_BUS]) | st.text(max_size=20)
TIMES = st.sampled_from(["2026-09-01T10:00:00.512Z", "9999-12-31T00:00:00Z", "x"]) | JSON
PEOPLE = st.lists(
    JSON | st.fixed_dictionaries({}, optional={"emailAddress": JSON, "diagnosticCode": JSON}),
    max_size=2,
)
OWNS = JSON | st.fixed_dictionaries(
    {},
    optional={
        "timestamp": TIMES,
        "bounceType": st.sampled_from(["Permanent", "Transient"]) | JSON,
        "bounceSubType": st.sampled_from(["General", "MailboxFull"]) | JSON,
        "complaintFeedbackType": JSON,
        "newTopicPreferences": JSON,
        "smtpResponse": JSON,
        "bouncedRecipients": PEOPLE,
        "recipients": PEOPLE,
    },
)
MAILS = JSON | st.fixed_dictionaries(
    {}, optional={"timestamp": TIMES, "tags": JSON, "destination": PEOPLE, "messageId": JSON}
)
RECORDS = st.dictionaries(st.sampled_from([*OWN.values()]), OWNS).flatmap(
    lambda owns: st.fixed_dictionaries({"eventType": WORDS, "mail": MAILS}).map(
        lambda head: owns | head
    )
)
CARRIED = st.one_of(
    RECORDS,
    RECORDS.map(json.dumps),
    RECORDS.map(lambda one: {"Type": "Notification", "Message": json.dumps(one)}),
    st.builds(lambda word, one: {"detail-type": word, "detail": one}, WORDS, RECORDS | JSON),
    st.lists(JSON | RECORDS.map(lambda one: {"body": json.dumps(one)}), max_size=3).map(
        lambda found: {"Records": found}
    ),
    JSON,
)


def one(event: Any) -> Event:
    (found,) = ses.parse(event)
    return found


@pytest.mark.parametrize("name", NAMES)
def test_events_of_recorded_payloads(name: str) -> None:
    events = ses.parse(recorded(name))
    told = [(e.type, e.recipient, e.smtp_code, e.enhanced_code) for e in events]
    assert told == RESULTS[name]


def test_every_recorded_payload_is_tested() -> None:
    assert set(NAMES) == RESULTS.keys()
    assert CLASSES.keys() == {n for n in OF_ONE_MESSAGE if RESULTS[n][0][0] is BOUNCED}


@pytest.mark.parametrize("name", CLASSES)
def test_classes_of_recorded_bounces(name: str) -> None:
    event = one(recorded(name))
    words = bounce.classify(event.smtp_code, event.enhanced_code, event.smtp_response or "")
    assert event.said is not None
    class_ = bounce.weigh(words, event.said)
    assert (class_.value, not event.said.untried) == CLASSES[name]


@pytest.mark.parametrize("name", OF_ONE_MESSAGE)
def test_names_our_message_its_sending_ip_and_its_organisation(name: str) -> None:
    event = one(tagged(name))
    assert (event.message_id, event.ip_tag, event.org_id) == (MESSAGE, "mkta", "org1")


@pytest.mark.parametrize("name", NAMES)
def test_names_no_message_without_our_tag(name: str) -> None:
    assert {event.message_id for event in ses.parse(recorded(name))} == {None}


def test_of_one_happening_every_way_gives_the_same_event() -> None:
    bare = record("Bounce", recorded("eventbridge.bounce")["detail"]["bounce"])
    told = json.dumps(bare) + "\n"
    envelope = {"Type": "Notification", "Message": told}
    bus = {"detail-type": "Email Bounced", "source": "aws.ses", "detail": bare}
    queue = {"Records": [{"body": json.dumps(way)} for way in (bare, envelope, bus)]}
    ways = [bare, envelope, bus, {"Records": [{"Sns": envelope}]}, queue]
    events = [event for way in ways for event in ses.parse(way)]
    assert len(events) == 7
    assert [event for event in events if event != events[0]] == []


def test_words_of_a_reply_come_without_its_codes() -> None:
    event = one(recorded("eventbridge.bounce"))
    assert event.smtp_response == (
        "The email account that you tried to reach does not exist. Please try\n"
        "double-checking the recipient's email address for typos or\n"
        "unnecessary spaces. For more information, go to\n"
        " https://support.google.com/mail/?p=NoSuchUser "
        "d2e1a72fcca58-7acf24e0b1csi1834567b3a.113 - gsmtp"
    )


def test_words_that_are_no_reply_stay_as_they_are() -> None:
    told = one(recorded("eventbridge.bounce.permanent-suppressed")).smtp_response or ""
    assert told.startswith("Amazon SES has suppressed sending to this address")


def test_dates_an_event_by_what_happened_and_else_by_the_sending() -> None:
    bounced, rejected = (one(recorded(f"eventbridge.{name}")) for name in ("bounce", "reject"))
    assert bounced.occurred_at == datetime(2026, 9, 1, 10, 0, 3, 101000, tzinfo=UTC)
    assert rejected.occurred_at == datetime(2026, 9, 1, 10, 0, 0, 512000, tzinfo=UTC)


def test_keeps_what_ses_says_beside_the_reply() -> None:
    data = one(recorded("eventbridge.delivery")).data
    assert data["local_ip"] == "203.0.113.77"
    assert data["ses_id"].startswith("0100018f3a2b4c5d")
    delayed = one(recorded("eventbridge.delivery-delay.ip-failure")).data
    assert delayed["delay_type"] == "IPFailure"


def test_a_hit_is_a_get_with_its_agent() -> None:
    data = one(recorded("eventbridge.click")).data
    assert data["method"] == "GET"
    assert "iPhone" in data["user_agent"]
    assert data["url"] == "https://shop.example.com/p/42?utm_campaign=c7f3k2"


@pytest.mark.parametrize("kind", ["not-spam", "auth-failure"])
def test_a_report_that_is_no_complaint_has_no_consequence(kind: str) -> None:
    assert one(record("Complaint", {"complaintFeedbackType": kind})).type is INFRASTRUCTURE


@pytest.mark.parametrize("kind", ["abuse", "fraud", "other", "virus", "something-new", None])
def test_any_other_complaint_is_one(kind: object) -> None:
    assert one(record("Complaint", {"complaintFeedbackType": kind})).type is COMPLAINED


def test_a_complainer_whom_ses_kept_back_did_not_complain_again() -> None:
    event = one(record("Complaint", {"complaintSubType": "OnAccountSuppressionList"}))
    assert event.type is BOUNCED
    assert event.said is not None
    assert event.said.untried


def test_leaving_one_topic_of_a_list_is_not_leaving_everything() -> None:
    wanted = {"newTopicPreferences": {"unsubscribeAll": False}}
    assert one(record("Subscription", wanted)).type is INFRASTRUCTURE


@pytest.mark.parametrize(
    ("kind", "sub", "said"),
    [
        ("Transient", "SomethingNew", "soft"),
        ("Transient", "ContentRejected", "content"),
        ("Permanent", "SomethingNew", "unknown"),  # nobody is condemned by a word we do not know
        ("Undetermined", "Undetermined", "unknown"),
        (None, [], "unknown"),
    ],
)
def test_a_bounce_without_words_is_what_ses_takes_it_for(kind: Any, sub: Any, said: str) -> None:
    event = one(record("Bounce", {"bounceType": kind, "bounceSubType": sub}))
    assert bounce.weigh(BounceClass.UNKNOWN, event.said) == said


def test_what_passes_condemns_no_address() -> None:
    unknown = "smtp; 550 5.1.1 user unknown"
    people = [{"emailAddress": ALEX, "diagnosticCode": unknown}]
    told = {"bounceType": "Transient", "bounceSubType": "General", "bouncedRecipients": people}
    event = one(record("Bounce", told))
    words = bounce.classify(event.smtp_code, event.enhanced_code, event.smtp_response or "")
    assert words is BounceClass.HARD
    assert bounce.weigh(words, event.said) is BounceClass.SOFT


def test_the_notice_of_a_new_destination_is_nothing_to_worry_about() -> None:
    notice = "Successfully validated SNS topic for Amazon SES event publishing."
    assert one(notice).type is INFRASTRUCTURE
    assert one({"Type": "Notification", "Message": notice}).type is INFRASTRUCTURE


def test_what_ses_and_sns_may_say_one_day_is_kept_as_unknown() -> None:
    event = one(record("Moonrise", {}))
    assert (event.type, event.source_type) == (UNKNOWN, "Moonrise")


@pytest.mark.parametrize("at", ["yesterday", "1999-12-31T23:59:59Z", 1788256804, None])
def test_an_event_that_cannot_be_dated_has_no_consequence(at: object) -> None:
    event = one(record("Delivery", {"timestamp": at}, timestamp=at))
    assert event.type is UNKNOWN


@pytest.mark.parametrize(
    "people", [[], [ALEX, BLAIR], [{}], [{"emailAddress": 5}], [None], [""], None, "x"]
)
def test_no_recipient_when_it_is_not_one(people: object) -> None:
    assert one(record("Delivery", {"recipients": people})).recipient is None


@pytest.mark.parametrize("value", [[], ["a", "b"], "a", None, [5], ["not-an-id"], ["0" * 27]])
def test_no_message_when_the_tag_is_not_one(value: object) -> None:
    event = one(record("Delivery", {}, tags=TAGS | {ses.MESSAGE_TAG: value}))
    assert event.message_id is None


def test_half_a_surrogate_pair_and_an_endless_reply_do_not_reach_the_rows() -> None:
    event = one(record("Delivery", {"smtpResponse": "250 a\ud800" + "x" * 5000}))
    assert (event.smtp_response or "").startswith("a?xx")
    assert len(event.smtp_response or "") <= ses.LONGEST_TEXT


@pytest.mark.parametrize("text", ["", "this is no event", "[" * 100_000, '{"a":'])
def test_a_text_that_is_no_json_is_unknown(text: str) -> None:
    assert one(ses.read(text)).type is UNKNOWN
    assert one({"Records": [{"body": text}]}).type is UNKNOWN


@given(event=CARRIED)
def test_never_raises_on_json_of_any_shape(event: Any) -> None:
    for found in ses.parse(event):
        assert found.occurred_at.tzinfo is UTC
        (found.smtp_response or "").encode()  # no half surrogate pairs


@given(event=CARRIED)
def test_reads_from_text_what_it_reads_as_json(event: Any) -> None:
    text = json.dumps(event)
    assert ses.parse(ses.read(text)) == ses.parse(json.loads(text))
