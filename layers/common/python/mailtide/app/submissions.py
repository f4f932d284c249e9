"""The flows of single messages that are asked for."""

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING

from mailtide import naming
from mailtide.app.base import (
    connect,
    contact_id,
    fired_id,
    group_of,
    keyring,
    now,
    redactor,
    settings,
    submitted_id,
)
from mailtide.app.job_kinds import files
from mailtide.app.outgoing import orders
from mailtide.domain import identifiers

if TYPE_CHECKING:
    from mailtide.flows.contact_news import ContactNews
    from mailtide.flows.event_desk import EventDesk
    from mailtide.flows.firing import Firing
    from mailtide.flows.message_desk import MessageDesk
    from mailtide.flows.message_rehearsal import Rehearsal


@dataclass(frozen=True, slots=True)
class SingleMessages:
    """What the routes of single messages use."""

    desk: "MessageDesk"
    rehearsal: "Rehearsal"
    events: "EventDesk"
    news: "ContactNews"


@cache
def messages() -> SingleMessages:
    """The flows of single messages."""
    from mailtide.domain.tracking import Tracker
    from mailtide.flows.contact_news import ContactNews
    from mailtide.flows.event_desk import EventDesk
    from mailtide.flows.message_desk import MessageDesk
    from mailtide.flows.message_rehearsal import Rehearsal
    from mailtide.store.contacts import Contacts
    from mailtide.store.identities import Identities
    from mailtide.store.sending_ips import SendingIps
    from mailtide.store.submissions import Submissions
    from mailtide.store.suppressions import Suppressions
    from mailtide.store.templates import Templates

    connect()
    desk = MessageDesk(
        submissions=Submissions(),
        contacts=Contacts(),
        templates=Templates(),
        identities=Identities(),
        sending_ips=SendingIps(),
        files=files(),
        orders=orders(),
        redactor=redactor(),
        contact_id=contact_id,
        message_id=submitted_id,
        new_id=lambda: identifiers.encode(naming.draw(identifiers.ID_BYTES)),
        clock=now,
    )
    tracker = Tracker(keyring(), settings().public_url)
    return SingleMessages(
        desk=desk,
        rehearsal=Rehearsal(desk, Contacts(), Suppressions(), tracker, now),
        events=EventDesk(Contacts(), firing(), contact_id, now),
        news=ContactNews(firing(), now),
    )


@cache
def firing() -> "Firing":
    """What lets triggers fire."""
    from mailtide.flows.firing import Firing
    from mailtide.store.identities import Identities
    from mailtide.store.submissions import Submissions
    from mailtide.store.triggers import Triggers

    connect()
    return Firing(
        triggers=Triggers(),
        identities=Identities(),
        submissions=Submissions(),
        orders=orders(),
        group_of=group_of,
        message_id=fired_id,
        clock=now,
    )
