"""Newsletter: an organisation with people on a list, a letter of 30 KB, and a way out for it."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

from mailtide import app
from mailtide.app.outgoing import starter
from mailtide.domain import template_compiler
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.contact_list import ContactList
from mailtide.domain.content import Identity, Template
from mailtide.domain.identifiers import SHARDS
from mailtide.domain.sending_ip import Relay, SendingIp, Ses, Tls, Transport
from mailtide.domain.suppression import Stream
from mailtide.flows.pointers import Shard, write_shard
from mailtide.store.campaigns import Campaigns
from mailtide.store.contacts import Contacts
from mailtide.store.identities import Identities
from mailtide.store.lists import Lists
from mailtide.store.sending_ips import SendingIps
from mailtide.store.templates import Templates

ORG, LIST, CAMPAIGN = "bench", "everybody", "c000000000"
BORN = datetime(2026, 11, 1, tzinfo=UTC)
LINKS = 12
WRITERS = 8
PARAGRAPH = "Snow lies on the hills, and the lamps in our shop are lit from four o'clock on. " * 6
FIELDS = ("first_name", "city", "plan", "shop", "points", "birthday")


def newsletter() -> str:
    """Return 30 KB of HTML with 12 links and 6 fields, as a shop's newsletter is."""
    blocks = "".join(
        f'<tr><td style="padding:12px 24px;font-family:Helvetica,Arial,sans-serif;color:#333">'
        f"<h2>For {{{{ contact.{FIELDS[n % len(FIELDS)]} }}}}</h2><p>{PARAGRAPH}</p>"
        f"<p>{PARAGRAPH}</p><p>{PARAGRAPH}</p><p>{PARAGRAPH}</p>"
        f'<a href="https://shop.example/page/{n}?from=news">Read more about page {n}</a></td></tr>'
        for n in range(LINKS)
    )
    return (
        f"<html><body><table>{blocks}</table>"
        '<p>You get this as {{ contact.email }}. <a href="{{ unsubscribe_url }}">Leave</a></p>'
        "</body></html>"
    )


def template() -> Template:
    """Return the newsletter as a template that was saved."""
    subject = "{{ contact.first_name }}, the winter catalogue is here"
    return template_compiler.compiled(Template(ORG, "t1", "Winter", subject, newsletter()))


def contact(number: int) -> Contact:
    """Return one of the people."""
    email = f"person.{number}@gmail.com"
    attributes: dict[str, Any] = {
        "first_name": f"Ann{number}",
        "city": "Nuremberg",
        "plan": "gold",
        "shop": "Winter & Sons",
        "points": number,
        "birthday": "12 May",
    }
    return Contact(ORG, app.contact_id(ORG, email), email, "gmail", BORN, attributes)


def add_people(count: int) -> None:
    """Write contacts and put them on the list."""
    people = [contact(number) for number in range(count)]
    with ThreadPoolExecutor(WRITERS) as pool:
        list(pool.map(Contacts().create, people))
    Lists().create(ContactList(ORG, LIST, "Everybody", BORN))
    Lists().add_members(LIST, [one.contact_id for one in people], BORN)


def relay(port: int) -> Transport:
    """Return the way out over a relay on this machine."""
    return Relay("127.0.0.1", port, Tls.NONE)


def ses() -> Transport:
    """Return the way out over SES."""
    return Ses("mailtide-bench-a")


def start(transport: Transport) -> None:
    """Add a sending IP, and start the campaign as the API does."""
    SendingIps().create(SendingIp(ORG, "ip1", "a", Stream.MARKETING, transport), BORN)
    Templates().create(template(), BORN)
    Identities().create(
        Identity(
            ORG,
            "i1",
            "News",
            from_name="The Winter Shop",
            from_address="news@shop.example",
            bounce_domain="b.shop.example",
            reply_domain="reply.shop.example",
        ),
        BORN,
    )
    campaign = Campaign(ORG, CAMPAIGN, "Winter", (LIST,), "t1", "i1", State.DRAFT, BORN)
    Campaigns().create(campaign)
    starter().start(campaign)


def shards() -> list[str]:
    """Return the pointers of the campaign's launch."""
    return [write_shard(Shard(ORG, CAMPAIGN, shard)) for shard in SHARDS]
