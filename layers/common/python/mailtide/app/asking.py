"""The flows that answer what became of mail."""

from functools import cache
from typing import TYPE_CHECKING

from mailtide.app.base import connect, contact_id, name_contact

if TYPE_CHECKING:
    from mailtide.flows.insights import Insights


@cache
def insights() -> "Insights":
    """The insights flow."""
    from mailtide.flows.addresses import Addresses, Senders
    from mailtide.flows.insights import Insights
    from mailtide.store.campaigns import Campaigns
    from mailtide.store.contacts import Contacts
    from mailtide.store.counters import Counters
    from mailtide.store.events import Events
    from mailtide.store.identities import Identities

    connect()
    addresses = Addresses(Contacts(), Senders(Identities(), contact_id).of)
    return Insights(Campaigns(), Counters(), Events(), addresses, name_contact)
