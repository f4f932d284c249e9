"""Stalwart: its signed webhooks in our vocabulary, and the mail that its MTA hook brings.

Units: `createdAt` has whole seconds; ids are 64-bit numbers, kept as texts.
Source: docs/events.md; the table of words is `stalwart_words`.
"""

import base64
import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mailtide.domain import verp
from mailtide.domain.event import Event, EventType
from mailtide.domain.message import instant
from mailtide.errors import InvalidInputError
from mailtide.sources.arrival import Arrival
from mailtide.sources.fields import text, utc
from mailtide.sources.stalwart_words import meaning

SOURCE = "stalwart"
SIGNATURE_HEADER = "x-signature"
LONGEST_TEXT = 1000  # characters of a reply that are kept; rows stay small

Json = Mapping[str, Any]

_UNDATED = instant(0)


@dataclass(frozen=True, slots=True)
class _Reply:
    """What the receiver, or the failing step, said."""

    code: int | None = None
    enhanced: str | None = None
    words: str | None = None


_KEPT: Mapping[str, str] = MappingProxyType(  # their key -> ours, in `Event.data`
    {
        "queueId": "queue_id",
        "spanId": "span_id",  # of the session, or of the delivery attempt
        "queueName": "queue",
        "domain": "domain",
        "localIp": "local_ip",
        "remoteIp": "remote_ip",
        "id": "id",
    }
)
_QUOTED = re.compile(
    r"Unexpected response for .*?: Code: (\d{3}), Enhanced code: (\d\.\d+\.\d+), Message: (.*)",
    re.DOTALL,
)


def verify(headers: Mapping[str, str], body: bytes, key: bytes | str) -> bool:
    """Say whether `X-Signature` is the base64 HMAC-SHA256 of exactly these bytes."""
    secret = key.encode() if isinstance(key, str) else key
    given = next((v for name, v in headers.items() if name.lower() == SIGNATURE_HEADER), None)
    if not secret or not given:
        return False
    expected = base64.b64encode(hmac.digest(secret, body, "sha256"))
    return hmac.compare_digest(expected, given.encode("utf-8", "replace"))


def parse(body: bytes | str) -> list[Event]:
    """Read a webhook's events; what is not understood comes out as `unknown`, not as an error.

    Raises:
        InvalidInputError: `invalid_json`, when the body is not JSON in UTF-8.
    """
    envelope = _json(body)
    entries = envelope.get("events") if isinstance(envelope, dict) else None
    if not isinstance(entries, list):
        return [_unknown("")]
    return [_event(entry) for entry in entries]


def hook_message(body: bytes) -> bytes:
    """Rebuild the raw message out of an MTA hook's request (stage DATA).

    Raises:
        InvalidInputError: `invalid_json`, when it is not JSON in UTF-8, or holds no message.
    """
    request = _json(body)
    message = request.get("message") if isinstance(request, dict) else None
    headers = message.get("headers") if isinstance(message, dict) else None
    contents = message.get("contents") if isinstance(message, dict) else None
    if not isinstance(headers, list) or not isinstance(contents, str):
        raise _unreadable("a hook request carries `message.headers` and `message.contents`")
    lines = [_header_line(header) for header in headers]
    return ("".join(lines) + "\r\n" + contents).encode("utf-8", "replace")


def hook_mail(body: bytes, received_at: datetime) -> Arrival:
    """Read an MTA hook's request (stage DATA): the mail, and the envelope it came in.

    Raises:
        InvalidInputError: as `hook_message`; an envelope that cannot be read names nobody.
    """
    raw = hook_message(body)
    envelope = _json(body).get("envelope")
    given = envelope if isinstance(envelope, dict) else {}
    to = given.get("to")
    recipients = (_hook_address(one) for one in (to if isinstance(to, list) else ()))
    return Arrival(
        raw=raw,
        sender=_hook_address(given.get("from")),
        recipients=tuple(address for address in recipients if address),
        received_at=received_at,
    )


def _hook_address(entry: Any) -> str | None:
    """Read `{"address": …}`; "" is the null sender."""
    address = entry.get("address") if isinstance(entry, dict) else None
    return _text(address).strip().strip("<>") if isinstance(address, str) else None


def _json(body: bytes | str) -> Any:
    try:
        return json.loads(body if isinstance(body, str) else body.decode())
    except (ValueError, RecursionError) as error:
        raise _unreadable(f"the body is not JSON: {error}") from error


def _unreadable(why: str) -> InvalidInputError:
    return InvalidInputError(why, code="invalid_json")


def _header_line(header: Any) -> str:
    """Write one `[name, value]`; the value brings its leading space and its line end."""
    match header:
        case [str(name), str(value)]:
            return f"{name}:" + value.rstrip("\r\n") + "\r\n"
    raise _unreadable("each of `message.headers` is a pair of texts: name and value")


def _event(entry: Any) -> Event:
    if not isinstance(entry, dict):
        return _unknown("")
    word = _text(entry.get("type"))
    at = _instant(entry.get("createdAt"))
    data = entry.get("data")
    if at is None or not isinstance(data, dict):
        return _unknown(word)
    reply = _reply(word, data)
    what = meaning(word, reply.code, bool(reply.words))
    sender = verp.read(_text(data.get("from")))
    recipient = _recipient(data.get("to"))
    spoken = what.type not in (EventType.INFRASTRUCTURE, EventType.UNKNOWN)
    return Event(
        type=what.type,
        occurred_at=at,
        source=SOURCE,
        source_type=word,
        message_id=sender.message_id if sender else None,
        ip_tag=sender.ip_tag if sender else None,
        recipient=recipient,
        smtp_code=reply.code if spoken else None,
        enhanced_code=reply.enhanced if spoken else None,
        smtp_response=reply.words if spoken else None,
        mx_host=_mx_host(word, data, recipient, reply),
        rank=what.rank,
        data=_kept(data) if spoken or reply.words is None else _kept(data) | {"text": reply.words},
    )


def _unknown(word: str) -> Event:
    return Event(EventType.UNKNOWN, _UNDATED, SOURCE, word)


def _reply(word: str, data: Json) -> _Reply:
    """Read code and words, which lie beside each other or inside a nested error."""
    details = data.get("details")
    if isinstance(details, str) and word != "delivery.failed":  # there it is a time
        quoted = _QUOTED.match(details) if word.startswith("delivery.dsn-") else None
        if quoted:
            enhanced = quoted[2] if not quoted[2].startswith("0.") else None
            return _Reply(_code(int(quoted[1])), enhanced, _text(quoted[3]) or None)
        return _Reply(_code(data.get("code")), None, _text(details) or None)
    for candidate in (data.get("causedBy"), data.get("reason"), details):
        if isinstance(candidate, dict) and isinstance(candidate.get("data"), dict):
            error = candidate["data"]
            words = _text(error.get("reason")) or _text(error.get("details"))
            return _Reply(_code(error.get("code")), None, words or None)
    return _Reply(_code(data.get("code")), None, _text(data.get("reason")) or None)


def _code(value: Any) -> int | None:
    return value if type(value) is int and 200 <= value < 600 else None


def _mx_host(word: str, data: Json, recipient: str | None, reply: _Reply) -> str | None:
    """Return the host that was spoken to; before one is reached they name the domain instead."""
    host = _text(data.get("hostname")).lower()
    domain = (recipient or "").rpartition("@")[2].lower()
    if not host or not word.startswith("delivery.") or (host == domain and reply.code is None):
        return None
    return host


def _recipient(to: Any) -> str | None:
    """Read `to`: a text when the event is about one recipient, an array when it is inherited."""
    if isinstance(to, list):
        to = to[0] if len(to) == 1 else None
    return _text(to) or None


def _kept(data: Json) -> dict[str, str]:
    found = {ours: data.get(theirs) for theirs, ours in _KEPT.items()}
    # Ids are above 2^53: as texts they stay exact in every store and reader.
    return {k: _text(str(v)) for k, v in found.items() if isinstance(v, str | int) and v != ""}


def _text(value: Any) -> str:
    return text(value, LONGEST_TEXT)


def _instant(value: Any) -> datetime | None:
    try:
        return utc(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return None
