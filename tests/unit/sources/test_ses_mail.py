"""Mail that SES received: what its notification says of it."""

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.event import EventType
from mailtide.domain.message import instant
from mailtide.sources import mime, ses, ses_mail
from mailtide.sources.arrival import Arrival
from tests.unit.sources.mails import LETTER, TRACKER, mail

RECORDED = Path(__file__).parents[2] / "payloads" / "ses-receiving" / "received.reply.json"
KEY = "inbound/d6iitobk75ur44p8kdnnp7g2n800ab12cd34ef56"
VERDICTS = ("spamVerdict", "virusVerdict", "spfVerdict", "dkimVerdict", "dmarcVerdict")


def notification(**receipt: Any) -> dict[str, Any]:
    """Return the recorded notification with another receipt."""
    told: dict[str, Any] = json.loads(RECORDED.read_text())
    return {**told, "receipt": told["receipt"] | receipt}


def read(told: dict[str, Any], raw: bytes = b"Subject: x\r\n\r\nHello") -> Arrival:
    return ses_mail.read(ses_mail.document(told, raw))


def test_the_recorded_notification_names_the_mail_and_its_envelope() -> None:
    told = notification()
    assert ses_mail.is_received(told)
    assert not ses.is_told_by_aws({"notificationType": None})
    assert ses_mail.object_key(told) == KEY
    arrival = read(told)
    assert arrival.raw == b"Subject: x\r\n\r\nHello"
    assert arrival.sender == "ann@example.com"
    assert arrival.recipients == tuple(told["receipt"]["recipients"])
    assert arrival.received_at == ses_mail.received_at(told)
    assert arrival.received_at.isoformat() == "2026-09-01T10:20:02.123000+00:00"
    assert arrival.data == {"spf": "pass", "dkim": "pass", "dmarc": "pass"}
    assert not arrival.suspect


def test_a_reply_that_ses_received_is_a_reply() -> None:
    arrival = read(notification(), mail("reply.gmail").raw)
    (event,) = mime.parse(arrival, TRACKER.read_address)
    assert (event.type, event.message_id) == (EventType.REPLIED, LETTER)
    assert event.data == {"spf": "pass", "dkim": "pass", "dmarc": "pass"}


@pytest.mark.parametrize(
    ("receipt", "suspect"),
    [
        ({"spamVerdict": {"status": "FAIL"}}, True),
        ({"virusVerdict": {"status": "FAIL"}}, True),
        ({"dmarcVerdict": {"status": "FAIL"}, "dmarcPolicy": "reject"}, True),
        ({"dmarcVerdict": {"status": "FAIL"}, "dmarcPolicy": "REJECT"}, True),
        ({"dmarcVerdict": {"status": "FAIL"}, "dmarcPolicy": "quarantine"}, False),
        ({"dmarcVerdict": {"status": "FAIL"}}, False),
        ({"dmarcPolicy": "reject"}, False),
        ({"spfVerdict": {"status": "FAIL"}, "dkimVerdict": {"status": "FAIL"}}, False),
        ({"spamVerdict": {"status": "GRAY"}, "virusVerdict": {"status": "DISABLED"}}, False),
        ({"spamVerdict": {"status": "PROCESSING_FAILED"}}, False),
        (dict.fromkeys(VERDICTS), False),
    ],
)
def test_what_ses_found_makes_a_mail_suspect(receipt: dict[str, Any], suspect: bool) -> None:
    assert read(notification(**receipt)).suspect is suspect


@pytest.mark.parametrize("sender", ["", "<>"])
def test_the_null_sender_is_nobody(sender: str) -> None:
    told = notification()
    assert read({**told, "mail": {"source": sender}}).sender == ""


@pytest.mark.parametrize(
    "action", [None, {}, {"objectKey": 7}, {"objectKey": "raw/x"}, {"objectKey": "x/inbound/y"}]
)
def test_a_mail_that_no_rule_of_ours_stored_is_not_read(action: object) -> None:
    with pytest.raises(ValueError, match="no mail that a rule of ours stored"):
        ses_mail.object_key(notification(action=action))


@pytest.mark.parametrize("at", [None, "soon", 7, "0001-01-01T00:00:00Z"])
def test_a_notification_without_a_time_is_undated(at: object) -> None:
    assert ses_mail.received_at(notification(timestamp=at)) == instant(0)


@pytest.mark.parametrize("other", [None, [], "Received", {"notificationType": "Bounce"}])
def test_other_messages_are_none(other: object) -> None:
    assert not ses_mail.is_received(other)


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from(["receipt", "mail", "content"]), JSON),
    st.dictionaries(st.sampled_from([*VERDICTS, "recipients", "timestamp", "dmarcPolicy"]), JSON),
    st.binary(max_size=100),
)
def test_never_raises_on_a_notification_of_any_shape(
    told: dict[str, Any], receipt: dict[str, Any], raw: bytes
) -> None:
    for shape in (told, {**told, "receipt": receipt}):
        arrival = read(shape, raw)
        for event in mime.parse(arrival, TRACKER.read_address):
            assert event.type is EventType.UNKNOWN
