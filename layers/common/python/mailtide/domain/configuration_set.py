"""Configuration set: what SES sends a sending IP's mail with, and whose it is.

Several organisations may share one SES account. What is theirs there carries a tag of AWS that
names them, so that none sends through another's addresses.
Source: docs/domain/ses.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass

OWNER_TAG = "mailtide-org"  # on a configuration set or a pool: ids of organisations, by spaces
DESTINATION = "mailtide"  # name of the event destination that tells us what becomes of mail
# Opens and clicks are seen by our own pixel and links.
EVENTS = frozenset(
    {
        "SEND",
        "REJECT",
        "BOUNCE",
        "COMPLAINT",
        "DELIVERY",
        "DELIVERY_DELAY",
        "RENDERING_FAILURE",
    }
)


@dataclass(frozen=True, slots=True)
class ConfigurationSet:
    """A configuration set as SES has it."""

    name: str
    pool: str | None  # None: SES's shared addresses
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Destination:
    """Where SES publishes a set's events."""

    topic: str | None  # ARN; None when it is no SNS topic
    events: frozenset[str]
    enabled: bool = True


def made_name(org_id: str, tag: str) -> str:
    """Return the name of the set that is made for a sending IP; SES allows 64 characters."""
    return f"mailtide-{org_id}-{tag}"


def belongs(tags: Mapping[str, str], org_id: str) -> bool:
    """Say whether something in SES is an organisation's, by its tags."""
    return org_id in tags.get(OWNER_TAG, "").split()
