"""The flows of what comes back."""

from collections.abc import Mapping
from functools import cache
from typing import TYPE_CHECKING, Any

from mailtide.app.base import (
    LateBucket,
    bucket,
    connect,
    hasty_queue_client,
    keyring,
    name_contact,
    redactor,
    settings,
    small_client,
)
from mailtide.small_client import SQS

if TYPE_CHECKING:
    from mailtide.flows.ingest import Ingest
    from mailtide.flows.react import React
    from mailtide.flows.rollup import Change, Rollup, Unreadable
    from mailtide.flows.sns_webhook import SnsWebhook
    from mailtide.flows.tracking import Rows, Tracking
    from mailtide.flows.webhook import Webhook


@cache
def webhook() -> "Webhook":
    """The webhook flow."""
    from mailtide.bus import Queue
    from mailtide.flows.webhook import Webhook

    return Webhook(keyring(), Queue(small_client(SQS), settings().queue_events), LateBucket())


@cache
def sns_webhook() -> "SnsWebhook":
    """The flow of what SNS posts over HTTPS."""
    from urllib3 import PoolManager

    from mailtide.bus import Queue
    from mailtide.flows.sns_webhook import SnsWebhook
    from mailtide.transports.sns_pages import SnsPages

    return SnsWebhook(
        topics=frozenset({settings().ses_topic, *settings().ses_topics}),
        sns=SnsPages(PoolManager()),
        queue=Queue(small_client(SQS), settings().queue_events),
        bucket=LateBucket(),
    )


@cache
def tracking() -> "Tracking":
    """The tracking flow; a hit needs no table."""
    from mailtide.bus import Queue
    from mailtide.domain.tracking import Tracker
    from mailtide.flows.tracking import Tracking

    return Tracking(
        tracker=Tracker(keyring(), settings().public_url),
        queue=Queue(hasty_queue_client(), settings().queue_events),
        rows=_unsubscribe_rows,
    )


def _unsubscribe_rows() -> "Rows":
    from mailtide.flows.tracking import Rows
    from mailtide.store.events import Events
    from mailtide.store.suppressions import Suppressions

    connect()
    return Rows(Events(), Suppressions())


@cache
def ingest() -> "Ingest":
    """The ingest flow."""
    from mailtide.domain.tracking import Tracker
    from mailtide.flows.ingest import Ingest
    from mailtide.store.events import Events
    from mailtide.store.organisations import Organisations
    from mailtide.store.suppressions import Suppressions

    connect()
    return Ingest(
        events=Events(),
        sources=Organisations(),
        suppressions=Suppressions(),
        bucket=bucket(),
        read_address=Tracker(keyring(), settings().public_url).read_address,
        name_contact=name_contact,
        redactor=redactor(),
    )


def stream_records(event: Mapping[str, Any]) -> "list[Change | Unreadable]":
    """Read a batch of the event table's stream."""
    from mailtide.store import stream

    return [stream.read(record) for record in event["Records"]]


@cache
def rollup() -> "Rollup":
    """The rollup flow."""
    from mailtide.flows.rollup import Rollup
    from mailtide.store.counters import Counters
    from mailtide.store.stream import Quarantine

    connect()
    return Rollup(Counters(), Quarantine(bucket()), settings().emulator)


@cache
def react() -> "React":
    """The react flow."""
    from mailtide.app.submissions import firing
    from mailtide.flows.react import React
    from mailtide.store.contacts import Contacts
    from mailtide.store.engagement import Engagement

    connect()
    return React(Engagement(), Contacts(), firing())
