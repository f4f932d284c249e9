"""Rendering: a newsletter of 31 KB with 12 links and 6 fields, beside the plain way and the floor.

The plain way is `Variant.render`: python-liquid fills the parts, `EmailMessage` encodes them. The
floor is what no renderer can go below: the message's pieces, all ready, joined, and one MAC.
"""

import base64
import hmac
import json
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from hashlib import blake2b
from itertools import cycle

from benchmarks.measure import cpu_per_call
from benchmarks.promise import Promise
from mailtide.domain import identifiers
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.compiled import Compiled, compiled
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity, Template
from mailtide.domain.rendering import Variant, prepare
from mailtide.domain.signing import Keyring
from mailtide.domain.tracking import Tracker

AT = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
ORG = "o" * 16
CAMPAIGN = Campaign(
    ORG, identifiers.encode(b"abcdef"), "Spring", ("list",), "t", "i", State.SENDING, AT
)
IDENTITY = Identity(ORG, "i" * 16, "News", "Acme", "news@acme.example", "b.acme.example")
RING = Keyring.from_json(json.dumps({"current": "1", "1": "k" * 64}))
TRACKER = Tracker(RING, "https://t.acme.example")
FIELDS = {
    "first_name": "Anna",
    "city": "Lisbon",
    "plan": "premium",
    "points": 1240,
    "store": "Rua Augusta",
    "code": "SPRING26",
    "orders": [{"name": "Teapot", "price": "24.90"}, {"name": "Mug", "price": "9.50"}, {}],
}
CONTACTS = 50
PIECES = 90
_SIGNED = b"m" * 17  # what a token signs
_KEY = b"k" * 32
_BLAKE2B = blake2b(key=_KEY, digest_size=13)
WORDS = (
    "Spring is here and so are the new colours of our autumn bestseller, made by hand in small "
    "numbers and sent within two days from the store next to you. "
)
CELL = (
    '<td class="col" valign="top" style="padding:12px 24px;font-family:Helvetica,Arial,sans-serif;'
    'font-size:16px;line-height:24px;color:#1f2937;background-color:#ffffff;border-radius:8px">'
)
LOGIC = (
    "{% if contact.plan == 'premium' %}<p>As a premium member you save 10%.</p>"
    "{% else %}<p>Become a member.</p>{% endif %}"
    "{% for order in contact.orders %}<p>{{ forloop.index }}. {{ order.name | default: 'A gift' }}"
    ": {{ order.price | default: 'free' }}</p>{% endfor %}"
)


def run() -> Iterable[Promise]:
    """Measure the plain newsletter, then one with conditions, a loop and defaults."""
    seconds, size = _measured("")
    figures = _figures(seconds, size)
    yield Promise(
        "rendering: compiled, beside python-liquid + EmailMessage",
        seconds["plain"] / seconds["compiled"],
        200,
        at_least=True,
        figures=figures,
    )
    yield Promise(
        "rendering: compiled, beside the join of ready pieces + one MAC",
        seconds["compiled"] / seconds["join + HMAC"],
        4,
        at_least=False,
        figures=figures,
    )
    seconds, size = _measured(LOGIC)
    yield Promise(
        "rendering with if, for and default, beside python-liquid + EmailMessage",
        seconds["plain"] / seconds["compiled"],
        100,
        at_least=True,
        figures=_figures(seconds, size),
    )


def newsletter(more: str = "") -> Template:
    """Return a template of about 31 KB, with a text part of about 4 KB."""
    fields = [f"{{{{ contact.{name} }}}}" for name in list(FIELDS)[:6]]
    blocks, lines = [], []
    for number in range(12):
        url = f"https://shop.acme.example/spring/{number}?from=mail&amp;campaign=spring-{number}"
        field = fields[number % 6]
        blocks.append(
            f'<tr>{CELL}<h2 style="margin:0">For {field}</h2></td>{CELL}<p>{WORDS * 12}</p></td>'
            f'{CELL}<a class="button" href="{url}">See more</a></td></tr>\n'
        )
        lines.append(f"For {field}\n{WORDS}{WORDS[:80]}\n{url.replace('&amp;', '&')}\n\n")
    html = (
        "<!doctype html><html><head><title>Spring</title></head><body>"
        f"<p>Hello {fields[0]}</p><table>{''.join(blocks)}</table>{more}"
        '<p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p></body></html>\n'
    )
    text = f"Hello {fields[0]},\n\n{''.join(lines)}Unsubscribe: {{{{ unsubscribe_url }}}}\n"
    return Template(ORG, "t" * 16, "Spring", f"Spring in {fields[1]}", html, text)


def _measured(more: str) -> tuple[dict[str, float], int]:
    variant = prepare(newsletter(more), CAMPAIGN, IDENTITY, TRACKER)
    quick = compiled(variant)
    if not isinstance(quick, Compiled):
        raise TypeError("the newsletter was not compiled")
    contacts = [_contact(number) for number in range(CONTACTS)]
    raw = quick.render(*contacts[0], AT)
    cases = {
        "plain": _each(variant, contacts),
        "compiled": _each(quick, contacts),
        "join + HMAC": _floor(raw, _hmac),
        "join + keyed BLAKE2b": _floor(raw, _keyed_blake2b),
    }
    return cpu_per_call(cases), len(raw)


def _contact(number: int) -> tuple[Contact, str]:
    contact_id = identifiers.contact_id(b"key", ORG, f"anna.{number}@example.net")
    fields = {**FIELDS, "code": f"SPRING{number}", "points": number}
    contact = Contact(ORG, contact_id, f"anna.{number}@example.net", "other", AT, fields)
    return contact, identifiers.message_id(b"key", CAMPAIGN.campaign_id, contact_id)


def _each(way: Variant | Compiled, contacts: list[tuple[Contact, str]]) -> Callable[[], object]:
    """Render for one contact after the other."""
    turn = cycle(contacts)

    def render() -> bytes:
        contact, message_id = next(turn)
        return way.render(contact, message_id, AT)

    return render


def _floor(raw: bytes, mac: Callable[[], bytes]) -> Callable[[], object]:
    """Join a message of as many pieces as are joined otherwise, with one MAC in it."""
    step = len(raw) // PIECES + 1
    pieces = [raw[start : start + step] for start in range(0, len(raw), step)]

    def join() -> bytes:
        pieces[1] = base64.urlsafe_b64encode(_SIGNED + mac())
        return b"".join(pieces)

    return join


def _hmac() -> bytes:
    return hmac.digest(_KEY, _SIGNED, "sha256")[:13]


def _keyed_blake2b() -> bytes:
    copy = _BLAKE2B.copy()
    copy.update(_SIGNED)
    return copy.digest()


def _figures(seconds: dict[str, float], size: int) -> str:
    shown = ", ".join(f"{name} {found * 1e6:,.1f} µs" for name, found in seconds.items())
    return f"{shown}; {size:,} bytes"
