"""SES: what Amazon SES tells of our mail, in our vocabulary, by whatever way it came.

One record comes bare (SNS with raw delivery), as text in the envelope of SNS, or as the `detail` of
an event of EventBridge, and any of these in the records of a Lambda trigger. Of one happening all
ways give the same event, so that one that comes twice meets itself.

The message is named by the tag that we gave it, the recipient by SES. Replies lose their codes, as
the words of other sources come without.
Units: instants have milliseconds.
Source: docs/events.md; the table of words is `ses_words`.
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

from mailtide.domain.event import Event, EventType
from mailtide.domain.identifiers import is_message_id
from mailtide.domain.message import HITS, instant
from mailtide.sources.fields import text, utc
from mailtide.sources.ses_words import GREETING, ON_THE_BUS, OWN, Json, meaning

SOURCE = "ses"
MESSAGE_TAG, IP_TAG, ORG_TAG = "mt-message", "mt-ip", "mt-org"
LONGEST_TEXT = 1000  # characters of a reply that are kept; rows stay small

_UNDATED = instant(0)
_EMPTY: Json = MappingProxyType({})
_KEPT: Mapping[str, str] = MappingProxyType(  # key of a record's own object -> ours
    {
        "bounceType": "bounce_type",
        "bounceSubType": "bounce_sub_type",
        "complaintFeedbackType": "feedback_type",
        "complaintSubType": "complaint_sub_type",
        "delayType": "delay_type",
        "feedbackId": "feedback_id",
        "ipAddress": "address",
        "link": "url",
        "remoteMtaIp": "remote_ip",
        "userAgent": "user_agent",
    }
)
_KEPT_TAGS: Mapping[str, str] = MappingProxyType({"ses:outgoing-ip": "local_ip"})
_LETTER = frozenset({"commonHeaders", "headers", "headersTruncated"})  # of a record's `mail`
_PEOPLE = ("bouncedRecipients", "complainedRecipients", "delayedRecipients", "recipients")
_WORDS = ("smtpResponse", "reason", "errorMessage")
_SMTP = re.compile(r"^smtp;\s*", re.IGNORECASE)
_CODES = re.compile(r"^([2-5]\d\d)(?:[ -]|$)", re.MULTILINE)
_ENHANCED = re.compile(r"^([245]\.\d{1,3}\.\d{1,3})(?: |$)", re.MULTILINE)


@dataclass(frozen=True, slots=True)
class _Reply:
    """What the receiver, or SES itself, said."""

    code: int | None
    enhanced: str | None
    words: str | None


def parse(event: Any) -> list[Event]:
    """Read what was told; what is not understood comes out as `unknown`, not as an error.

    Args:
        event: JSON, read: an event of EventBridge, an envelope of SNS, a bare record, or a Lambda
            trigger's event with any of them; or the text that stood in their place.
    """
    records = event.get("Records") if isinstance(event, dict) else None
    carried = [_carried(one) for one in records] if isinstance(records, list) else [event]
    return [_event(*_record(_message(one))) for one in carried]


def is_told_by_aws(event: Any) -> bool:
    """Say whether this has the form of what SES, SNS or EventBridge put into a queue."""
    return _record(_message(event))[0] != ""


def without_letter(event: Any) -> Any:
    """Return what `parse` takes without the message's own headers, of which nothing is read.

    SES repeats them in each record. They hold a recipient's unsubscribe and reply addresses, and
    encoded words that nobody finds an address in.
    """
    match event:
        case {"Type": "Notification", "Message": str(message)} if isinstance(read(message), dict):
            return {**event, "Message": json.dumps(without_letter(read(message)))}
        case {"detail": dict(record)}:
            return {**event, "detail": without_letter(record)}
        case {"mail": dict(mail)}:
            return {**event, "mail": {k: v for k, v in mail.items() if k not in _LETTER}}
    return event


def read(body: str) -> Any:
    """Return the JSON of a text, or the text where it is none; for `parse`."""
    try:
        return json.loads(body)
    except (ValueError, RecursionError):
        return body


def _carried(record: Any) -> Any:
    """Return what lies in a record of a Lambda trigger: SQS's body, or SNS's envelope."""
    match record:
        case {"body": str(body)}:
            return read(body)
        case {"Sns": dict(envelope)}:
            return envelope
    return record


def _message(carried: Any) -> Any:
    """Return what lies in an envelope of SNS; anything else is returned as it is."""
    match carried:
        case {"Type": "Notification", "Message": str(message)}:
            return read(message)
    return carried


def _record(message: Any) -> tuple[str, Json]:
    """Return the word and the record, which are empty where there are none."""
    match message:
        case {"detail-type": str(name), "detail": dict(record)}:
            return ON_THE_BUS.get(name, name), record
        case {"eventType": str(word)} | {"notificationType": str(word)}:
            return word, message
        case {"Type": str(word)}:  # SNS about itself
            return word, _EMPTY
        case str(notice) if notice.startswith(GREETING):
            return GREETING, _EMPTY
    return "", _EMPTY


def _event(word: str, record: Json) -> Event:
    mail, own = _object(record, "mail"), _object(record, OWN.get(word, ""))
    what = meaning(word, own)
    at = _instant(own.get("timestamp")) or _instant(mail.get("timestamp"))
    if at is None:
        type_ = EventType.UNKNOWN if word in OWN else what.type
        return Event(type_, _UNDATED, SOURCE, _text(word))
    tags = _object(mail, "tags")
    message_id = _tag(tags, MESSAGE_TAG)
    person = _person(own)
    reply = _reply(own, person)
    return Event(
        type=what.type,
        occurred_at=at,
        source=SOURCE,
        source_type=_text(word),
        message_id=message_id if is_message_id(message_id) else None,
        ip_tag=_tag(tags, IP_TAG) or None,
        recipient=_recipient(person, mail),
        smtp_code=reply.code,
        enhanced_code=reply.enhanced,
        smtp_response=reply.words,
        org_id=_tag(tags, ORG_TAG) or None,
        said=what.said,
        data=dict(_kept(what.type, mail, own, tags)),
    )


def _object(of: Json, key: str) -> Json:
    found = of.get(key)
    return found if isinstance(found, dict) else _EMPTY


def _tag(tags: Json, name: str) -> str:
    """Return a tag's value; SES gives each tag as an array of its values."""
    match tags.get(name):
        case [str(value)]:
            return _text(value)
    return ""


def _person(own: Json) -> Any:
    """Return the one whom the record is about: an object, an address, or None when not one."""
    for key in _PEOPLE:
        match own.get(key):
            case [one]:
                return one
    return None


def _recipient(person: Any, mail: Json) -> str | None:
    match person, mail.get("destination"):
        case ({"emailAddress": str(address)}, _) | (str(address), _) | (None, [str(address)]):
            return _text(address) or None
    return None


def _reply(own: Json, person: Any) -> _Reply:
    """Read codes and words: of the diagnostic code of a DSN, or of SES's own text."""
    told = person if isinstance(person, dict) else _EMPTY
    candidates = (told.get("diagnosticCode"), *(own.get(key) for key in _WORDS))
    said = _SMTP.sub("", next((_text(one) for one in candidates if isinstance(one, str)), ""))
    code = _CODES.match(said)
    plain = _CODES.sub("", said) if code else said
    enhanced = _ENHANCED.match(_text(told.get("status"))) or _ENHANCED.match(plain)
    words = _ENHANCED.sub("", plain).strip()
    return _Reply(int(code[1]) if code else None, enhanced[1] if enhanced else None, words or None)


def _kept(type_: EventType, mail: Json, own: Json, tags: Json) -> Iterator[tuple[str, str]]:
    """Yield what a row keeps beside the reply."""
    found = [("ses_id", mail.get("messageId"))]
    found += [(ours, own.get(theirs)) for theirs, ours in _KEPT.items()]
    found += [(ours, _tag(tags, theirs)) for theirs, ours in _KEPT_TAGS.items()]
    if type_ in HITS:
        found.append(("method", "GET"))  # SES answers nothing else
    for name, value in found:
        if kept := _text(value):
            yield name, kept


def _text(value: Any) -> str:
    return text(value, LONGEST_TEXT)


def _instant(value: Any) -> datetime | None:
    try:
        return utc(datetime.fromisoformat(value))
    except (TypeError, ValueError):
        return None
