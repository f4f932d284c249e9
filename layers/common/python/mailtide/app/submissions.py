"""The flows of single messages that are asked for."""

from functools import cache, cached_property
from typing import TYPE_CHECKING

from mailtide.app.base import (
    connect,
    contact_id,
    fired_id,
    group_of,
    keyring,
    new_id,
    now,
    redactor,
    settings,
    submitted_id,
)
from mailtide.app.job_kinds import files
from mailtide.app.outgoing import orders

if TYPE_CHECKING:
    from mailtide.flows.contact_news import ContactNews
    from mailtide.flows.event_desk import EventDesk
    from mailtide.flows.firing import Firing
    from mailtide.flows.message_desk import MessageDesk
    from mailtide.flows.message_rehearsal import Rehearsal


class SingleMessages:
    """What the routes of single messages use; each part is made when one first asks for it."""

    def __init__(self) -> None:
        connect()

    @cached_property
    def desk(self) -> "MessageDesk":
        """What takes messages."""
        from mailtide.flows.message_desk import MessageDesk
        from mailtide.store.contacts import Contacts
        from mailtide.store.identities import Identities
        from mailtide.store.sending_ips import SendingIps
        from mailtide.store.submissions import Submissions
        from mailtide.store.templates import Templates

        return MessageDesk(
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
            new_id=new_id,
            clock=now,
        )

    @cached_property
    def rehearsal(self) -> "Rehearsal":
        """What shows what would become of messages."""
        from mailtide.domain.tracking import Tracker
        from mailtide.flows.message_rehearsal import Rehearsal
        from mailtide.store.contacts import Contacts
        from mailtide.store.suppressions import Suppressions

        tracker = Tracker(keyring(), settings().public_url)
        return Rehearsal(self.desk, Contacts(), Suppressions(), tracker, now)

    @cached_property
    def events(self) -> "EventDesk":
        """What takes events of contacts."""
        from mailtide.flows.event_desk import EventDesk
        from mailtide.store.contacts import Contacts

        return EventDesk(Contacts(), firing(), contact_id, now)

    @cached_property
    def news(self) -> "ContactNews":
        """What tells triggers of contacts that changed."""
        from mailtide.flows.contact_news import ContactNews

        return ContactNews(firing(), now)


@cache
def messages() -> SingleMessages:
    """The flows of single messages."""
    return SingleMessages()


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
