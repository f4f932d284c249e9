"""What every builder needs: settings, clock, clients, secrets, keys and ids."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, fields
from datetime import UTC, datetime, timedelta
from functools import cache, partial
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from mailtide import naming
from mailtide.domain import identifiers
from mailtide.errors import InvalidInputError
from mailtide.sigv4 import Credentials
from mailtide.small_client import DYNAMODB, SECRETS, SQS, Patience, Service, SmallClient

if TYPE_CHECKING:
    from botocore.session import Session

    from mailtide.domain.redaction import Redactor
    from mailtide.domain.signing import Keyring
    from mailtide.store.bucket import Bucket
    from mailtide.transports.ses_account import SesAccounts

_PREFIX = "MAILTIDE_"
_RESERVE = timedelta(seconds=30)  # of a sender's time, for what follows the last hand-over
_PATIENT = Patience(answer=15, tries=4, pause=1.0)  # as botocore's standard mode
_HASTY = Patience(answer=2, tries=2, pause=0.1)  # somebody waits for a page or an image


@dataclass(frozen=True, slots=True)
class Settings:
    """The environment, each variable `MAILTIDE_<NAME>`; all are set on every function."""

    table_prefix: str
    data_bucket: str
    queue_launch: str  # URLs
    queue_sending: str
    queue_transact: str
    queue_events: str
    queue_imports: str
    queue_jobs: str
    secret_identity: str  # names or ARNs
    secret_signing: str
    relay_secret_prefix: str
    public_url: str  # may be empty: then the request's own host
    relay_networks: tuple[str, ...]  # private CIDRs that a relay may be in
    ses_topic: str  # ARN of the SNS topic that SES publishes to; empty: SES is not set up
    ses_topics: tuple[str, ...]  # ARNs of others that may post to /webhooks/ses
    sender_timeout_seconds: int
    lease_seconds: int
    requests_per_minute: int  # of one organisation; 0: no limit
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
        for name in ("sender_timeout_seconds", "lease_seconds", "requests_per_minute"):
            values[name] = int(values[name])
        for name in ("relay_networks", "ses_topics"):
            parts = (part.strip() for part in values[name].split(","))
            values[name] = tuple(part for part in parts if part)
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


def certain_death(remaining_ms: int) -> datetime:
    """Return by when a function with so much time left has certainly ended."""
    return now() + timedelta(milliseconds=remaining_ms) + _RESERVE


@cache
def session() -> "Session":
    """Return the botocore session that its clients are made from."""
    from botocore.session import get_session

    return get_session()


@cache
def client(service: str) -> Any:
    """Return botocore's one client of a service."""
    from botocore.config import Config

    config = _config(_PATIENT)
    if service == "s3":
        # An emulator has no host name per bucket; presigned uploads need the newer signature.
        style = "path" if settings().emulator else "virtual"
        s3 = Config(signature_version="s3v4", s3={"addressing_style": style})
        config = config.merge(s3)
    return session().create_client(service, region_name=region(), config=config)


@cache
def hasty_client(service: str) -> Any:
    """Return a client of botocore's that gives up within seconds: somebody waits."""
    return session().create_client(service, region_name=region(), config=_config(_HASTY))


def _config(patience: Patience) -> Any:
    from botocore.config import Config

    return Config(
        connect_timeout=min(3, patience.answer / 2),
        read_timeout=patience.answer,
        retries={"total_max_attempts": patience.tries, "mode": "standard"},
    )


@cache
def small_client(service: Service, patience: Patience = _PATIENT) -> Any:
    """Return the client of the calls that are made for every message."""
    return SmallClient(
        service, endpoint(service.sdk, service.name), region(), patience, credentials, now
    )


def hasty_queue_client() -> Any:
    """Return a client of SQS that gives up within seconds."""
    return small_client(SQS, _HASTY)


def endpoint(service: str, host: str) -> str:
    """Return where a service is called, which the environment may say as for botocore.

    Args:
        service: its id in the SDKs, as variables of the environment have it.
        host: the first part of its host name.
    """
    own = os.environ.get(f"AWS_ENDPOINT_URL_{service}")
    suffix = "amazonaws.com.cn" if region().startswith("cn-") else "amazonaws.com"
    return own or os.environ.get("AWS_ENDPOINT_URL") or f"https://{host}.{region()}.{suffix}"


def credentials() -> Credentials:
    """Return the function's own credentials, as Lambda puts them into the environment."""
    return Credentials(
        os.environ["AWS_ACCESS_KEY_ID"],
        os.environ["AWS_SECRET_ACCESS_KEY"],
        os.environ.get("AWS_SESSION_TOKEN"),
    )


@cache
def secret(name: str) -> str:
    """Return a secret's text by name or ARN, fetched once."""
    return fetch_secret(name)


def fetch_secret(name: str) -> str:
    """Return a secret's text as it is now."""
    return str(small_client(SECRETS).get_secret_value(SecretId=name)["SecretString"])


@cache
def connect() -> None:
    """Bind the tables' models; every builder that uses one calls it."""
    from mailtide.store import tables

    tables.bind(settings().table_prefix, region(), small_client(DYNAMODB))


def new_id() -> str:
    """Name something new (16 characters)."""
    return identifiers.encode(naming.draw(identifiers.ID_BYTES))


def contact_id(org_id: str, address: str) -> str:
    """Name the person behind a normalized address (`domain/identifiers.py`)."""
    return identifiers.contact_id(identity_key(), org_id, address)


def message_id(campaign_id: str, contact: str) -> str:
    """Name the one message of a campaign to a contact."""
    return identifiers.message_id(identity_key(), campaign_id, contact)


def submitted_id(org_id: str, seed: str) -> str:
    """Name a single message of an organisation; the same seed gives the same id."""
    return fired_id(group_of(org_id, "messages"), seed)


def group_of(org_id: str, name: str) -> str:
    """Name what single messages are counted under: those of a trigger, or all others."""
    return identifiers.group_id(identity_key(), org_id, name)


def fired_id(group: str, seed: str) -> str:
    """Name a single message of a group; the same seed gives the same id."""
    return identifiers.submitted_id(identity_key(), group, seed)


@cache
def identity_key() -> bytes:
    """The key of contact and message ids; it never changes."""
    return sha256(secret(settings().secret_identity).encode()).digest()


def region() -> str:
    """Return the region that the process runs in."""
    return os.environ["AWS_REGION"]


def name_contact(org_id: str, text: str) -> str | None:
    """Name the person behind what somebody wrote as an address; None when it is none."""
    from mailtide.domain.address import normalize

    try:
        return contact_id(org_id, normalize(text).email)
    except InvalidInputError:
        return None


def name_quoted(org_id: str, address: str) -> str | None:
    """Name the person behind an address that was found in a text; None when it is nobody's.

    Every address that a text quotes is named: one in ASCII, whose form has been looked at, without
    the checks that are due when a contact is made.
    """
    return contact_id(org_id, address) if address.isascii() else name_contact(org_id, address)


@cache
def redactor() -> "Redactor":
    """What hides people's addresses in what is kept."""
    from mailtide.domain.redaction import Redactor

    return Redactor(name_quoted)


@cache
def ses_account() -> "SesAccounts":
    """The SES account that the stack stands in."""
    from mailtide.transports.ses_account import SesAccounts

    return SesAccounts(partial(client, "sesv2"), now)


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


class LateBucket:
    """The data bucket, for functions that seldom need it: its client is loaded when they do."""

    def put(self, key: str, body: bytes) -> None:
        """Write an object, whatever was there."""
        bucket().put(key, body)

    def fetch(self, key: str, limit: int | None = None) -> bytes | None:
        """Read an object, or its first `limit` bytes; None when it is not there."""
        return bucket().fetch(key, limit)

    def delete(self, key: str) -> None:
        """Remove an object; one that is gone already is no error."""
        bucket().delete(key)
