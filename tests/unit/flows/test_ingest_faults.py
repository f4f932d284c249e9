"""Ingest among failures and others: whatever dies or comes in between, the same rows stand."""

from collections.abc import Callable
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.event import EventType
from mailtide.domain.message import settled
from mailtide.errors import RetryableError
from mailtide.flows.doubts import Doubts
from mailtide.flows.envelope import write_hits
from mailtide.flows.ingest import Ingest
from tests.ingesting import World, bounced, delivered, event, feedback, hit, webhook
from tests.rows import START, doubt

REPORTS = [
    webhook(delivered(), event("queue.rescheduled", seconds=30), bounced(2), bounced(9)),
    write_hits([hit(seconds=61), hit(seconds=400, request_id="2")], START),
    write_hits([hit(EventType.CLICKED, seconds=420), hit(EventType.UNSUBSCRIBED)], START),
    feedback(),
]


class Stepped:
    """A collaborator whose every call may be preceded, or followed, by something."""

    def __init__(self, target: object, before: Callable[[], None], after: Callable[[], None]):
        self._target = target
        self._before = before
        self._after = after

    def __getattr__(self, name: str) -> Any:
        method = getattr(self._target, name)

        def call(*args: Any) -> Any:
            self._before()
            result = method(*args)
            self._after()
            return result

        return call


def stepped(world: World, before: Callable[[], None], after: Callable[[], None]) -> Ingest:
    """Return the world's flow with every call of a store a step."""
    flow = world.flow
    wrapped: list[Any] = [
        Stepped(one, before, after) for one in (flow.events, flow.sources, flow.suppressions)
    ]
    bucket: Any = Stepped(flow.bucket, before, after)
    events, sources, suppressions = wrapped
    return Ingest(
        events, sources, suppressions, bucket, flow.redactor, flow.read_address, flow.name_contact
    )


@given(st.permutations(REPORTS), st.randoms(use_true_random=True))
def test_failures_and_lost_replies_change_nothing_in_the_end(
    order: list[str], chance: Random
) -> None:
    straight, hit_by_faults = World(), World()
    for text in REPORTS:
        straight.flow.run(text)

    def fail() -> None:
        if chance.random() < 0.08:
            raise RetryableError("no answer")

    flow = stepped(hit_by_faults, fail, fail)
    for text in order:
        _until_it_passes(flow, text)
    assert list(hit_by_faults.table.all()) == list(straight.table.all())
    assert hit_by_faults.suppressions.rows == straight.suppressions.rows
    assert hit_by_faults.bucket.objects == straight.bucket.objects


def _until_it_passes(flow: Ingest, text: str) -> None:
    while True:
        try:
            flow.run(text)
        except RetryableError:
            continue
        return


@pytest.mark.parametrize("step", range(8))
def test_whoever_marks_a_doubt_at_any_step_of_ingest_it_ends_settled(step: int) -> None:
    world = World()
    steps = iter(range(100))

    def mark() -> None:
        if next(steps) == step:
            Doubts(world.events).mark([doubt()])

    stepped(world, mark, lambda: None).run(webhook(delivered()))
    if next(steps) <= step:  # the run was over before
        Doubts(world.events).mark([doubt()])
    assert world.row("doubt") == settled(doubt())


@pytest.mark.parametrize("step", range(16))
def test_a_delivery_at_any_step_of_a_hit_s_ingest_is_in_its_verdict(step: int) -> None:
    world, straight = World(), World()
    for text in (webhook(delivered(seconds=60)), write_hits([hit(seconds=61)], START)):
        straight.flow.run(text)
    steps = iter(range(100))

    def deliver() -> None:
        if next(steps) == step:
            world.flow.run(webhook(delivered(seconds=60)))

    stepped(world, deliver, lambda: None).run(write_hits([hit(seconds=61)], START))
    if next(steps) <= step:
        world.flow.run(webhook(delivered(seconds=60)))
    assert list(world.table.all()) == list(straight.table.all())
