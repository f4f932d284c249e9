"""Batch: an order to send one campaign's mail to up to 1,000 contacts, or one submitted message.

The row is the truth; a queue carries only pointers to it. Recipients before `watermark` are
settled; the block [`watermark`, `block_end`) is being worked on by the holder of `fence`:

    WAITING ──release──► RELEASED ──claim──► CLAIMED ──open──► OPENED ──store──► …
       ▲                                        │                              │
       └───────────── a block ends at `released_to` ◄──────────────────────────┘   … or DONE

A claimed block that was not opened mailed nobody and is run again by a takeover. An opened one may
have mailed anybody placed: a takeover marks those in doubt and goes on behind it.
Source: docs/domain/sending.md (the steps, and what a death between any two of them means).
"""

from dataclasses import dataclass, field, replace
from datetime import datetime
from enum import StrEnum
from hashlib import blake2b

from mailtide.domain.suppression import Stream

BATCH_SIZE = 1000
BLOCK_SIZE = 100
INLINE = 50  # manifests up to this long live in the row, longer ones in the bucket

DOUBTS = "d"  # ends the id of a batch that retries a block's doubts, before it is shortened
LONGEST_ID = 200  # characters; keys that hold it, such as a reservation's, may have 1,024 bytes
UNPLACED = "-"  # placement of a recipient who got no place
LEFT_OUT = "x"  # placement of a recipient who was suppressed or erased since the launch
WAITS = "!#$%&*+=?"  # placement of who waits for a rate limit: the sign stands for batch.waits[i]
# Placement of the others: the letter stands for batch.ips[i]. A block uses no more IPs than this.
PLACES = "abcdefghijklmnopqrstuvwyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"


class Phase(StrEnum):
    """What is going on with a batch."""

    WAITING = "waiting"
    RELEASED = "released"
    CLAIMED = "claimed"
    OPENED = "opened"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Planned:
    """One recipient of a batch."""

    contact_id: str
    list_id: str  # the first of the campaign's lists that holds the contact
    variant: str = "a"


@dataclass(frozen=True, slots=True)
class BatchRef:
    """Where a batch row lies."""

    org_id: str
    campaign_id: str
    shard: str
    batch_id: str


@dataclass(frozen=True, slots=True)
class Tally:
    """How many recipients ended how, over the settled blocks."""

    accepted: int = 0
    left_out: int = 0
    later: int = 0
    failed: int = 0
    doubted: int = 0

    def plus(self, other: "Tally") -> "Tally":
        """Return the sum of two tallies."""
        return Tally(
            self.accepted + other.accepted,
            self.left_out + other.left_out,
            self.later + other.later,
            self.failed + other.failed,
            self.doubted + other.doubted,
        )


@dataclass(frozen=True, slots=True)
class Batch:
    """The row of one batch; every write to it raises `revision` by one."""

    ref: BatchRef
    count: int  # recipients in the manifest
    rank: int  # of its first recipient; the least is released first
    due_at: datetime | None  # when `release` looks at it again; None when done
    attempt: int = 1  # hand-over attempt, from 1
    tries: int = 0  # how often a relay has said "later" to its recipients, at most
    put_off_at: datetime | None = None  # when it first did
    manifest_key: str | None = None  # in the bucket; None when the recipients are inline
    inline: tuple[Planned, ...] = ()
    phase: Phase = Phase.WAITING
    fence: int = 0  # whoever holds the greatest one may write
    revision: int = 0
    watermark: int = 0
    block_end: int = 0
    released_to: int = 0
    placement: str = ""  # of the opened block, a character per recipient
    ips: tuple[str, ...] = ()
    waits: tuple[datetime, ...] = ()  # turns of those whom a rate limit keeps, in later batches
    placed_at: datetime | None = None  # instant of the opened block's write-ahead rows
    tally: Tally = field(default_factory=Tally)
    submitted: Stream | None = None  # of one submitted message: its stream; None: a campaign's
    in_doubt: bool = False  # an earlier hand-over of its messages is: only those are sent


def due(batch: Batch, now: datetime) -> bool:
    """Say whether `release` may act on the batch: it waits and is due, or its lease ran out."""
    return batch.phase is not Phase.DONE and batch.due_at is not None and batch.due_at <= now


def release(batch: Batch, places: int, lease_until: datetime) -> Batch:
    """Hand the batch, with so many places more, to whoever takes the new fence.

    A block that a former holder claimed or opened keeps its end: the takeover settles it first.
    """
    held = batch.block_end if batch.phase in (Phase.CLAIMED, Phase.OPENED) else batch.watermark
    phase = batch.phase if held != batch.watermark else Phase.RELEASED
    released_to = max(held, min(batch.count, batch.watermark + places))
    return replace(
        batch,
        phase=phase,
        fence=batch.fence + 1,
        released_to=released_to,
        due_at=lease_until,
    )


def take(batch: Batch, lease_until: datetime) -> Batch:
    """Become the holder: the pointer's fence is used up, so a second copy of it finds nothing."""
    return replace(batch, fence=batch.fence + 1, due_at=lease_until)


def claim(batch: Batch, lease_until: datetime, size: int = BLOCK_SIZE) -> Batch:
    """Claim the next `size` recipients, or the block a former holder claimed and did not open."""
    if batch.phase is Phase.CLAIMED:
        return replace(batch, due_at=lease_until)
    end = min(batch.watermark + size, batch.released_to)
    return replace(batch, phase=Phase.CLAIMED, block_end=end, due_at=lease_until)


def open_block(
    batch: Batch,
    placement: str,
    ips: tuple[str, ...],
    at: datetime,
    waits: tuple[datetime, ...] = (),
) -> Batch:
    """Say who is placed: from here on the placed may have been mailed."""
    return replace(
        batch, phase=Phase.OPENED, placement=placement, ips=ips, waits=waits, placed_at=at
    )


def settle(batch: Batch, result: Tally, now: datetime) -> Batch:
    """Store the block's result and move behind it; the batch is released, waiting or done after."""
    moved = replace(
        batch,
        watermark=batch.block_end,
        placement="",
        ips=(),
        waits=(),
        placed_at=None,
        tally=batch.tally.plus(result),
    )
    if moved.watermark >= batch.count:
        return replace(moved, phase=Phase.DONE, due_at=None)
    if moved.watermark >= batch.released_to:
        return replace(moved, phase=Phase.WAITING, due_at=now)
    return replace(moved, phase=Phase.RELEASED)


def hand_back(batch: Batch, due_at: datetime) -> Batch:
    """Give the lease up before its time: nothing is claimed, `release` decides again."""
    return replace(batch, phase=Phase.WAITING, released_to=batch.watermark, due_at=due_at)


def successor(
    opened: Batch, due_at: datetime, now: datetime, *, refused: bool, wait: int | None = None
) -> Batch:
    """Return a later batch of an opened block, still without recipients.

    Its key has no fence in it: whoever puts it first, there is one for each block, and one for each
    of its `waits`, by number.
    """
    return Batch(
        ref=_later(opened, "" if wait is None else f"w{wait}"),
        count=0,
        rank=opened.rank,
        due_at=due_at,
        attempt=opened.attempt + 1,
        tries=opened.tries + refused,
        put_off_at=opened.put_off_at or (now if refused else None),
        submitted=opened.submitted,
        in_doubt=opened.in_doubt,
    )


def doubtful(opened: Batch, due_at: datetime) -> Batch:
    """Return the batch that retries an opened block's doubts, still without recipients.

    Its key has no fence in it either. Nothing of how often they were put off before counts.
    """
    return Batch(
        ref=_later(opened, DOUBTS),
        count=0,
        rank=opened.rank,
        due_at=due_at,
        attempt=opened.attempt + 1,
        in_doubt=True,
    )


def _later(opened: Batch, what: str) -> BatchRef:
    """Name a later batch after the block that it comes from; whoever names it does so alike.

    Turns use up no tries, so a name grows with each; a long one gives way to its hash, behind the
    id of the batch that was first.
    """
    name = f"{opened.ref.batch_id}.{opened.watermark}{what}"
    if len(name) > LONGEST_ID:
        first = name.partition(".")[0]
        name = f"{first}.{blake2b(name.encode(), digest_size=16).hexdigest()}"
    return replace(opened.ref, batch_id=name)
