"""The release function: once a minute, what is due."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta

import pytest

from functions.release.handler import lambda_handler
from mailtide import app
from mailtide.domain.batch import Batch, BatchRef, Phase, Planned
from mailtide.domain.campaign import Move, State
from mailtide.domain.contact_list import ContactList
from mailtide.domain.content import started
from mailtide.domain.identifiers import SHARDS
from mailtide.errors import RetryableError
from mailtide.flows.pointers import read_order, read_shard
from mailtide.store.campaigns import Campaigns
from mailtide.store.identities import Identities
from mailtide.store.lists import Lists
from mailtide.store.templates import Templates
from tests.aws import Stack, stack
from tests.events import Context
from tests.functions.campaigns import CAMPAIGN, LIST, ORG, campaign, move, put_campaign

REF = BatchRef(ORG, CAMPAIGN, "3", "00000")


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with stack(monkeypatch) as made:
        app.connect()
        yield made


def start_and_launch() -> None:
    move(Move.START)
    for shard in SHARDS:
        Campaigns().shard_launched(ORG, CAMPAIGN, shard, planned=0, excluded={})


def put_batch(recipients: int = 2) -> Batch:
    planned = [Planned(f"p{i}", "l1") for i in range(recipients)]
    draft = Batch(ref=REF, count=0, rank=1, due_at=app.now() - timedelta(seconds=1))
    return app.batches().create(draft, planned)


def test_with_nothing_to_do_it_says_so(aws: Stack) -> None:
    assert lambda_handler({}, Context()) == {
        "batches": 0,
        "relaunched": 0,
        "finished": 0,
        "jobs": 0,
        "started": 0,
    }


def test_a_campaign_whose_time_has_come_starts_with_copies_of_its_content(aws: Stack) -> None:
    put_campaign()
    past = app.now() - timedelta(seconds=1)
    assert Campaigns().schedule(campaign(), past, past)
    lambda_handler({}, Context())
    given_up = campaign()
    assert given_up.state is State.DRAFT
    assert "there is no list `l1`" in (given_up.schedule_error or "")
    Lists().create(ContactList(ORG, LIST, "News", past))
    template = Templates().get(started(ORG), CAMPAIGN)
    identity = Identities().get(started(ORG), CAMPAIGN)
    assert template is not None
    assert identity is not None
    Templates().create(replace(template, org_id=ORG, template_id="t1"), past)
    Identities().create(replace(identity, org_id=ORG, identity_id="i1"), past)
    assert Campaigns().schedule(given_up, past, past + timedelta(milliseconds=1))
    assert lambda_handler({}, Context())["started"] == 1
    assert lambda_handler({}, Context())["started"] == 0
    assert campaign().state is State.SENDING
    pointers = [read_shard(body) for body in aws.bodies("launch")]
    assert len(pointers) == len(SHARDS)


def test_a_due_batch_is_handed_out_once(aws: Stack) -> None:
    put_campaign()
    start_and_launch()
    put_batch()
    assert lambda_handler({}, Context())["batches"] == 1
    assert lambda_handler({}, Context())["batches"] == 0
    [order] = [read_order(body) for body in aws.bodies("sending")]
    stored = app.batches().get(REF)
    assert stored is not None
    assert (order.ref, order.fence) == (REF, stored.fence)
    assert (stored.phase, stored.released_to) == (Phase.RELEASED, 2)


def test_no_more_is_handed_out_than_the_day_has_places(aws: Stack) -> None:
    put_campaign(daily_limit=3)
    start_and_launch()
    put_batch(recipients=5)
    lambda_handler({}, Context())
    stored = app.batches().get(REF)
    assert stored is not None
    assert stored.released_to == 3


def test_a_campaign_whose_batches_are_done_is_finished(aws: Stack) -> None:
    put_campaign()
    start_and_launch()
    created = put_batch()
    assert app.batches().swap(created, replace(created, phase=Phase.DONE, due_at=None), "n")
    assert lambda_handler({}, Context())["finished"] == 1
    assert campaign().state is State.SENT


def test_a_launch_that_is_late_is_asked_for_again(
    aws: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    put_campaign()
    move(Move.START)
    Campaigns().shard_launched(ORG, CAMPAIGN, "0", planned=0, excluded={})
    assert lambda_handler({}, Context())["relaunched"] == 0
    late = app.now() + timedelta(minutes=5)
    monkeypatch.setattr(app, "now", lambda: late)
    assert lambda_handler({}, Context())["relaunched"] == 1
    asked = {read_shard(body).shard for body in aws.bodies("launch")}
    assert asked == set(SHARDS) - {"0"}


def test_a_look_that_fails_raises_what_went_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail() -> None:
        raise RetryableError("too busy")

    monkeypatch.setattr(app, "release", fail)
    with pytest.raises(RetryableError):
        lambda_handler({}, Context())
