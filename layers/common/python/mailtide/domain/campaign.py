"""Campaign: what a customer plans and sends, and the states it moves through.

    draft ──schedule──► scheduled ┐
      │ ◄──unschedule──     │     │ schedule: another time
      │                     │ ◄───┘
      └──────start──────────┴──► sending ──finish──► sent
                                  │  ▲
                               pause resume
                                  ▼  │
                                 paused

Everything but `sent` and `cancelled` may be cancelled; nothing leads out of these two.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType

from mailtide.errors import ConflictError, InvalidInputError


class State(StrEnum):
    """Where a campaign stands."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    SENDING = "sending"
    PAUSED = "paused"
    SENT = "sent"
    CANCELLED = "cancelled"


class Move(StrEnum):
    """What can be done to a campaign."""

    SCHEDULE = "schedule"
    UNSCHEDULE = "unschedule"
    START = "start"
    PAUSE = "pause"
    RESUME = "resume"
    CANCEL = "cancel"
    FINISH = "finish"


class OnDoubt(StrEnum):
    """What becomes of a message of which nobody knows whether it left."""

    REPORT = "report"  # it stays in doubt until evidence comes, and is shown
    RETRY = "retry"  # it is sent once more if no evidence came before the relay gave up


TRANSITIONS: Mapping[tuple[State, Move], State] = MappingProxyType(
    {
        (State.DRAFT, Move.SCHEDULE): State.SCHEDULED,
        (State.SCHEDULED, Move.SCHEDULE): State.SCHEDULED,
        (State.SCHEDULED, Move.UNSCHEDULE): State.DRAFT,
        (State.DRAFT, Move.START): State.SENDING,
        (State.SCHEDULED, Move.START): State.SENDING,
        (State.SENDING, Move.PAUSE): State.PAUSED,
        (State.PAUSED, Move.RESUME): State.SENDING,
        (State.SENDING, Move.FINISH): State.SENT,
        (State.DRAFT, Move.CANCEL): State.CANCELLED,
        (State.SCHEDULED, Move.CANCEL): State.CANCELLED,
        (State.SENDING, Move.CANCEL): State.CANCELLED,
        (State.PAUSED, Move.CANCEL): State.CANCELLED,
    }
)
FARTHEST = timedelta(days=366)  # a schedule is at most so far ahead
GIVE_UP_HOURS = 72  # a newsletter that comes later than that is old
LONGEST_TRYING_HOURS = 120  # RFC 5321, 4.5.4.1: four to five days
DOUBT_EXPIRES_HOURS = 144  # those five days, and one for the last try and its report
SHORTEST_EXPIRY_HOURS = 15  # SES tries for up to 14 hours
LONGEST_EXPIRY_HOURS = 336
ENDED = frozenset(State) - {state for state, _ in TRANSITIONS}


@dataclass(frozen=True, slots=True)
class Campaign:
    """One campaign of one organisation."""

    org_id: str
    campaign_id: str
    name: str
    list_ids: tuple[str, ...]
    template_id: str
    identity_id: str
    state: State
    created_at: datetime
    started_at: datetime | None = None
    finished_at: datetime | None = None
    launching: frozenset[str] = frozenset()  # shards that are still to be launched
    launch_due_at: datetime | None = None  # when a launch that has not finished is asked for again
    planned: Mapping[str, int] = field(default_factory=dict)  # recipients in batches, by shard
    # Left out at launch: by shard, then by reason.
    excluded: Mapping[str, Mapping[str, int]] = field(default_factory=dict)
    segment_ids: tuple[str, ...] = ()
    excluded_list_ids: tuple[str, ...] = ()  # whoever is on one of these gets nothing
    excluded_segment_ids: tuple[str, ...] = ()
    send_at: datetime | None = None  # when a scheduled campaign starts, or was to start
    give_up_hours: int = GIVE_UP_HOURS  # how long a message is tried that is put off
    schedule_error: str | None = None  # why the last scheduled start did not happen
    on_doubt: OnDoubt = OnDoubt.REPORT
    doubt_expires_hours: int = DOUBT_EXPIRES_HOURS  # when no relay tries any more

    @property
    def give_up_after(self) -> timedelta:
        """How long a message is tried, from its first refusal that says "later"."""
        return timedelta(hours=self.give_up_hours)

    @property
    def retries_doubts_after(self) -> timedelta | None:
        """How long after it a message in doubt is sent once more; None when it never is."""
        retries = self.on_doubt is OnDoubt.RETRY
        return timedelta(hours=self.doubt_expires_hours) if retries else None

    @property
    def all_segment_ids(self) -> tuple[str, ...]:
        """The segments that it names, in either role, each once."""
        return tuple(dict.fromkeys([*self.segment_ids, *self.excluded_segment_ids]))


def moved(state: State, move: Move) -> State:
    """Return the state after a move.

    Raises:
        ConflictError: when the table has no such move; it names the moves that are allowed.
    """
    try:
        return TRANSITIONS[state, move]
    except KeyError:
        allowed = sorted(m.value for (s, m) in TRANSITIONS if s is state and m is not Move.FINISH)
        hint = f"allowed now: {', '.join(allowed)}" if allowed else "nothing more can be done to it"
        raise ConflictError(
            f"cannot {move.value} a campaign that is {state.value}; {hint}"
        ) from None


def checked_send_at(send_at: datetime, now: datetime) -> datetime:
    """Return when a campaign is to start, UTC, to the millisecond.

    Args:
        send_at: aware.
        now: aware.

    Raises:
        InvalidInputError: when it is not in the future, or more than a year ahead.
    """
    if not now < send_at <= now + FARTHEST:
        detail = f"it must be in the future, at most {FARTHEST.days} days ahead"
        errors = [{"at": "body.send_at", "detail": detail}]
        raise InvalidInputError(f"body.send_at: {detail}", errors=errors)
    at = send_at.astimezone(UTC)
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
