"""Plan: what the campaign of a case is for, and who is meant by it.

In a broad campaign some people are reached by a segment alone, some by nothing, and some are
excluded, by a list or by a segment.
"""

from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

from local.world.case import CAMPAIGN, LISTS, ORG, Case
from mailtide.domain import segment_text
from mailtide.domain.campaign import Campaign, OnDoubt, State
from mailtide.domain.contact_list import ContactList
from mailtide.domain.content import Identity, Template
from mailtide.domain.segment import Segment

if TYPE_CHECKING:
    from local.world.world import World

EXCLUDED_LIST = "list000000000009"
SEGMENTS = {"wanted": "attributes.wanted is true", "banned": "attributes.banned is true"}
NOBODY = segment_text.read('email is "nobody"')
_WAIT = timedelta(seconds=90)  # of a scheduled campaign
_IN = (("lists",), ("lists",), ("wanted",), (), ("lists", "out"), ("lists", "banned"))


def furnish(world: "World") -> None:
    """Create all that the campaign names."""
    now = world.clock.now
    for list_id in (*LISTS, EXCLUDED_LIST):
        world.lists.create(ContactList(ORG, list_id, list_id, now))
    for name, text in SEGMENTS.items():
        segment = Segment(ORG, name, name, segment_text.read(text), now)
        world.campaigns.segments.create(segment)
    letter = Template(ORG, "template", "Letter", "Hello", "<p>Hello</p>")
    world.campaigns.templates.create(letter, now)
    sender = Identity(ORG, "identity", "News", "News", "news@example.com", "bounce.example.com")
    limits = world.case.rates.get(sender.identity_id, ())
    world.campaigns.identities.create(replace(sender, rate_limits=limits), now)


def settle(world: "World", number: int) -> None:
    """Add the contact of a number to the two lists that overlap, and to what else is planned."""
    places = _IN[number % len(_IN)] if world.case.broad else ("lists",)
    attributes = {name: True for name in places if name in SEGMENTS}
    contact_id = world.add_contact(number, attributes)
    for position, list_id in enumerate(LISTS):
        if "lists" in places and number % 3 in (position, 2):
            world.lists.rows[list_id].add(contact_id)
    if "out" in places:
        world.lists.rows[EXCLUDED_LIST].add(contact_id)


def begin(world: "World") -> None:
    """Start the campaign, or let it wait for its time."""
    draft = _draft(world.case, world)
    world.campaigns.put(draft)
    if world.case.scheduled:
        world.campaigns.schedule(draft, world.clock.now + _WAIT, world.clock.now)
    else:
        world.outgoing.starter().start(draft)


def meant(world: "World") -> set[str]:
    """Return whom the campaign is for as things are; the suppressed are not looked at."""
    broad = world.case.broad
    wanted = set().union(*(world.lists.rows[one] for one in LISTS))
    if not broad:
        return wanted
    return (
        (wanted | _having(world, "wanted"))
        - _having(world, "banned")
        - world.lists.rows[EXCLUDED_LIST]
    )


def _having(world: "World", attribute: str) -> set[str]:
    people = world.contacts.rows.values()
    return {one.contact_id for one in people if one.attributes.get(attribute) is True}


def _draft(case: Case, world: "World") -> Campaign:
    return Campaign(
        org_id=ORG,
        campaign_id=CAMPAIGN,
        name="Spring",
        list_ids=LISTS,
        segment_ids=("wanted",) if case.broad else (),
        excluded_list_ids=(EXCLUDED_LIST,) if case.broad else (),
        excluded_segment_ids=("banned",) if case.broad else (),
        template_id="template",
        identity_id="identity",
        state=State.DRAFT,
        created_at=world.clock.now,
        on_doubt=OnDoubt.RETRY if case.retries else OnDoubt.REPORT,
    )
