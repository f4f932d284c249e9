"""The launch function: pointers in, batches out, a release at the end."""

import json
from collections.abc import Iterator

import pytest

from functions.launch.handler import lambda_handler
from mailtide import app
from mailtide.domain.campaign import Move
from mailtide.domain.identifiers import SHARDS, shard_of
from mailtide.flows.pointers import Shard, read_order, write_shard
from tests.aws import Stack, stack
from tests.events import Context, failed_ids, sqs_event
from tests.functions.campaigns import CAMPAIGN, ORG, campaign, move, put_campaign, put_contacts

ADDRESSES = [f"reader{i}@example.test" for i in range(5)]


@pytest.fixture
def aws(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stack]:
    with stack(monkeypatch) as made:
        app.connect()
        yield made


def pointer(shard: str) -> str:
    return write_shard(Shard(ORG, CAMPAIGN, shard))


def planned() -> list[str]:
    return sorted(
        one.contact_id
        for shard in SHARDS
        for _, recipients in app.batches().stored(CAMPAIGN, shard)
        for one in recipients
    )


def test_every_contact_of_the_list_is_in_one_batch_and_the_last_shard_releases(aws: Stack) -> None:
    ids = put_contacts(ADDRESSES)
    put_campaign()
    move(Move.START)
    event = sqs_event(*map(pointer, SHARDS))
    assert failed_ids(lambda_handler(event, Context())) == []
    assert planned() == sorted(ids)
    assert campaign().launching == frozenset()
    orders = [read_order(body) for body in aws.bodies("sending")]
    assert {order.ref.shard for order in orders} == set(map(shard_of, ids))


def test_a_pointer_that_comes_twice_plans_nobody_twice(aws: Stack) -> None:
    ids = put_contacts(ADDRESSES)
    put_campaign()
    move(Move.START)
    for _ in range(2):
        lambda_handler(sqs_event(*map(pointer, SHARDS)), Context())
    assert planned() == sorted(ids)
    assert sum(campaign().planned.values()) == len(ids)


def test_a_campaign_that_does_not_send_is_not_launched(aws: Stack) -> None:
    put_contacts(ADDRESSES)
    put_campaign()
    assert failed_ids(lambda_handler(sqs_event(pointer("0")), Context())) == []
    assert planned() == []


@pytest.mark.parametrize("body", ["no JSON", "[]", json.dumps({"org_id": "acme"})])
def test_only_what_is_no_pointer_goes_back(aws: Stack, body: str) -> None:
    put_contacts(ADDRESSES)
    put_campaign()
    move(Move.START)
    response = lambda_handler(sqs_event(pointer("0"), body, pointer("1")), Context())
    assert failed_ids(response) == ["message-1"]
    assert campaign().launching == frozenset(SHARDS) - {"0", "1"}
