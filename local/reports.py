"""Reports: what becomes of a newsletter, as the queue `events` brings it.

Per recipient: 0.98 delivered, 0.70 opens of 0.40 people, 0.06 clicks, 0.01 hard bounces, 0.004
complaints, 0.004 unsubscribes: a good campaign of a shop.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime, timedelta

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
WORDS = "OK  1788256803 d2e1a72fcca58-7acf24e0b1csi1834567b3a.112 - gsmtp"


def add_source() -> None:
    """Register the relay whose words count."""
    source = Source(newsletter.ORG, SOURCE, SourceKind.STALWART, "Relay", newsletter.BORN)
    Organisations().add_source(source)


def message_ids(people: int) -> list[str]:
    """Return the messages of everybody."""
    ids = (newsletter.contact(number).contact_id for number in range(people))
    return [app.message_id(newsletter.CAMPAIGN, contact_id) for contact_id in ids]


def deliveries(messages: Sequence[str], at: datetime) -> Iterator[str]:
    """Yield the relay's webhooks, sliced as the webhook function does."""
    events = [_report(number, message, at) for number, message in enumerate(messages)]
    for start in range(0, len(events), SLICE):
        body = json.dumps({"events": events[start : start + SLICE]})
        told = {"source": "stalwart", "source_id": SOURCE, "received_at": _millis(at), "body": body}
        yield json.dumps(told)


def opens(messages: Sequence[str], at: datetime) -> Iterator[str]:
    """Yield the pixels that were fetched: two people in five open, some of them again."""
    openers = [message for number, message in enumerate(messages) if number % 5 < 2]
    again = [message for number, message in enumerate(openers) if number % 4 < 3]
    yield from _hits(EventType.OPENED, openers, at)
    yield from _hits(EventType.OPENED, again, at + timedelta(hours=3))


def clicks(messages: Sequence[str], at: datetime) -> Iterator[str]:
    """Yield the links that were followed."""
    yield from _hits(EventType.CLICKED, messages[:: 100 // 6], at)


def _hits(type_: EventType, messages: Sequence[str], at: datetime) -> Iterator[str]:
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


def _report(number: int, message: str, at: datetime) -> dict[str, object]:
    bounces = number % 100 == 0
    words = "5.1.1 The email account that you tried to reach does not exist." if bounces else WORDS
    return {
        "id": f"{number}",
        "createdAt": at.strftime("%Y-%m-%dT%H:%M:%SZ"),
        "type": "delivery.rcpt-to-rejected" if bounces else "delivery.delivered",
        "data": {
            "hostname": "aspmx.l.google.com",
            "to": newsletter.contact(number).email,
            "code": 550 if bounces else 250,
            "details": words,
            "queueId": number,
            "from": SEAL.mail_from("a", message, "b.shop.example"),
        },
    }


def _millis(at: datetime) -> int:
    return int(at.timestamp() * 1000)
