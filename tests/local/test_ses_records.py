"""What SES says of the receivers' replies, and that the product reads in it what truly happened."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from local.receivers import providers
from local.receivers.providers import Provider, Reply
from local.ses import records
from local.ses.account import Account, SesError, State
from local.ses.records import Mail, stamp
from mailtide.domain import bounce
from mailtide.domain.event import EventType
from mailtide.sources import ses

NOW = datetime(2026, 11, 24, 10, 0, 0, 512000, tzinfo=UTC)
MESSAGE = "0123456789abcdefghijklmnop"
MAIL = Mail(
    ses_id="ses-1",
    sent_at=NOW,
    recipient="ann@example.com",
    content=b"From: News <news@shop.example>\r\nTo: ann@example.com\r\nSubject: Hi\r\n\r\nHi",
    configuration_set="set",
    tags={"mt-message": MESSAGE, "mt-org": "org1", "mt-ip": "ses1"},
    account="000000000000",
    region="us-east-1",
    address="203.0.113.200",
)
PROVIDERS = [
    providers.provider_of(domain, {})
    for domain in ("gmail.com", "outlook.com", "a-corp.example", "yahoo.com", "me.com", "x.example")
]
REPLIES = [
    (provider, kind, reply)
    for provider in PROVIDERS
    for kind, reply in (
        ("hard", provider.hard),
        ("soft", provider.full),
        ("blocked", provider.blocked),
    )
]


def filled(reply: Reply) -> Reply:
    return reply.filled(recipient="ann@example.com", ip="203.0.113.200", trace="7f")


@pytest.mark.parametrize(("provider", "fate", "reply"), REPLIES)
def test_a_bounce_is_counted_as_what_happened(provider: Provider, fate: str, reply: Reply) -> None:
    said = filled(reply)
    kind, sub = records.verdict(said)
    told = records.bounce(MAIL, NOW, said, kind if said.code >= 500 else "Transient", sub)
    [event] = ses.parse(told)
    assert (event.type, event.message_id, event.org_id) == (EventType.BOUNCED, MESSAGE, "org1")
    assert (event.smtp_code, event.smtp_response) == (said.code, said.text.strip())
    words = bounce.classify(
        event.smtp_code, event.enhanced_code, event.smtp_response or "", provider.name
    )
    assert bounce.kind(bounce.weigh(words, event.said), event.said) == fate


def test_what_ses_kept_back_is_no_bounce_of_ours() -> None:
    [event] = ses.parse(records.kept_back(MAIL, NOW))
    assert event.said is not None
    assert bounce.kind(bounce.BounceClass.HARD, event.said) == "suppressed"


def test_a_delivery_a_delay_and_a_complaint_are_read_with_their_time() -> None:
    later = NOW + timedelta(seconds=2)
    told = [
        records.send(MAIL),
        records.delivery(MAIL, later, "OK"),
        records.delay(MAIL, later, filled(PROVIDERS[0].greylisted), later),
        records.complaint(MAIL, later),
    ]
    events = [event for one in told for event in ses.parse(one)]
    assert [event.type for event in events] == [
        EventType.ACCEPTED,
        EventType.DELIVERED,
        EventType.DEFERRED,
        EventType.COMPLAINED,
    ]
    assert [event.occurred_at for event in events] == [NOW, later, later, later]
    assert {event.recipient for event in events} == {"ann@example.com"}


def test_instants_have_milliseconds() -> None:
    assert stamp(NOW) == "2026-11-24T10:00:00.512Z"


def test_a_quota_is_of_24_hours_and_a_rate_of_a_second() -> None:
    account = Account(State(rate=2, quota=4), "us-east-1", "0")
    account.make_set({"ConfigurationSetName": "set"})
    for at in (0.0, 0.1, 0.2, 1.3):
        moment = NOW + timedelta(seconds=at)
        account.check("a@b.example", "c@d.example", "set", moment)
        account.count(moment)
        if at == 0.2:
            with pytest.raises(SesError, match="rate"):
                account.check("a@b.example", "c@d.example", "set", moment)
    with pytest.raises(SesError, match="quota"):
        account.check("a@b.example", "c@d.example", "set", NOW + timedelta(hours=23))
    account.check("a@b.example", "c@d.example", "set", NOW + timedelta(hours=25))
    assert account.shown(NOW + timedelta(hours=25))["SendQuota"]["SentLast24Hours"] == 0.0


def test_a_reason_that_suppresses_nobody() -> None:
    account = Account(State(suppressed_reasons=("COMPLAINT",)), "us-east-1", "0")
    account.suppress("Ann@example.com", "BOUNCE")
    assert account.suppressed == {}
    account.suppress("Ann@example.com", "COMPLAINT")
    assert account.suppressed == {"ann@example.com": "COMPLAINT"}


def test_a_reply_of_several_lines_is_quoted_with_its_codes_in_each() -> None:
    said = replace(PROVIDERS[0].hard, text="one\ntwo")
    person = records.bounce(MAIL, NOW, said, "Permanent", "General")["bounce"]
    [quoted] = person["bouncedRecipients"]
    assert quoted["diagnosticCode"] == "smtp; 550-5.1.1 one\n550 5.1.1 two"
