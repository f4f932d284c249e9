"""Judge: what must be true of a life of the world, by the relay's ledger and the rows."""

from collections import Counter

from local.world.world import ORG, World
from mailtide.domain.batch import Phase
from mailtide.domain.event import EventType
from mailtide.domain.message import DOUBT, SENT, SUPPRESSED, EventRow, SentState


class BrokenError(AssertionError):
    """An invariant does not hold; the message says how to play the case again."""


def judge(world: World) -> None:
    """Check every invariant of sending.

    Raises:
        BrokenError: with all that is broken, and the replay.
    """
    broken = [
        *_handed_over_once(world),
        *_everyone_accounted_for(world),
        *_few_doubts(world),
        *_suppression_holds(world),
        *_limits_hold(world),
        *_tallies_add_up(world),
    ]
    if broken:
        raise BrokenError("\n".join([*broken, world.case.replay()]))


def _handed_over_once(world: World) -> list[str]:
    taken = Counter(one.message_id for one in world.relay.ledger)
    return [f"{message_id} was handed over {n} times" for message_id, n in taken.items() if n > 1]


def _everyone_accounted_for(world: World) -> list[str]:
    """Every planned recipient's rows say what the ledger says, or that nobody knows."""
    taken = {one.message_id for one in world.relay.ledger}
    broken = []
    for batch, _ in world.batches.rows.values():
        for planned in world.batches.recipients(batch):
            message_id = world.message_id(planned.contact_id)
            told = _told(world, message_id)
            if told == "nothing":
                broken.append(f"{message_id} is planned and has no row that says what became of it")
            elif told == "sent" and message_id not in taken:
                broken.append(f"{message_id} counts as sent and never left")
            elif told in ("failed", "suppressed") and message_id in taken:
                broken.append(f"{message_id} left and its row says {told}")
    return broken


def _told(world: World, message_id: str) -> str:
    """Say what the rows tell of a message: sent, failed, suppressed, doubt or nothing."""
    doubt = world.table.get(message_id, DOUBT)
    if doubt is not None and not doubt.data["settled"]:
        return "doubt"
    sent = world.table.get(message_id, SENT)
    if sent is not None and sent.data["state"] != SentState.REFUSED:
        return SentState(sent.data["state"]).value
    return "suppressed" if world.table.get(message_id, SUPPRESSED) is not None else "nothing"


def _few_doubts(world: World) -> list[str]:
    """At most a block for each invocation that died, failed or froze, and the lost replies."""
    doubts = [row for row in world.table.all() if row.event_type is EventType.DOUBTED]
    most = world.case.block_size * world.mishaps + world.relay.silences
    if len(doubts) > most:
        return [f"{len(doubts)} doubts, and only {most} can be explained"]
    return []


def _suppression_holds(world: World) -> list[str]:
    """Nothing leaves from a block that was claimed after the suppression was written."""
    broken = []
    for taken in world.relay.ledger:
        contact_id = _contact_of(world, taken.message_id)
        suppressed_at = world.suppressed_at.get(contact_id)
        claims = [c.step for c in world.claims if contact_id in c.contact_ids]
        last = max((step for step in claims if step < taken.step), default=None)
        if suppressed_at is not None and last is not None and suppressed_at <= last:
            broken.append(f"{taken.message_id} left after its contact was suppressed")
    return broken


def _contact_of(world: World, message_id: str) -> str:
    row: EventRow | None = world.table.get(message_id, SENT)
    return row.of.recipient_id if row else ""


def _limits_hold(world: World) -> list[str]:
    broken = []
    for (ip_id, day), count in world.relay.by_day().items():
        limit = world.sending_ips.rows[ORG, ip_id].daily_limit
        if limit is not None and count > limit:
            broken.append(f"{ip_id} sent {count} on {day}, its limit is {limit}")
    return broken


def _tallies_add_up(world: World) -> list[str]:
    """A finished batch says how each of its recipients ended."""
    broken = []
    for batch, _ in world.batches.rows.values():
        tally = batch.tally
        ended = tally.accepted + tally.left_out + tally.later + tally.failed + tally.doubted
        if batch.phase is Phase.DONE and ended != batch.count:
            broken.append(f"batch {batch.ref.batch_id}: {ended} of {batch.count} ended: {tally}")
        if min(tally.accepted, tally.failed, tally.doubted) < 0:
            broken.append(f"batch {batch.ref.batch_id}: less than nobody: {tally}")
    return broken
