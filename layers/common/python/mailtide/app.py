"""The composition place: what a function's flow is made of, from the environment and the clock.

One builder per flow, built once per process; its imports are its own, so that a function loads
only what it needs. Nothing else reads the environment, the clock or a secret.
"""

import os
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cache
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from botocore.config import Config
from botocore.session import Session, get_session

from mailtide.domain import identifiers
from mailtide.errors import InvalidInputError

if TYPE_CHECKING:
    from mailtide.bus import Orders
    from mailtide.domain.signing import Keyring
    from mailtide.flows.ingest import Ingest
    from mailtide.flows.insights import Insights
    from mailtide.flows.launch import Launch
    from mailtide.flows.react import React
    from mailtide.flows.release import Release
    from mailtide.flows.rollup import Change, Rollup, Unreadable
    from mailtide.flows.tracking import Tracking
    from mailtide.flows.webhook import Webhook
    from mailtide.store.batches import Batches
    from mailtide.store.bucket import Bucket

_PREFIX = "MAILTIDE_"
_RESERVE = timedelta(seconds=30)  # of a sender's time, for what follows the last hand-over
_CLIENT = Config(
    connect_timeout=3,
    read_timeout=15,
    retries={"total_max_attempts": 4, "mode": "standard"},
)


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment, each variable `MAILTIDE_<NAME>`; all are set on every function."""

    table_prefix: str
    data_bucket: str
    queue_launch: str  # URLs
    queue_sending: str
    queue_events: str
    queue_imports: str
    secret_identity: str  # names or ARNs
    secret_signing: str
    relay_secret_prefix: str
    public_url: str  # may be empty: then the request's own host
    relay_networks: tuple[str, ...]  # private CIDRs that a relay may be in
    sender_timeout_seconds: int
    lease_seconds: int
    emulator: bool  # stream events may come without a shard id

    @classmethod
    def read(cls, environment: Mapping[str, str]) -> "Settings":
        """Read the variables.

        Raises:
            RuntimeError: when one is missing; it names the variable.
        """
        values: dict[str, Any] = {}
        for field in fields(cls):
            name = _PREFIX + field.name.upper()
            if name not in environment:
                raise RuntimeError(f"the environment variable {name} is not set")
            values[field.name] = environment[name]
        for name in ("sender_timeout_seconds", "lease_seconds"):
            values[name] = int(values[name])
        networks = (network.strip() for network in values["relay_networks"].split(","))
        values["relay_networks"] = tuple(network for network in networks if network)
        values["emulator"] = values["emulator"] == "true"
        return cls(**values)


@cache
def settings() -> Settings:
    """Return the settings, read once."""
    return Settings.read(os.environ)


def now() -> datetime:
    """Read the clock: aware UTC, to the millisecond, as instants are stored."""
    at = datetime.now(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)


def deadline(remaining_ms: int) -> datetime:
    """Return until when a sender with so much time left may begin hand-overs."""
    remaining = timedelta(milliseconds=remaining_ms)
    return now() + remaining - min(_RESERVE, remaining / 4)


@cache
def session() -> Session:
    """Return the botocore session that every client is made from."""
    return get_session()


@cache
def client(service: str) -> Any:
    """Return the one client of a service; DynamoDB's is the tables' own."""
    config = _CLIENT
    if service == "s3":
        # An emulator has no host name per bucket; presigned uploads need the newer signature.
        style = "path" if settings().emulator else "virtual"
        s3 = Config(signature_version="s3v4", s3={"addressing_style": style})
        config = config.merge(s3)
    return session().create_client(service, region_name=_region(), config=config)


@cache
def secret(name: str) -> str:
    """Return a secret's text by name or ARN, fetched once."""
    answer = client("secretsmanager").get_secret_value(SecretId=name)
    return str(answer["SecretString"])


@cache
def connect() -> None:
    """Bind the tables' models; every builder that uses one calls it."""
    from mailtide.store import tables

    tables.bind(settings().table_prefix, _region(), session())


def contact_id(org_id: str, address: str) -> str:
    """Name the person behind a normalized address (`domain/identifiers.py`)."""
    return identifiers.contact_id(_identity_key(), org_id, address)


def message_id(campaign_id: str, contact: str) -> str:
    """Name the one message of a campaign to a contact."""
    return identifiers.message_id(_identity_key(), campaign_id, contact)


@cache
def _identity_key() -> bytes:
    return sha256(secret(settings().secret_identity).encode()).digest()


def _region() -> str:
    return os.environ["AWS_REGION"]


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


@cache
def keyring() -> "Keyring":
    """The keys that sign and verify tokens and webhooks."""
    from mailtide.domain.signing import Keyring

    return Keyring.from_json(secret(settings().secret_signing))


@cache
def bucket() -> "Bucket":
    """The data bucket, for payloads as they came."""
    from mailtide.store.bucket import Bucket

    return Bucket(client("s3"), settings().data_bucket)


def name_contact(org_id: str, text: str) -> str | None:
    """Name the person behind what somebody wrote as an address; None when it is none."""
    from mailtide.domain.address import normalize

    try:
        return contact_id(org_id, normalize(text).email)
    except InvalidInputError:
        return None


@cache
def webhook() -> "Webhook":
    """The webhook flow."""
    from mailtide.bus import Queue
    from mailtide.flows.webhook import Webhook

    return Webhook(keyring(), Queue(client("sqs"), settings().queue_events), bucket())


@cache
def tracking() -> "Tracking":
    """The tracking flow; a hit needs no table."""
    from mailtide.bus import Queue
    from mailtide.domain.tracking import Tracker
    from mailtide.flows.tracking import Tracking
    from mailtide.store.contacts import Contacts
    from mailtide.store.events import Events
    from mailtide.store.suppressions import Suppressions

    connect()
    return Tracking(
        tracker=Tracker(keyring(), settings().public_url),
        queue=Queue(client("sqs"), settings().queue_events),
        messages=Events(),
        contacts=Contacts(),
        suppressions=Suppressions(),
    )


@cache
def ingest() -> "Ingest":
    """The ingest flow."""
    from mailtide.flows.ingest import Ingest
    from mailtide.store.contacts import Contacts
    from mailtide.store.events import Events
    from mailtide.store.organisations import Organisations
    from mailtide.store.suppressions import Suppressions

    connect()
    return Ingest(
        events=Events(),
        sources=Organisations(),
        suppressions=Suppressions(),
        contacts=Contacts(),
        name_contact=name_contact,
        bucket=bucket(),
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
    from mailtide.flows.react import React
    from mailtide.store.engagement import Engagement

    connect()
    return React(Engagement())


@cache
def insights() -> "Insights":
    """The insights flow."""
    from mailtide.flows.insights import Insights
    from mailtide.store.campaigns import Campaigns
    from mailtide.store.counters import Counters
    from mailtide.store.events import Events

    connect()
    return Insights(Campaigns(), Counters(), Events(), name_contact)
