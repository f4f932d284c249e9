"""Reports: what becomes of a newsletter, as the queue `events` brings it.

Per recipient: 0.98 delivered, 0.70 opens of 0.40 people, 0.06 clicks, 0.01 hard bounces, 0.004
complaints, 0.004 unsubscribes: a good campaign of a shop.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from local import newsletter
from mailtide import app
from mailtide.domain.event import EventType
from mailtide.domain.organisation import Source, SourceKind
from mailtide.domain.signing import Keyring
from mailtide.domain.verp import Seal
from mailtide.flows.envelope import Hit, hit_key, write_hits
from mailtide.flows.webhook import SLICE
from mailtide.store.organisations import Organisations

AGENT = "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 Mobile"
SOURCE = "source1"
SEAL = Seal.of(Keyring(0, {0: b"k" * 32}))  # the webhook's signature is what counts


class Said(NamedTuple):
    """What a relay tells of a message, in the receiver's words."""

    type: str
    code: int
    details: str


DELIVERED = Said(
    "delivery.delivered", 250, "OK  1788256803 d2e1a72fcca58-7acf24e0b1csi1834567b3a.112 - gsmtp"
)
GONE = Said(
    "delivery.rcpt-to-rejected",
    550,
    "5.1.1 The email account that you tried to reach does not exist.",
)
LATER = Said(
    "delivery.rcpt-to-rejected", 450, "4.2.1 The user you are trying to contact is busy; try later."
)


def add_source() -> None:
    """Register the relay whose words count."""
    source = Source(newsletter.ORG, SOURCE, SourceKind.STALWART, "Relay", newsletter.BORN)
    Organisations().add_source(source)


def message_ids(people: int) -> list[str]:
    """Return the messages of everybody."""
    ids = (newsletter.contact(number).contact_id for number in range(people))
    return [app.message_id(newsletter.CAMPAIGN, contact_id) for contact_id in ids]


def deliveries(messages: Sequence[str], at: datetime) -> Iterator[str]:
    """Yield the relay's webhooks when one message in a hundred bounces."""
    said = [DELIVERED if number % 100 else GONE for number in range(len(messages))]
    yield from _told(zip(messages, said, strict=True), at)


def told(said: Said, messages: Sequence[str], at: datetime) -> Iterator[str]:
    """Yield the relay's webhooks when it says the same of every message."""
    yield from _told(((message, said) for message in messages), at)


def webhook_body(said: Said, messages: Sequence[str], at: datetime) -> bytes:
    """Return what the relay posts when it says the same of every message."""
    events = [_report(number, message, said, at) for number, message in enumerate(messages)]
    return json.dumps({"events": events}).encode()


def opens(messages: Sequence[str], at: datetime) -> Iterator[str]:
    """Yield the pixels that were fetched: two people in five open, some of them again."""
    openers = [message for number, message in enumerate(messages) if number % 5 < 2]
    again = [message for number, message in enumerate(openers) if number % 4 < 3]
    yield from hits(EventType.OPENED, openers, at)
    yield from hits(EventType.OPENED, again, at + timedelta(hours=3))


def clicks(messages: Sequence[str], at: datetime) -> Iterator[str]:
    """Yield the links that were followed."""
    yield from hits(EventType.CLICKED, messages[:: 100 // 6], at)


def hits(type_: EventType, messages: Sequence[str], at: datetime) -> Iterator[str]:
    """Yield one hit of each message, as the tracking function queues it."""
    for number, message in enumerate(messages):
        then = at + timedelta(seconds=number % 3600)
        hit = Hit(
            type=type_,
            message_id=message,
            key=hit_key(type_, then, message, f"request-{number}"),
            at=then,
            method="GET",
            user_agent=AGENT,
            address="198.51.100.7",
            link_index=0 if type_ is EventType.CLICKED else None,
            url="https://shop.example/page/0" if type_ is EventType.CLICKED else None,
        )
        yield write_hits([hit], then)


def _told(said: Iterable[tuple[str, Said]], at: datetime) -> Iterator[str]:
    """Yield payloads of the queue, sliced as the webhook function does."""
    events = [_report(number, message, words, at) for number, (message, words) in enumerate(said)]
    for start in range(0, len(events), SLICE):
        body = json.dumps({"events": events[start : start + SLICE]})
        payload = {"source": "stalwart", "source_id": SOURCE, "received_at": _millis(at)}
        yield json.dumps(payload | {"body": body})


def _report(number: int, message: str, said: Said, at: datetime) -> dict[str, object]:
    return {
        "id": f"{number}",
        "createdAt": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "type": said.type,
        "data": {
            "hostname": "aspmx.l.google.com",
            "to": newsletter.contact(number).email,
            "code": said.code,
            "details": said.details,
            "queueId": number,
            "from": SEAL.mail_from("a", message, "b.shop.example"),
        },
    }


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
