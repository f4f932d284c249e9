"""What the API offers, and the imports that it starts."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, partial
from typing import TYPE_CHECKING

from mailtide import naming
from mailtide.app.base import (
    client,
    connect,
    contact_id,
    keyring,
    now,
    redactor,
    ses_account,
    settings,
)
from mailtide.app.erasing import erasure
from mailtide.app.job_kinds import job_desk, new_dated_id, suppression_uploads
from mailtide.app.outgoing import ses_senders, starter
from mailtide.domain import identifiers

if TYPE_CHECKING:
    from mailtide.bus import ImportPointers
    from mailtide.domain.signing import Keyring
    from mailtide.flows.campaign_desk import CampaignDesk
    from mailtide.flows.contact_book import ContactBook
    from mailtide.flows.erasure import Erasure
    from mailtide.flows.export_desk import ExportDesk
    from mailtide.flows.import_desk import ImportDesk
    from mailtide.flows.imports import Importer
    from mailtide.flows.ip_registry import IpRegistry
    from mailtide.flows.job_desk import JobDesk
    from mailtide.flows.pool_desk import PoolDesk
    from mailtide.flows.preview import Previewer
    from mailtide.flows.rate_settings import RateSettings
    from mailtide.flows.relay_settings import RelaySettings
    from mailtide.flows.segment_desk import SegmentDesk
    from mailtide.flows.ses_sets import SesSets
    from mailtide.flows.suppression_desk import SuppressionDesk
    from mailtide.flows.suppression_uploads import SuppressionUploads
    from mailtide.flows.trigger_desk import TriggerDesk
    from mailtide.store.contacts import Contacts
    from mailtide.store.identities import Identities
    from mailtide.store.import_files import ImportFiles
    from mailtide.store.lists import Lists
    from mailtide.store.organisations import Organisations
    from mailtide.store.pools import Pools
    from mailtide.store.sending_ips import SendingIps
    from mailtide.store.templates import Templates


@dataclass(frozen=True, slots=True)
class Resources:
    """What the API's routes use."""

    contacts: "Contacts"
    contact_book: "ContactBook"
    erasure: "Erasure"
    lists: "Lists"
    segments: "SegmentDesk"
    imports: "ImportDesk"
    jobs: "JobDesk"
    exports: "ExportDesk"
    templates: "Templates"
    previewer: "Previewer"
    identities: "Identities"
    rate_settings: "RateSettings"
    relay_settings: "RelaySettings"
    sending_ips: "SendingIps"
    ip_registry: "IpRegistry"
    pools: "Pools"
    pool_desk: "PoolDesk"
    organisations: "Organisations"
    suppressions: "SuppressionDesk"
    suppression_uploads: "SuppressionUploads"
    campaigns: "CampaignDesk"
    triggers: "TriggerDesk"
    keyring: "Keyring"


def new_id() -> str:
    """Name something new (16 characters)."""
    return identifiers.encode(naming.draw(identifiers.ID_BYTES))


def entropy() -> bytes:
    """Return the random bytes of a new API key."""
    from mailtide.domain.organisation import KEY_BYTES

    return naming.draw(KEY_BYTES)


@cache
def api() -> Resources:
    """All resources of the API."""
    from mailtide.flows.contact_book import ContactBook
    from mailtide.flows.pool_desk import PoolDesk
    from mailtide.flows.relay_settings import RelaySettings
    from mailtide.store.contacts import Contacts
    from mailtide.store.identities import Identities
    from mailtide.store.lists import Lists
    from mailtide.store.organisations import Organisations
    from mailtide.store.pools import Pools
    from mailtide.store.sending_ips import SendingIps
    from mailtide.store.templates import Templates

    connect()
    contacts, lists = Contacts(), Lists()
    return Resources(
        contacts=contacts,
        contact_book=ContactBook(contacts, contact_id, now),
        erasure=erasure(),
        lists=lists,
        segments=_segment_desk(),
        imports=_import_desk(),
        jobs=job_desk(),
        exports=_export_desk(),
        templates=Templates(),
        previewer=_previewer(),
        identities=Identities(),
        rate_settings=_rate_settings(),
        relay_settings=RelaySettings(SendingIps()),
        sending_ips=SendingIps(),
        ip_registry=_ip_registry(),
        pools=Pools(),
        pool_desk=PoolDesk(Pools(), SendingIps(), Identities(), new_id, now),
        organisations=Organisations(),
        suppressions=_suppression_desk(),
        suppression_uploads=suppression_uploads(),
        campaigns=_campaign_desk(),
        triggers=_trigger_desk(),
        keyring=keyring(),
    )


@cache
def imports() -> "Importer":
    """The flow that works on imports."""
    from mailtide.flows.imports import Importer
    from mailtide.store.contacts import Contacts
    from mailtide.store.imports import Imports
    from mailtide.store.lists import Lists

    connect()
    return Importer(
        jobs=Imports(),
        files=_import_files(),
        contacts=Contacts(),
        lists=Lists(),
        pointers=_import_pointers(),
        contact_id=contact_id,
        clock=now,
    )


def _suppression_desk() -> "SuppressionDesk":
    from mailtide.flows.addresses import Addresses
    from mailtide.flows.suppression_desk import SuppressionDesk
    from mailtide.store.contacts import Contacts
    from mailtide.store.suppressions import Suppressions

    return SuppressionDesk(
        suppressions=Suppressions(),
        addresses=Addresses(Contacts()),
        redactor=redactor(),
        contact_id=contact_id,
        new_id=new_dated_id,
        clock=now,
    )


def _segment_desk() -> "SegmentDesk":
    from mailtide.flows.segment_desk import SegmentDesk
    from mailtide.store.contacts import Contacts
    from mailtide.store.lists import Lists
    from mailtide.store.segments import Segments

    return SegmentDesk(Segments(), Lists(), Contacts(), new_id, now)


def _trigger_desk() -> "TriggerDesk":
    from mailtide.flows.trigger_desk import TriggerDesk
    from mailtide.store.identities import Identities
    from mailtide.store.templates import Templates
    from mailtide.store.triggers import Triggers

    return TriggerDesk(Triggers(), Templates(), Identities(), now)


def _previewer() -> "Previewer":
    from mailtide.domain.tracking import Tracker
    from mailtide.flows.preview import Previewer
    from mailtide.store.identities import Identities
    from mailtide.store.templates import Templates

    return Previewer(Templates(), Identities(), Tracker(keyring(), settings().public_url), now)


def _import_desk() -> "ImportDesk":
    from mailtide.flows.import_desk import ImportDesk
    from mailtide.store.imports import Imports
    from mailtide.store.lists import Lists

    return ImportDesk(Imports(), _import_files(), Lists(), _import_pointers(), new_id, now)


def _export_desk() -> "ExportDesk":
    from mailtide.flows.export_desk import ExportDesk
    from mailtide.store.lists import Lists
    from mailtide.store.segments import Segments

    return ExportDesk(job_desk(), Lists(), Segments())


def _import_files() -> "ImportFiles":
    from mailtide.store.import_files import ImportFiles

    return ImportFiles(client("s3"), settings().data_bucket)


def _import_pointers() -> "ImportPointers":
    from mailtide.bus import ImportPointers, Queue

    return ImportPointers(Queue(client("sqs"), settings().queue_imports))


def _ip_registry() -> "IpRegistry":
    from mailtide.domain.relay import read_networks
    from mailtide.flows.ip_registry import IpRegistry
    from mailtide.store.pools import Pools
    from mailtide.store.quota import Quota
    from mailtide.store.relay_passwords import RelayPasswords
    from mailtide.store.sending_ips import SendingIps

    return IpRegistry(
        sending_ips=SendingIps(),
        pools=Pools(),
        quota=Quota(),
        passwords=RelayPasswords(client("secretsmanager"), settings().relay_secret_prefix),
        sets=_ses_sets(),
        rates=_rate_settings(),
        resolve=_resolve,
        networks=read_networks(settings().relay_networks),
        new_id=new_id,
        clock=now,
    )


def _rate_settings() -> "RateSettings":
    from mailtide.flows.rate_settings import RateSettings
    from mailtide.store.sending_rates import SendingRates

    return RateSettings(SendingRates(), now)


def _ses_sets() -> "SesSets":
    from mailtide.flows.ses_sets import SesSets
    from mailtide.transports.ses_sets import SesConfiguration

    topic = settings().ses_topic
    return SesSets(SesConfiguration(partial(client, "sesv2"), topic), topic)


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


def _resolve(host: str) -> Sequence[str]:
    """Return all addresses that a sender would try; none when the host cannot be found."""
    from mailtide.transports.relay_addresses import resolve

    try:
        return resolve(host, 0)
    except (OSError, UnicodeError):
        return ()
