"""Judge: what must be true of a life of the world, by the relay's ledger and the rows."""

from collections import Counter

from local.world import plan
from local.world.case import CAMPAIGN, ORG
from local.world.relay import Taken
from local.world.world import World
from mailtide.domain import metrics
from mailtide.domain.batch import Batch, Phase
from mailtide.domain.campaign import State
from mailtide.domain.event import EventType
from mailtide.domain.message import DOUBT, RETRY, SENT, SUPPRESSED, EventRow, SentState
from mailtide.domain.sending_rate import RateLimit

# What the window of an instant is called.
_WINDOWS = {"minute": "%F %H:%M", "hour": "%F %H", "day": "%F"}


class BrokenError(AssertionError):
    """An invariant does not hold; the message says how to play the case again."""


def judge(world: World) -> None:
    """Check every invariant of sending.

    Raises:
        BrokenError: with all that is broken, and the replay.
    """
    broken = [
        *_handed_over_once(world),
        *_everyone_planned_once(world),
        *_everyone_accounted_for(world),
        *_few_doubts(world),
        *_answered_doubts_are_settled(world),
        *_doubts_are_retried(world),
        *_suppression_holds(world),
        *_limits_hold(world),
        *_rates_hold(world),
        *_tallies_add_up(world),
        *_counters_are_the_rows(world),
        *_the_end_was_told(world),
        *_nothing_is_lost_on_the_way_back(world),
    ]
    if broken:
        raise BrokenError("\n".join([*broken, world.case.replay()]))


def _handed_over_once(world: World) -> list[str]:
    """Nobody is mailed twice, but by a retry of a doubt of which nothing was ever heard."""
    taken: dict[str, list[Taken]] = {}
    for one in world.relay.ledger:
        taken.setdefault(one.message_id, []).append(one)
    retried = _retried(world)
    return [
        f"{message_id} was handed over {len(times)} times"
        for message_id, times in taken.items()
        if len(times) > 1
        and not (len(times) == 2 and message_id in retried and times[0] in world.aftermath.unheard)
    ]


def _retried(world: World) -> set[str]:
    """Return the messages that were marked in doubt and then handed over again."""
    marked: set[str] = set()
    retried = set()
    for change in world.table.stream:
        row = change.new
        if row is not None and row.event_key == DOUBT and row.event_type is EventType.DOUBTED:
            marked.add(row.message_id)
        elif row is not None and row.data.get(RETRY) and row.message_id in marked:
            retried.add(row.message_id)
    return retried


def _everyone_planned_once(world: World) -> list[str]:
    """Who was meant all the time is in one launched batch, or left out with a reason.

    Who was never meant is in none.
    """
    planned = Counter(
        one.contact_id
        for batch, _ in world.batches.rows.values()
        if "." not in batch.ref.batch_id and not _retired(batch)
        for one in world.batches.recipients(batch)
    )
    excluded = {one for reasons in world.batches.excluded.values() for one in reasons}
    meant = plan.meant(world)
    lost = meant - world.churn.left - planned.keys() - excluded
    if _cancelled(world):
        lost = set()  # the launch may have ended before their turn
    strangers = planned.keys() - meant - world.churn.left
    return [
        *(f"{contact_id} was lost by the launch" for contact_id in sorted(lost)),
        *(f"{contact_id} is planned and was never meant" for contact_id in sorted(strangers)),
        *(f"{contact_id} is in {n} batches" for contact_id, n in planned.items() if n > 1),
    ]


def _cancelled(world: World) -> bool:
    return world.campaigns.rows[ORG, CAMPAIGN].state is State.CANCELLED


def _called_off(world: World) -> set[str]:
    """Return whose turn would have come after the campaign was cancelled."""
    if not _cancelled(world):
        return set()
    return {
        one.contact_id
        for batch, _ in world.batches.rows.values()
        if batch.phase is not Phase.DONE
        for one in world.batches.recipients(batch)[batch.watermark :]
    }


def _retired(batch: Batch) -> bool:
    """Say whether a launcher who came back late put the batch when the campaign was over."""
    return batch.phase is Phase.WAITING and batch.due_at is None


def _everyone_accounted_for(world: World) -> list[str]:
    """Every planned recipient's rows say what the ledger says, or that nobody knows.

    Of a campaign that was cancelled, those who had no turn before it have no rows.
    """
    taken = {one.message_id for one in world.relay.ledger}
    called_off = _called_off(world)
    broken = []
    for batch, _ in world.batches.rows.values():
        if _retired(batch) and not _cancelled(world):
            continue
        for planned in world.batches.recipients(batch):
            message_id = world.message_id(planned.contact_id)
            told = _told(world, message_id)
            if told == "nothing" and planned.contact_id in called_off:
                told = "called off"
            wrong = _contradiction(told, left=message_id in taken)
            if wrong:
                broken.append(f"{message_id} {wrong}")
    return broken


def _contradiction(told: str, *, left: bool) -> str | None:
    """Say what is wrong when rows tell this of a message that left, or did not."""
    if told == "nothing":
        return "is planned and has no row that says what became of it"
    if told == "sent" and not left:
        return "counts as sent and never left"
    return f"left and its row says {told}" if left and told not in ("sent", "doubt") else None


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


def _answered_doubts_are_settled(world: World) -> list[str]:
    """Where every invocation came to its end and every answer arrived, nothing is in doubt."""
    if world.failed or world.relay.silences:
        return []
    return [
        f"{row.message_id} is in doubt, and somebody knew"
        for row in world.table.all()
        if row.event_type is EventType.DOUBTED and not row.data["settled"]
    ]


def _doubts_are_retried(world: World) -> list[str]:
    """Where doubts are retried, only a retry that came to nothing leaves one.

    Whoever may not be written to any more is not retried, and nobody is after a cancel.
    """
    if not world.case.retries or _cancelled(world):
        return []
    retried = _retried(world)
    return [
        f"{row.message_id} is in doubt and was not retried"
        for row in world.table.all()
        if row.event_type is EventType.DOUBTED
        and not row.data["settled"]
        and row.message_id not in retried
        and row.of.recipient_id not in world.suppressed_at
    ]


def _suppression_holds(world: World) -> list[str]:
    """Nothing leaves from a block that was claimed after the suppression was written."""
    broken = []
    for taken in world.relay.ledger:
        contact_id = _contact_of(world, taken.message_id)
        suppressed_at = world.suppressed_at.get(contact_id)
        if suppressed_at is None:
            continue
        claims = [c.step for c in world.claims if contact_id in c.contact_ids]
        last = max((step for step in claims if step < taken.step), default=None)
        if last is not None and suppressed_at <= last:
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


def _rates_hold(world: World) -> list[str]:
    """No window of a rate limit, by the instants of the ledger, has more than the limit."""
    broken = []
    for owner, limits in world.case.rates.items():
        for limit in limits:
            windows = Counter(
                taken.at.strftime(_WINDOWS[limit.per])
                for taken in world.relay.ledger
                if owner in (taken.ip_id, "identity") and _is_limited(world, limit, taken)
            )
            broken += [
                f"{owner} sent {n} in {window}, its limit is {limit}"
                for window, n in windows.items()
                if n > limit.messages
            ]
    return broken


def _is_limited(world: World, limit: RateLimit, taken: Taken) -> bool:
    row = world.table.get(taken.message_id, SENT)
    return limit.provider is None or (row is not None and row.of.provider == limit.provider)


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


def _the_end_was_told(world: World) -> list[str]:
    """Others hear of the end of a campaign that was sent, and of no other."""
    wanted = set() if _cancelled(world) else {State.SENT}
    told = {one.state for one in world.completions}
    return [] if told == wanted else [f"the bus was told of {told}, not of {wanted}"]


def _counters_are_the_rows(world: World) -> list[str]:
    """The counters equal the sum over all rows."""
    wanted = {
        cell: +counts for cell, counts in metrics.totals(world.table.all()).items() if +counts
    }
    kept = {cell: +Counter(row.counts) for cell, row in world.aftermath.counters.rows.items()}
    kept = {cell: counts for cell, counts in kept.items() if counts}
    return [
        f"counter {cell}: {kept.get(cell)} is kept, the rows sum to {wanted.get(cell)}"
        for cell in sorted(wanted.keys() | kept.keys())
        if wanted.get(cell) != kept.get(cell)
    ]


def _nothing_is_lost_on_the_way_back(world: World) -> list[str]:
    """Told once more, all that was ever told changes no row."""
    if world.aftermath.queue.dead:
        return [f"{len(world.aftermath.queue.dead)} payloads lie among the dead letters"]
    before = list(world.table.all())
    for text in reversed(world.aftermath.told):
        world.aftermath.ingest(text)
    if before != list(world.table.all()):
        return ["telling everything once more, backwards, changes the rows"]
    return []
