"""The flows of what goes out."""

import uuid
from datetime import timedelta
from functools import cache
from typing import TYPE_CHECKING

from mailtide.app.base import client, connect, now, settings

if TYPE_CHECKING:
    from mailtide.bus import Orders
    from mailtide.flows.launch import Launch
    from mailtide.flows.release import Release
    from mailtide.store.batches import Batches


@cache
def orders() -> "Orders":
    """The queues of launch and sender."""
    from mailtide.bus import Orders, Queue

    sqs = client("sqs")
    return Orders(Queue(sqs, settings().queue_sending), Queue(sqs, settings().queue_launch))


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
    from mailtide.flows.launch import Launch
    from mailtide.store.campaigns import Campaigns
    from mailtide.store.contacts import Contacts
    from mailtide.store.lists import Lists
    from mailtide.store.suppressions import Suppressions

    return Launch(
        campaigns=Campaigns(),
        lists=Lists(),
        contacts=Contacts(),
        suppressions=Suppressions(),
        batches=batches(),
        release=lambda: release().run(now(), uuid.uuid4().hex),
        clock=now,
    )


@cache
def release() -> "Release":
    """The release flow."""
    from mailtide.flows.release import Release
    from mailtide.store.campaigns import Campaigns
    from mailtide.store.quota import Quota
    from mailtide.store.sending_ips import SendingIps

    return Release(
        campaigns=Campaigns(),
        batches=batches(),
        sending_ips=SendingIps(),
        quota=Quota(),
        orders=orders(),
        lease=timedelta(seconds=settings().lease_seconds),
    )
