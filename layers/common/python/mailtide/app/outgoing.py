"""The flows of what goes out."""

from collections.abc import Callable
from datetime import datetime, timedelta
from functools import cache, partial
from typing import TYPE_CHECKING

from mailtide.app.base import (
    client,
    connect,
    credentials,
    endpoint,
    fetch_secret,
    hasty_client,
    keyring,
    message_id,
    now,
    redactor,
    region,
    ses_account,
    settings,
)

if TYPE_CHECKING:
    from mailtide.bus import Orders
    from mailtide.domain.suppression import Stream
    from mailtide.flows.block import Blocks
    from mailtide.flows.compose import Composer
    from mailtide.flows.doubts import Doubts
    from mailtide.flows.launch import Launch
    from mailtide.flows.places import Places
    from mailtide.flows.release import Release
    from mailtide.flows.send import Sender
    from mailtide.flows.ses_senders import SesSenders
    from mailtide.flows.start import Starter
    from mailtide.flows.submitted import Either, Submitted
    from mailtide.flows.takeover import Takeover
    from mailtide.store.batches import Batches
    from mailtide.transports.ses_call import SesParts


def _chance() -> str:
    from uuid import uuid4

    return uuid4().hex


@cache
def orders() -> "Orders":
    """The queues of launch and sender."""
    from mailtide.bus import Orders, Queue

    sqs = client("sqs")
    return Orders(
        sending=Queue(sqs, settings().queue_sending),
        launches=Queue(sqs, settings().queue_launch),
        transact=Queue(sqs, settings().queue_transact),
    )


@cache
def batches() -> "Batches":
    """The batches and their manifests."""
    from mailtide.store.batches import Batches
    from mailtide.store.manifests import Manifests

    connect()
    return Batches(Manifests(client("s3"), settings().data_bucket))


@cache
def launch() -> "Launch":
    """The launch flow; the last shard's launch releases in the same process."""
    from mailtide.flows.audience import Audiences
    from mailtide.flows.launch import Launch
    from mailtide.store.campaigns import Campaigns
    from mailtide.store.contacts import Contacts
    from mailtide.store.lists import Lists
    from mailtide.store.segments import Segments
    from mailtide.store.suppressions import Suppressions

    return Launch(
        campaigns=Campaigns(),
        lists=Lists(),
        segments=Segments(),
        audiences=Audiences(Lists(), Contacts(), Suppressions()),
        batches=batches(),
        launches=orders(),
        # What else is due waits for the minute's look, which may read and write all it needs.
        release=lambda: _release(_nothing, _nothing).run(now(), _chance()),
        clock=now,
    )


def _nothing(_now: datetime) -> int:
    return 0


def starter() -> "Starter":
    """What starts campaigns."""
    from mailtide.flows.start import Starter
    from mailtide.store.campaigns import Campaigns
    from mailtide.store.identities import Identities
    from mailtide.store.lists import Lists
    from mailtide.store.segments import Segments
    from mailtide.store.sending_ips import SendingIps
    from mailtide.store.templates import Templates

    connect()
    return Starter(
        campaigns=Campaigns(),
        lists=Lists(),
        segments=Segments(),
        templates=Templates(),
        identities=Identities(),
        sending_ips=SendingIps(),
        senders=ses_senders(),
        launches=orders(),
        clock=now,
    )


def ses_senders() -> "SesSenders":
    """What looks up at SES who may be written as a sender."""
    from mailtide.flows.ses_senders import SesSenders
    from mailtide.transports.ses_identities import SesIdentities

    # Somebody waits for the start, or other campaigns of the minute do.
    return SesSenders(SesIdentities(partial(hasty_client, "sesv2")))


@cache
def release() -> "Release":
    """The release flow, as it looks every minute."""
    from mailtide.app.job_kinds import job_watch
    from mailtide.flows.schedule import Schedule
    from mailtide.store.campaigns import Campaigns

    return _release(job_watch().run, Schedule(Campaigns(), starter()).run)


def _release(
    watch_jobs: Callable[[datetime], int], start_due: Callable[[datetime], int]
) -> "Release":
    from mailtide.bus import Announcements
    from mailtide.flows.release import Release
    from mailtide.store.campaigns import Campaigns
    from mailtide.store.identities import Identities
    from mailtide.store.quota import Quota
    from mailtide.store.sending_ips import SendingIps

    return Release(
        campaigns=Campaigns(),
        batches=batches(),
        sending_ips=SendingIps(),
        identities=Identities(),
        quota=Quota(),
        orders=orders(),
        bus=Announcements(client("events")),
        lease=timedelta(seconds=settings().lease_seconds),
        watch_jobs=watch_jobs,
        start_due=start_due,
    )


@cache
def sender() -> "Sender":
    """The send flow of campaigns, and of what triggers send as marketing."""
    from mailtide.domain.suppression import Stream
    from mailtide.flows.recipients import Recipients
    from mailtide.flows.submitted import Either
    from mailtide.store.campaigns import Campaigns
    from mailtide.store.contacts import Contacts
    from mailtide.store.suppressions import Suppressions

    recipients = Recipients(batches(), Contacts(), Suppressions(), _doubts(), message_id)
    source = Either(Campaigns(), recipients, _composer(), _submitted())
    return _sender(source, Stream.MARKETING)


@cache
def transact() -> "Sender":
    """The send flow of transactional messages."""
    from mailtide.domain.suppression import Stream

    return _sender(_submitted(), Stream.TRANSACTIONAL)


def _sender(source: "Either | Submitted", stream: "Stream") -> "Sender":
    from mailtide.flows.send import Sender

    return Sender(
        batches=batches(),
        campaigns=source,
        blocks=_blocks(source, stream),
        takeovers=_takeover(source),
        orders=orders(),
        clock=now,
        lease=timedelta(seconds=settings().lease_seconds),
    )


def _submitted() -> "Submitted":
    from mailtide.app.job_kinds import files
    from mailtide.domain.tracking import Tracker
    from mailtide.flows.submitted import Submitted
    from mailtide.store.contacts import Contacts
    from mailtide.store.identities import Identities
    from mailtide.store.submissions import Submissions
    from mailtide.store.suppressions import Suppressions
    from mailtide.store.templates import Templates
    from mailtide.store.triggers import Triggers

    return Submitted(
        submissions=Submissions(),
        contacts=Contacts(),
        suppressions=Suppressions(),
        templates=Templates(),
        identities=Identities(),
        triggers=Triggers(),
        files=files(),
        tracker=Tracker(keyring(), settings().public_url),
        clock=now,
    )


def _blocks(source: "Either | Submitted", stream: "Stream") -> "Blocks":
    from mailtide.domain.relay import read_networks
    from mailtide.domain.verp import Seal
    from mailtide.flows.block import Blocks
    from mailtide.flows.conclude import Conclusion
    from mailtide.flows.hand_over import HandOver
    from mailtide.flows.later import Later
    from mailtide.store.messages import Messages
    from mailtide.transports.ways_out import WaysOut

    networks = read_networks(settings().relay_networks)
    ways_out = WaysOut(fetch_secret, networks, ses_parts, now)
    return Blocks(
        reader=source,
        places=_places(stream),
        messages=Messages(),
        conclusion=Conclusion(Messages(), _doubts(), Later(batches()), redactor(), now),
        composer=source,
        hand_over=HandOver(Seal.of(keyring()).mail_from, ways_out, now),
        clock=now,
    )


def _places(stream: "Stream") -> "Places":
    from mailtide.flows.block_days import BlockDays
    from mailtide.flows.block_rates import BlockRates
    from mailtide.flows.places import LiveLimits, Places
    from mailtide.store.identities import Identities
    from mailtide.store.quota import Quota
    from mailtide.store.sending_ips import SendingIps
    from mailtide.store.sending_rates import SendingRates

    days = BlockDays(Quota())
    limits = LiveLimits(Identities())
    return Places(SendingIps(), days, BlockRates(SendingRates(), days), limits, stream)


@cache
def ses_parts() -> "SesParts":
    """What all transports over SES share."""
    from mailtide.store.ses_rate import SesRate
    from mailtide.transports.ses_call import MOST_IN_FLIGHT, Done, SesParts
    from mailtide.transports.ses_crew import Threads
    from mailtide.transports.ses_mailer import SesMailer
    from mailtide.transports.ses_wire import SesWire

    wire = SesWire(endpoint("SESV2", "email"), region(), credentials, now)
    crew = Threads[Done](MOST_IN_FLIGHT)
    return SesParts(SesMailer(wire), ses_account(), SesRate(region()), crew, now)


def _takeover(source: "Either | Submitted") -> "Takeover":
    from mailtide.flows.later import Later
    from mailtide.flows.takeover import Takeover
    from mailtide.store.messages import Messages

    return Takeover(source, Messages(), _doubts(), Later(batches()), now)


def _doubts() -> "Doubts":
    from mailtide.flows.doubts import Doubts
    from mailtide.store.messages import Messages

    return Doubts(Messages())


def _composer() -> "Composer":
    from mailtide.domain.tracking import Tracker
    from mailtide.flows.compose import Composer
    from mailtide.store.identities import Identities
    from mailtide.store.templates import Templates

    return Composer(Templates(), Identities(), Tracker(keyring(), settings().public_url))
