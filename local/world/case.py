"""Case: all that decides how a life of the world goes; the same case always plays the same way."""

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import partial
from typing import Any, Self

from local.world.faults import Fault
from local.world.relay import Mood
from mailtide.domain import identifiers, sending_rate
from mailtide.domain.campaign import Move
from mailtide.domain.redaction import Redactor
from mailtide.domain.sending_rate import RateLimit

KEY = b"k" * 32  # of contact and message ids
ORG = "org0000000000000"
CAMPAIGN = "campaign00"
REDACTOR = Redactor(partial(identifiers.contact_id, KEY))
LISTS = ("list000000000000", "list000000000001")


@dataclass(frozen=True, slots=True)
class Case:
    """One life of the world."""

    seed: int = 0
    contacts: int = 8
    shards: str = "05"  # where the contacts lie
    limits: tuple[int | None, ...] = (None, None)  # daily limit of each sending IP
    rates: Mapping[str, tuple[RateLimit, ...]] = field(default_factory=dict)  # by owner's id
    ses_rate: float = 0.0  # messages a second over SES, which every other IP uses; 0: none does
    senders: int = 3  # that run at once
    batch_size: int = 5
    block_size: int = 2
    mood: Mood = field(default_factory=Mood)
    duplicates: float = 0.0  # share of queue messages that are delivered twice
    broad: bool = False  # the campaign has a segment and exclusions, too
    scheduled: bool = False  # it starts by itself
    churn: int = 0  # things that people do meanwhile: join, leave, open, unsubscribe
    minutes_to_midnight: int = 600  # at the start
    hasty: bool = False  # a launcher's time is over after its first batch
    patient: bool = False  # senders may hand over long after their lease ran out
    moves: Mapping[int, Move] = field(default_factory=dict)  # pause, resume, cancel: by step
    retries: bool = False  # the campaign retries its doubts
    readers: float = 1.0  # share of the messages of which anything more is heard
    stream_cut: int = 9  # records of a batch of the stream, at most
    faults: Mapping[int, Fault] = field(default_factory=dict)  # by number of the step

    def written(self) -> str:
        """Return the case as one line of JSON."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def read(cls, text: str) -> Self:
        """Read what `written` wrote."""
        told: dict[str, Any] = json.loads(text)
        told["mood"] = Mood(**told["mood"])
        told["limits"] = tuple(told["limits"])
        told["rates"] = {name: sending_rate.kept(limits) for name, limits in told["rates"].items()}
        told["moves"] = {int(step): Move(name) for step, name in told["moves"].items()}
        told["faults"] = {int(step): Fault(name) for step, name in told["faults"].items()}
        return cls(**told)

    def replay(self) -> str:
        """Return the command that plays the case again, step by step."""
        return f"replay: python -m local.world '{self.written()}'"
