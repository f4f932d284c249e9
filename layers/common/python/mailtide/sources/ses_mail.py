"""Mail that SES received: the notification of a receipt rule, and the mail it is about.

A rule stores the mail and then says where, in which envelope it came and what SES found in it. The
notification with the mail put into it under `content` is one document, as SES itself makes it for
small mails.
Source: Amazon SES developer guide, "Contents of notifications for email receiving".
"""

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from mailtide.domain.message import instant
from mailtide.sources.arrival import Arrival
from mailtide.sources.fields import text, utc

PREFIX = "inbound/"  # of the keys that the rule stores mails under

_RECEIVED = "Received"
_FOUND = {"spfVerdict": "spf", "dkimVerdict": "dkim", "dmarcVerdict": "dmarc"}
_LONGEST = 320  # characters of an address or a word
_UNDATED = instant(0)


def is_received(message: Any) -> bool:
    """Say whether this has the form of a receipt rule's notification."""
    return isinstance(message, dict) and message.get("notificationType") == _RECEIVED


def object_key(message: Mapping[str, Any]) -> str:
    """Return where the rule stored the mail.

    Raises:
        ValueError: when that is not where our rule stores mails.
    """
    key = _object(_object(message, "receipt"), "action").get("objectKey")
    if not isinstance(key, str) or not key.startswith(PREFIX):
        raise ValueError(f"no mail that a rule of ours stored: {key!r}")
    return key


def received_at(message: Mapping[str, Any]) -> datetime:
    """Return when SES took the mail."""
    written = _object(message, "receipt").get("timestamp")
    try:
        return utc(datetime.fromisoformat(str(written))) or _UNDATED
    except ValueError:
        return _UNDATED


def document(message: Mapping[str, Any], raw: bytes) -> bytes:
    """Return the notification with the mail in it; what is no UTF-8 in that is replaced."""
    return json.dumps({**message, "content": raw.decode("utf-8", "replace")}).encode()


def read(body: bytes) -> Arrival:
    """Read what `document` wrote; what is missing names nobody and finds nothing."""
    message = json.loads(body)
    receipt, mail = _object(message, "receipt"), _object(message, "mail")
    to, sender = receipt.get("recipients"), mail.get("source")
    return Arrival(
        raw=str(message.get("content", "")).encode(),
        sender=text(sender, _LONGEST).strip("<> ") if isinstance(sender, str) else None,
        recipients=tuple(text(one, _LONGEST) for one in (to if isinstance(to, list) else ())),
        received_at=received_at(message),
        suspect=_is_suspect(receipt),
        data={
            ours: found.lower()
            for theirs, ours in _FOUND.items()
            if (found := _verdict(receipt, theirs))
        },
    )


def _is_suspect(receipt: Mapping[str, Any]) -> bool:
    """Say whether it is spam, has a virus, or is not from whom its domain lets it be from."""
    if "FAIL" in (_verdict(receipt, "spamVerdict"), _verdict(receipt, "virusVerdict")):
        return True
    policy = str(receipt.get("dmarcPolicy", "")).lower()
    return _verdict(receipt, "dmarcVerdict") == "FAIL" and policy == "reject"


def _verdict(receipt: Mapping[str, Any], name: str) -> str:
    return text(_object(receipt, name).get("status"), _LONGEST).upper()


def _object(message: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    found = message.get(name)
    return found if isinstance(found, dict) else {}
