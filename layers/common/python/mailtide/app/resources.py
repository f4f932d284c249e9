"""What the API offers, resource by resource."""

from functools import cache, cached_property
from typing import TYPE_CHECKING

from mailtide import naming
from mailtide.app.base import (
    connect,
    contact_id,
    keyring,
    new_id,
    now,
    redactor,
    ses_account,
    settings,
)
from mailtide.app.erasing import erasure
from mailtide.app.importing import import_pointers
from mailtide.app.ip_desks import ip_registry, rate_settings
from mailtide.app.job_kinds import files, job_desk, new_dated_id, suppression_uploads
from mailtide.app.outgoing import ses_senders, starter
from mailtide.domain import identifiers

if TYPE_CHECKING:
    from mailtide.domain.signing import Keyring
    from mailtide.flows.campaign_desk import CampaignDesk
    from mailtide.flows.contact_book import ContactBook
    from mailtide.flows.erasure import Erasure
    from mailtide.flows.export_desk import ExportDesk
    from mailtide.flows.import_desk import ImportDesk
    from mailtide.flows.ip_registry import IpRegistry
    from mailtide.flows.job_desk import JobDesk
    from mailtide.flows.pool_desk import PoolDesk
    from mailtide.flows.preview import Previewer
    from mailtide.flows.rate_settings import RateSettings
    from mailtide.flows.relay_settings import RelaySettings
    from mailtide.flows.segment_desk import SegmentDesk
    from mailtide.flows.suppression_desk import SuppressionDesk
    from mailtide.flows.suppression_uploads import SuppressionUploads
    from mailtide.flows.trigger_desk import TriggerDesk
    from mailtide.store.contacts import Contacts
    from mailtide.store.identities import Identities
    from mailtide.store.lists import Lists
    from mailtide.store.organisations import Organisations
    from mailtide.store.pools import Pools
    from mailtide.store.sending_ips import SendingIps
    from mailtide.store.templates import Templates


class Resources:
    """What the API's routes use; each part is made when a route first asks for it.

    A process answers for few resources, and what all of them are made of takes long to load.
    """

    def __init__(self) -> None:
        connect()

    @cached_property
    def contacts(self) -> "Contacts":
        """The contacts, as they are kept."""
        from mailtide.store.contacts import Contacts

        return Contacts()

    @cached_property
    def contact_book(self) -> "ContactBook":
        """What is asked of contacts."""
        from mailtide.flows.contact_book import ContactBook

        return ContactBook(self.contacts, contact_id, now)

    @cached_property
    def erasure(self) -> "Erasure":
        """What forgets a person."""
        return erasure()

    @cached_property
    def lists(self) -> "Lists":
        """The lists."""
        from mailtide.store.lists import Lists

        return Lists()

    @cached_property
    def segments(self) -> "SegmentDesk":
        """What is asked of segments."""
        from mailtide.flows.segment_desk import SegmentDesk
        from mailtide.store.segments import Segments

        return SegmentDesk(Segments(), self.lists, self.contacts, new_id, now)

    @cached_property
    def imports(self) -> "ImportDesk":
        """What is asked of imports."""
        from mailtide.flows.import_desk import ImportDesk
        from mailtide.store.imports import Imports

        return ImportDesk(Imports(), files(), self.lists, import_pointers(), new_id, now)

    @cached_property
    def jobs(self) -> "JobDesk":
        """What is asked of jobs."""
        return job_desk()

    @cached_property
    def exports(self) -> "ExportDesk":
        """What is asked of exports."""
        from mailtide.flows.export_desk import ExportDesk
        from mailtide.store.segments import Segments

        return ExportDesk(self.jobs, self.lists, Segments())

    @cached_property
    def templates(self) -> "Templates":
        """The templates."""
        from mailtide.store.templates import Templates

        return Templates()

    @cached_property
    def previewer(self) -> "Previewer":
        """What shows a template as a contact would get it."""
        from mailtide.domain.tracking import Tracker
        from mailtide.flows.preview import Previewer

        tracker = Tracker(self.keyring, settings().public_url)
        return Previewer(self.templates, self.identities, tracker, now)

    @cached_property
    def identities(self) -> "Identities":
        """Who mail is from."""
        from mailtide.store.identities import Identities

        return Identities()

    @cached_property
    def rate_settings(self) -> "RateSettings":
        """What is asked of rate limits."""
        return rate_settings()

    @cached_property
    def relay_settings(self) -> "RelaySettings":
        """What makes a relay's settings."""
        from mailtide.flows.relay_settings import RelaySettings

        return RelaySettings(self.sending_ips)

    @cached_property
    def sending_ips(self) -> "SendingIps":
        """The ways out."""
        from mailtide.store.sending_ips import SendingIps

        return SendingIps()

    @cached_property
    def ip_registry(self) -> "IpRegistry":
        """What is asked of sending IPs."""
        return ip_registry()

    @cached_property
    def pools(self) -> "Pools":
        """The pools of sending IPs."""
        from mailtide.store.pools import Pools

        return Pools()

    @cached_property
    def pool_desk(self) -> "PoolDesk":
        """What is asked of pools."""
        from mailtide.flows.pool_desk import PoolDesk

        return PoolDesk(self.pools, self.sending_ips, self.identities, new_id, now)

    @cached_property
    def organisations(self) -> "Organisations":
        """The organisations, their keys and sources."""
        from mailtide.store.organisations import Organisations

        return Organisations()

    @cached_property
    def suppressions(self) -> "SuppressionDesk":
        """What is asked of suppressions."""
        from mailtide.flows.addresses import Addresses
        from mailtide.flows.suppression_desk import SuppressionDesk
        from mailtide.store.suppressions import Suppressions

        return SuppressionDesk(
            suppressions=Suppressions(),
            addresses=Addresses(self.contacts),
            redactor=redactor(),
            contact_id=contact_id,
            new_id=new_dated_id,
            clock=now,
        )

    @cached_property
    def suppression_uploads(self) -> "SuppressionUploads":
        """What is asked of imports of suppressions."""
        return suppression_uploads()

    @cached_property
    def campaigns(self) -> "CampaignDesk":
        """What is asked of campaigns."""
        return _campaign_desk()

    @cached_property
    def triggers(self) -> "TriggerDesk":
        """What is asked of triggers."""
        from mailtide.flows.trigger_desk import TriggerDesk
        from mailtide.store.triggers import Triggers

        return TriggerDesk(Triggers(), self.templates, self.identities, now)

    @cached_property
    def keyring(self) -> "Keyring":
        """The keys that sign."""
        return keyring()


def entropy() -> bytes:
    """Return the random bytes of a new API key."""
    from mailtide.domain.organisation import KEY_BYTES

    return naming.draw(KEY_BYTES)


@cache
def api() -> Resources:
    """All resources of the API."""
    return Resources()


def _campaign_desk() -> "CampaignDesk":
    from mailtide.flows.audience import Audiences
    from mailtide.flows.campaign_desk import CampaignDesk
    from mailtide.flows.forecast import Forecaster
    from mailtide.store.campaigns import Campaigns
    from mailtide.store.contacts import Contacts
    from mailtide.store.lists import Lists
    from mailtide.store.quota import Quota
    from mailtide.store.sending_ips import SendingIps
    from mailtide.store.suppressions import Suppressions

    return CampaignDesk(
        campaigns=Campaigns(),
        starter=starter(),
        forecaster=Forecaster(
            audiences=Audiences(Lists(), Contacts(), Suppressions()),
            sending_ips=SendingIps(),
            quota=Quota(),
            ses=ses_account(),
            senders=ses_senders(),
            clock=now,
        ),
        new_id=lambda: identifiers.encode(naming.draw(identifiers.CAMPAIGN_BYTES)),
        clock=now,
    )
