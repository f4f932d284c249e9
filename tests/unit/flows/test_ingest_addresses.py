"""Ingest keeps nobody's address: rows, evidence and copies name people by reference only."""

import json
from dataclasses import replace
from typing import Any

import pytest

from local.memory.contacts import Contacts
from local.memory.contents import Identities
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity
from mailtide.domain.event import EventType
from mailtide.domain.suppression import Reason
from mailtide.flows.addresses import Addresses, Senders
from mailtide.flows.envelope import Hit
from tests.collaborators import FOREIGN_SOURCE, SEAL, SOURCE, name_contact
from tests.ingesting import World, event, feedback, hit, webhook
from tests.rows import ORG, START, message, sent

ANN = "ann@example.com"
WORDS = f"5.1.1 <{ANN}>: Recipient address rejected: user unknown, see https://r.example/?e=Ann%40EXAMPLE.com"


def everything(world: World) -> str:
    """Return all that is kept, as text."""
    rows = [repr(row) for row in world.table.all()]
    return "\n".join([*rows, repr(world.suppressions.rows), repr(world.bucket.objects)]).lower()


def about_ann(world: World) -> None:
    """Make the first message Ann's, by the id that her address gives."""
    ann = str(name_contact(ORG, ANN))
    row = sent(1)
    world.events.put_all([replace(row, of=replace(row.of, recipient_id=ann))])


def rejected(words: str = WORDS) -> dict[str, Any]:
    return event("delivery.rcpt-to-rejected", code=550, details=words)


def test_words_that_quote_an_address_are_kept_without_it_and_shown_with_it() -> None:
    world = World()
    about_ann(world)
    world.ingest(rejected())
    assert "ann" not in everything(world).replace("channel", "")
    row = world.row("bounced")
    assert row is not None
    contacts = Contacts()
    contacts.put(Contact(ORG, row.of.recipient_id, "Ann@example.com", "other", START))
    [shown] = Addresses(contacts).in_rows(ORG, [row])
    assert shown.smtp_response == WORDS
    [suppression] = Addresses(contacts).in_suppressions(ORG, world.suppressions.rows.values())
    assert suppression.email == "Ann@example.com"
    assert ANN in suppression.reasons[Reason.HARD_BOUNCE].text
    contacts.rows.clear()
    assert Addresses(contacts).in_rows(ORG, [row]) == [row]


def test_the_organisations_own_sender_is_shown_in_the_words_about_it() -> None:
    world = World()
    about_ann(world)
    words = (
        "5.7.1 <News@acme.example>: Sender address rejected, ask help@acme.example not x@y.example"
    )
    world.ingest(event("delivery.rcpt-to-rejected", code=550, details=words))
    row = world.row("bounced")
    assert row is not None
    assert "acme" not in (row.smtp_response or "")
    identities = Identities()
    for number in range(3):
        sender = f"{number}@acme.example"
        identities.create(Identity(ORG, f"i{number}", "x", "x", sender, "b.x.com"), START)
    identities.create(
        Identity(
            ORG, "news", "x", "x", "news@acme.example", "b.x.com", reply_to="help@acme.example"
        ),
        START,
    )
    identities.create(Identity("other", "x", "x", "x", "x@y.example", "b.x.com"), START)
    addresses = Addresses(
        Contacts(), Senders(identities, lambda org, text: str(name_contact(org, text))).of
    )
    [shown] = addresses.in_rows(ORG, [row])
    assert (shown.smtp_response or "").startswith(words.partition("x@y.example")[0])
    assert "x@y.example" not in (shown.smtp_response or "")


def test_senders_are_looked_up_for_words_about_others_alone() -> None:
    world = World()
    about_ann(world)
    world.ingest(rejected())
    row = world.row("bounced")
    assert row is not None
    contacts = Contacts()
    contacts.put(Contact(ORG, row.of.recipient_id, ANN, "other", START))

    def nobody_asks(_org_id: str) -> dict[str, str]:
        raise AssertionError

    [shown] = Addresses(contacts, nobody_asks).in_rows(ORG, [row])
    assert ANN in (shown.smtp_response or "")


def test_hiding_the_address_changes_no_class() -> None:
    world = World()
    world.ingest(rejected("550 spam@example.com is blocked as spam@example.com is full"))
    row = world.row("bounced")
    assert row is not None
    assert row.data["class"] == "block"


def test_a_click_keeps_its_url_without_the_address_in_it() -> None:
    world = World()
    clicked = replace(hit(EventType.CLICKED), link_index=1, url=f"https://shop.example/?e={ANN}")
    assert isinstance(clicked, Hit)
    world.hit(clicked)
    [row] = [row for row in world.table.all() if row.event_type is EventType.CLICKED]
    assert row.data["url"].startswith("https://shop.example/?e={contact:")


@pytest.mark.parametrize(
    ("source_id", "number", "stands"),
    [
        (SOURCE, 9, "{contact:"),
        (FOREIGN_SOURCE, 1, "{contact:"),
        ("gone000000000000", 1, "{address}"),
    ],
)
def test_what_is_refused_is_kept_without_addresses(
    source_id: str, number: int, stands: str
) -> None:
    world = World()
    told = event("delivery.rcpt-to-rejected", number, code=550, details=WORDS)
    assert world.ingest(told, source_id=source_id) == {"refused": 1}
    for prefix in ("raw/", "refused/"):
        [key] = world.kept(prefix)
        assert ANN not in world.bucket.objects[key].decode().lower()
        assert stands in world.bucket.objects[key].decode()


def test_of_a_mail_only_what_it_says_is_kept() -> None:
    world = World()
    world.flow.run(feedback(recipient=ANN))
    [key] = world.kept("raw/")
    [kept] = json.loads(world.bucket.objects[key])
    assert kept["source_type"] == "feedback-report/abuse"
    assert ANN not in json.dumps(kept)
    assert SEAL.mail_from("ip1", message(), "x")[:30] not in json.dumps(kept)


def test_a_body_in_the_bucket_goes_when_it_has_been_worked_on() -> None:
    world = World()
    inline = json.loads(webhook(rejected()))
    world.bucket.put("payloads/x.json", inline.pop("body").encode())
    text = json.dumps({**inline, "body_key": "payloads/x.json"})
    assert world.flow.run(text)["bounced"] == 1
    assert world.kept("payloads/") == []
    assert dict(world.flow.run(text)) == {"repeated": 1}


def test_an_event_after_the_erasure_meets_the_row_from_before() -> None:
    world = World()
    about_ann(world)
    world.ingest(rejected())
    before = list(world.table.all())
    world.ingest(rejected())
    assert list(world.table.all()) == before
