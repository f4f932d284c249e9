"""Messages of SNS: signatures of both versions, and everything that somebody else might post."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given
from hypothesis import strategies as st

from mailtide.errors import InvalidInputError, MailtideError
from mailtide.sources import sns
from tests.unit.sources.ses_payloads import NAMES, certificate, recorded

TOPIC = "arn:aws:sns:us-east-1:123456789012:ses-events"
FORGED, TAMPERED = "sns.complaint.forged-cert-host", "sns.complaint.tampered-invalid-signature"
GENUINE = [
    name
    for name in NAMES
    if name.startswith("sns.") and name not in {FORGED, TAMPERED, "sns.test-signing-cert"}
]
HOME = "https://sns.us-east-1.amazonaws.com"
TOKEN = "2336"  # noqa: S105 - of a subscription that is none
FILE = "/SimpleNotificationService-0123456789abcdef0123456789abcdef.pem"


def posted(name: str, **changed: Any) -> sns.Posted:
    fields = {**recorded(name), **changed}
    kept = {key: value for key, value in fields.items() if value is not ...}
    return sns.read(json.dumps(kept).encode())


def check(message: sns.Posted, now: datetime | None = None) -> None:
    sns.check_origin(message, {TOPIC}, now or message.at)


def refused(message: sns.Posted, now: datetime | None = None) -> str:
    with pytest.raises(MailtideError) as caught:
        check(message, now)
    return caught.value.code


@pytest.mark.parametrize("name", GENUINE)
def test_recorded_signatures_fit(name: str) -> None:
    message = posted(name)
    check(message)
    assert sns.verify(message, certificate())


def test_both_versions_of_the_signature_are_among_them() -> None:
    assert {posted(name).fields["SignatureVersion"] for name in GENUINE} == {"1", "2"}


def test_what_was_changed_on_the_way_does_not_fit() -> None:
    message = posted(TAMPERED)
    check(message)
    assert not sns.verify(message, certificate())


def test_a_certificate_elsewhere_is_not_even_asked_for() -> None:
    assert refused(posted(FORGED)) == "signature_invalid"


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("Message", "{}"),
        ("MessageId", "f229b5c8-e845-566e-a3b3-7c4ac6554200"),
        ("Subject", "Another one"),
        ("Subject", ...),
        ("Timestamp", "2026-09-01T10:00:01.901Z"),
        ("TopicArn", TOPIC + "2"),
    ],
)
def test_no_signed_field_can_be_changed(field: str, value: Any) -> None:
    assert not sns.verify(posted("sns.delivery", **{field: value}), certificate())


@pytest.mark.parametrize("field", ["SubscribeURL", "Token"])
def test_no_signed_field_of_a_confirmation_can_be_changed(field: str) -> None:
    name = "sns.subscription-confirmation"
    message = posted(name, **{field: recorded(name)[field] + "0"})
    assert not sns.verify(message, certificate())


@pytest.mark.parametrize("version", ["1", "3", "", "2 "])
def test_a_signature_of_another_version_does_not_fit(version: str) -> None:
    assert not sns.verify(posted("sns.delivery", SignatureVersion=version), certificate())


@pytest.mark.parametrize("signature", ["", "bm8=", "no base64", "é"])
def test_no_signature_does_not_fit(signature: str) -> None:
    assert not sns.verify(posted("sns.delivery", Signature=signature), certificate())


@pytest.mark.parametrize("pem", [b"", b"-----BEGIN CERTIFICATE-----\n", b"<html>"])
def test_no_certificate_fits_nothing(pem: bytes) -> None:
    assert not sns.verify(posted("sns.delivery"), pem)


def test_a_key_of_another_kind_fits_nothing() -> None:
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([])
    made = x509.CertificateBuilder(name, name, key.public_key(), 1)
    at = datetime(2026, 1, 1, tzinfo=UTC)
    made = made.not_valid_before(at).not_valid_after(at + timedelta(days=1))
    pem = made.sign(key, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)
    assert not sns.verify(posted("sns.delivery"), pem)


def test_lambda_spells_the_address_of_the_certificate_in_another_way() -> None:
    envelope = recorded("lambda.sns-trigger")["Records"][0]["Sns"]
    message = sns.read(json.dumps(envelope).encode())
    assert message.certificate_url == envelope["SigningCertUrl"]


def test_a_subject_of_null_is_not_signed() -> None:
    message = posted("sns.delivery", Subject=None)
    assert b"\nSubject\n" not in sns.string_to_sign(message.fields)


@pytest.mark.parametrize(
    "url",
    [
        f"http://sns.us-east-1.amazonaws.com{FILE}",
        f"https://sns.eu-west-1.amazonaws.com{FILE}",  # of another region than the topic
        f"https://sns.us-east-1.amazonaws.com.cn{FILE}",
        f"https://sns.us-east-1.amazonaws.com.attacker.example{FILE}",
        f"https://attacker.example/sns.us-east-1.amazonaws.com{FILE}",
        f"https://sns.us-east-1.amazonaws.com@attacker.example{FILE}",
        f"https://sns.us-east-1.amazonaws.com:8443{FILE}",
        f"https://sns.us-east-1.amazonaws.com\\@attacker.example{FILE}",
        f"https://attacker.example#{HOME}{FILE}",
        f"{HOME}/other.pem",
        f"{HOME}/..{FILE}",
        f"{HOME}{FILE}?x=.pem",
        f"{HOME}{FILE}\n",
        FILE,
        "",
    ],
)
def test_the_certificate_must_be_at_the_topics_own_sns(url: str) -> None:
    assert refused(posted("sns.delivery", SigningCertURL=url)) == "signature_invalid"


@pytest.mark.parametrize(
    "topic",
    [
        "arn:aws:sns:us-east-1:999999999999:ses-events",  # anybody has a topic
        "arn:aws:sns:eu-west-1:123456789012:ses-events",
        TOPIC.upper(),
        "",
    ],
)
def test_another_topic_is_refused(topic: str) -> None:
    assert refused(posted("sns.delivery", TopicArn=topic)) == "topic_refused"


def test_what_is_no_topic_is_refused_though_the_stack_names_it() -> None:
    message = posted("sns.delivery", TopicArn="arn:aws:sns:evil.example/:1:x")
    with pytest.raises(MailtideError):
        sns.check_origin(message, {message.topic}, message.at)


def test_a_topic_in_china_has_its_certificate_there() -> None:
    topic = "arn:aws-cn:sns:cn-north-1:123456789012:ses-events"
    url = f"https://sns.cn-north-1.amazonaws.com.cn{FILE}"
    message = posted("sns.delivery", TopicArn=topic, SigningCertURL=url)
    sns.check_origin(message, {topic}, message.at)


@pytest.mark.parametrize(
    ("minutes", "code"), [(61, "message_expired"), (60, None), (-5, None), (-6, "message_expired")]
)
def test_a_message_is_of_the_last_hour(minutes: int, code: str | None) -> None:
    message = posted("sns.delivery")
    now = message.at + timedelta(minutes=minutes)
    if code is None:
        check(message, now)
    else:
        assert refused(message, now) == code


def test_a_subscription_is_confirmed_where_sns_says() -> None:
    message = posted("sns.subscription-confirmation")
    assert sns.confirmation_url(message) == message.fields["SubscribeURL"]


@pytest.mark.parametrize(
    "url",
    [
        "https://attacker.example/?Action=ConfirmSubscription",
        f"{HOME}.attacker.example/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={TOKEN}",
        f"{HOME}/?Action=Unsubscribe&TopicArn={TOPIC}&Token={TOKEN}",
        f"{HOME}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token=other",
        f"{HOME}/?Action=ConfirmSubscription&TopicArn={TOPIC}x&Token={TOKEN}",
        f"{HOME}/?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={TOKEN}&Action=Publish",
        f"{HOME}/other?Action=ConfirmSubscription&TopicArn={TOPIC}&Token={TOKEN}",
        "",
    ],
)
def test_a_subscription_is_confirmed_nowhere_else(url: str) -> None:
    message = posted("sns.subscription-confirmation", SubscribeURL=url, Token=TOKEN)
    with pytest.raises(MailtideError) as caught:
        sns.confirmation_url(message)
    assert caught.value.code == "signature_invalid"


@pytest.mark.parametrize(
    "changed",
    [
        {"Type": "Other"},
        {"Type": 5},
        {"Type": ...},
        {"Signature": ...},
        {"SigningCertURL": ...},
        {"TopicArn": None},
        {"Message": {}},
        {"Timestamp": "yesterday"},
        {"Timestamp": "0001-01-01T00:00:00Z"},
    ],
)
def test_what_lacks_a_part_is_unreadable(changed: dict[str, Any]) -> None:
    with pytest.raises(InvalidInputError) as caught:
        posted("sns.delivery", **changed)
    assert caught.value.code == "invalid_json"


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"\xff\xfe", b"5", b"[" * 100_000])
def test_what_is_no_object_of_json_is_unreadable(body: bytes) -> None:
    with pytest.raises(InvalidInputError):
        sns.read(body)


FIELDS = ["Type", "Message", "MessageId", "Timestamp", "TopicArn", "Signature", "SigningCertURL"]
TEXTS = st.text(max_size=20) | st.sampled_from(
    ["Notification", "SubscriptionConfirmation", "2026-09-01T10:00:00Z", TOPIC, HOME + FILE, "2"]
)


@given(
    st.dictionaries(
        st.sampled_from([*FIELDS, "SubscribeURL", "Token", "SignatureVersion"]),
        TEXTS | st.none() | st.integers(),
    )
)
def test_whatever_is_posted_is_read_or_refused_and_never_proved(fields: dict[str, Any]) -> None:
    try:
        message = sns.read(json.dumps(fields).encode())
        sns.check_origin(message, {TOPIC}, datetime(2026, 9, 1, 10, tzinfo=UTC))
    except MailtideError:
        return
    assert not sns.verify(message, certificate())


@given(st.binary(min_size=1, max_size=3), st.integers(0))
def test_no_change_of_the_signed_text_goes_unseen(noise: bytes, place: int) -> None:
    text = recorded("sns.delivery")["Message"]
    at = place % len(text)
    changed = text[:at] + noise.decode("latin-1") + text[at + len(noise) :]
    assert sns.verify(posted("sns.delivery", Message=changed), certificate()) == (changed == text)
