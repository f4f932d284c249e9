"""SNS: what Amazon SNS posts over HTTPS, and whether it is SNS that posts it.

A signature proves no more than "some topic of SNS", so the topic must be one that we listen to.
The certificate's address stands in the message itself: only SNS's own address for such files, in
the topic's region, is ever fetched.
Source: AWS, "Verifying the signatures of Amazon SNS messages"; docs/events.md.
"""

import base64
import json
import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import parse_qs, urlsplit

from mailtide.errors import ForbiddenError, InvalidInputError, UnauthenticatedError
from mailtide.sources.fields import utc

NOTIFICATION = "Notification"
SUBSCRIPTION = "SubscriptionConfirmation"
UNSUBSCRIPTION = "UnsubscribeConfirmation"
MAX_AGE = timedelta(hours=1)  # SNS tries no longer than that
MAX_LEAD = timedelta(minutes=5)  # by which a clock may be ahead of ours

_CONFIRMED = ("Message", "MessageId", "SubscribeURL", "Timestamp", "Token", "TopicArn", "Type")
_SIGNED: Mapping[str, tuple[str, ...]] = MappingProxyType(  # fields that are signed, in order
    {
        NOTIFICATION: ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type"),
        SUBSCRIPTION: _CONFIRMED,
        UNSUBSCRIPTION: _CONFIRMED,
    }
)
_OPTIONAL = "Subject"
_ARN = re.compile(r"arn:aws[a-z-]*:sns:(?:[a-z]+-)+\d+:\d{12}:[\w-]+(?:\.fifo)?", re.ASCII)
_FILE = re.compile(r"/SimpleNotificationService-[0-9a-f]{32,64}\.pem")


@dataclass(frozen=True, slots=True)
class Posted:
    """One message of SNS as it was posted; all of its signed fields are there."""

    fields: Mapping[str, str]
    at: datetime

    @property
    def kind(self) -> str:
        """Return what it is: a notification, or about the subscription."""
        return self.fields["Type"]

    @property
    def topic(self) -> str:
        """Return the ARN of the topic that it says it comes from."""
        return self.fields["TopicArn"]

    @property
    def certificate_url(self) -> str:
        """Return where the certificate is said to be."""
        return self.fields["SigningCertURL"]


def read(body: bytes) -> Posted:
    """Read what was posted.

    Raises:
        InvalidInputError: `invalid_json`, when it is no message of SNS.
    """
    try:
        value = json.loads(body.decode())
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"the body is not JSON: {error}") from error
    fields = _texts(value)
    signed = _SIGNED.get(fields.get("Type", ""))
    if signed is None:
        raise _unreadable("`Type` is none that SNS posts")
    wanted = {*signed, "SignatureVersion", "Signature", "SigningCertURL"} - {_OPTIONAL}
    if missing := sorted(wanted - fields.keys()):
        raise _unreadable(f"`{missing[0]}` is missing")
    try:
        at = utc(datetime.fromisoformat(fields["Timestamp"]))
    except ValueError:
        at = None
    if at is None:
        raise _unreadable("`Timestamp` is no time")
    return Posted(fields, at)


def _texts(value: Any) -> dict[str, str]:
    """Return the fields that are texts; Lambda spells one of them in another way."""
    told = value if isinstance(value, dict) else {}
    fields = {name: field for name, field in told.items() if isinstance(field, str)}
    if "SigningCertUrl" in fields:
        fields.setdefault("SigningCertURL", fields["SigningCertUrl"])
    return fields


def _unreadable(why: str) -> InvalidInputError:
    return InvalidInputError(f"The body cannot be read: {why}.", code="invalid_json")


def check_origin(posted: Posted, topics: Collection[str], now: datetime) -> None:
    """Say whether a message is of one of our topics, of now, and names SNS's own certificate.

    Raises:
        ForbiddenError: `topic_refused`.
        UnauthenticatedError: `message_expired` or `signature_invalid`.
    """
    if posted.topic not in topics or not _ARN.fullmatch(posted.topic):
        raise ForbiddenError(
            "The topic is none that this stack listens to; name it in the stack's `ses_topics`.",
            code="topic_refused",
        )
    if not -MAX_LEAD <= now.astimezone(UTC) - posted.at <= MAX_AGE:
        raise UnauthenticatedError(
            "The message is not of the last hour; it may have been played again.",
            code="message_expired",
        )
    prefix = f"https://{_host(posted.topic)}"
    path = posted.certificate_url.removeprefix(prefix)
    if path == posted.certificate_url or not _FILE.fullmatch(path):
        raise UnauthenticatedError(
            "The certificate is not at SNS's own address in the topic's region.",
            code="signature_invalid",
        )


def _host(topic: str) -> str:
    """Return the host of SNS in the region of a topic whose ARN is well-formed."""
    _, partition, _, region, *_ = topic.split(":")
    return f"sns.{region}.amazonaws.com{'.cn' if partition == 'aws-cn' else ''}"


def string_to_sign(fields: Mapping[str, str]) -> bytes:
    """Return what is signed: name and value of each field, in order, a line each."""
    names = (name for name in _SIGNED[fields["Type"]] if name != _OPTIONAL or name in fields)
    return "".join(f"{name}\n{fields[name]}\n" for name in names).encode("utf-8", "replace")


def verify(posted: Posted, certificate: bytes) -> bool:
    """Say whether the key of a certificate (PEM) made the signature, of version 1 or 2."""
    # Whoever posts no messages of SNS does not load it: 40 ms of a cold start.
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives import hashes
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.x509 import load_pem_x509_certificate

    # Version 1 is SNS's default until a topic's attribute says 2.
    digests = {"1": hashes.SHA1, "2": hashes.SHA256}
    digest = digests.get(posted.fields["SignatureVersion"])
    try:
        key = load_pem_x509_certificate(certificate).public_key()
        signature = base64.b64decode(posted.fields["Signature"], validate=True)
    except ValueError:
        return False
    if digest is None or not isinstance(key, RSAPublicKey):
        return False
    try:
        key.verify(signature, string_to_sign(posted.fields), PKCS1v15(), digest())
    except InvalidSignature:
        return False
    return True


def confirmation_url(posted: Posted) -> str:
    """Return where a subscription is confirmed, for a message whose origin was checked.

    Raises:
        UnauthenticatedError: `signature_invalid`, when the address leads anywhere but to the
            confirmation of this very subscription.
    """
    url = posted.fields["SubscribeURL"]
    wanted = {
        "Action": ["ConfirmSubscription"],
        "TopicArn": [posted.topic],
        "Token": [posted.fields["Token"]],
    }
    at_home = url.startswith(f"https://{_host(posted.topic)}/?")
    if not at_home or parse_qs(urlsplit(url).query) != wanted:
        raise UnauthenticatedError(
            "The address to confirm at is not SNS's own.", code="signature_invalid"
        )
    return url
