"""Trigger: which event makes which template go to a contact, and after how long.

Units: `delay_seconds` counts from the event.
Source: docs/domain/triggers.md.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from mailtide.errors import InvalidInputError

MAX_TRIGGERS = 100  # of an organisation: each event, as of a contact that is saved, reads them all
MAX_DELAY_SECONDS = int(timedelta(days=90).total_seconds())
OURS = "contact."  # events of contacts that we tell of ourselves
CONTACT_EVENTS = frozenset(
    {
        "contact.created",
        "contact.joined_list",
        "contact.opened",
        "contact.clicked",
        "contact.unsubscribed",
    }
)
EVENT = re.compile(r"[a-z][a-z0-9_-]*(\.[a-z0-9_-]+)*")
MAX_EVENT = 64  # characters


class Frequency(StrEnum):
    """How often one contact gets the message of a trigger."""

    ONCE = "once"
    EVERY_TIME = "every_time"


@dataclass(frozen=True, slots=True)
class Trigger:
    """A template that an event sends to the contact it is about."""

    org_id: str
    trigger_id: str
    name: str
    event: str  # one of `CONTACT_EVENTS`, or a type that the organisation posts
    template_id: str
    identity_id: str
    created_at: datetime
    delay_seconds: int = 0
    frequency: Frequency = Frequency.ONCE
    active: bool = True


def check_custom_event(event: str) -> None:
    """Refuse what can be no event's type, and what we tell of ourselves.

    Raises:
        InvalidInputError: with what is wrong.
    """
    check_event(event)
    if event.startswith(OURS):
        why = f"events that begin with `{OURS}` are told by Mailtide itself"
        raise InvalidInputError(f"body.event: {why}", errors=[{"at": "body.event", "detail": why}])


def check_event(event: str) -> None:
    """Refuse what can be no event's type.

    Raises:
        InvalidInputError: with the types of contacts' events, if it looks like one.
    """
    if len(event) > MAX_EVENT or EVENT.fullmatch(event) is None:
        why = f"an event's type is lower-case words with dots, of at most {MAX_EVENT} characters"
    elif event.startswith(OURS) and event not in CONTACT_EVENTS:
        why = f"events of contacts are {', '.join(sorted(CONTACT_EVENTS))}"
    else:
        return
    errors = [{"at": "body.event", "detail": why}]
    raise InvalidInputError(f"body.event: {why}", errors=errors)
