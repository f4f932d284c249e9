"""The tables as plain facts, and one client for all of them."""

from pathlib import Path

import pytest
from moto import mock_aws
from pynamodb.constants import BINARY, BINARY_SET

from mailtide.store import dynamo, tables
from mailtide.store.campaign_tables import CampaignRow
from mailtide.store.row import IndexSchema, Key, Row
from mailtide.store.tables import BatchRow, DeliveryEventRow, OrganisationRow
from tests.tables import PREFIX, REGION

DOCUMENT = Path(__file__).parents[2] / "docs" / "tables.md"


def test_the_key_and_the_index_of_a_table_are_told() -> None:
    schema = BatchRow.schema()
    assert schema.key == Key("shard_key", "batch_id")
    due = Key("due_shard", "due_at", frozenset({"due_at"}))
    open_ = Key("open_of", "batch_id")
    assert schema.indexes == (
        IndexSchema("due", due, keys_only=True),
        IndexSchema("open", open_, keys_only=True),
    )


def test_only_the_event_table_has_a_stream() -> None:
    assert [model.table for model in tables.ALL if model.schema().stream] == [
        "email_delivery_events"
    ]


def test_what_may_expire_is_told() -> None:
    expiring = {model.table for model in tables.ALL if model.schema().ttl == "expires_at"}
    assert expiring == {
        "email_delivery_events",
        "idempotency_keys",
        "jobs",
        "request_counts",
        "submissions",
        "warmup_schedules",
    }


def test_a_bound_table_has_its_prefix_and_the_schema_does_not() -> None:
    tables.bind(PREFIX, REGION)
    assert CampaignRow.Meta.table_name == f"{PREFIX}-campaigns"
    assert CampaignRow.schema().table == "campaigns"


def test_all_tables_share_one_client() -> None:
    tables.bind(PREFIX, REGION)
    with mock_aws():
        clients = {id(model._get_connection().connection.client) for model in tables.ALL}
    assert clients == {id(dynamo.client())}


@pytest.mark.parametrize("model", tables.ALL, ids=lambda model: model.table)
def test_an_item_is_the_same_in_json(model: type[Row]) -> None:
    types = {attribute.attr_type for attribute in model.get_attributes().values()}
    assert types.isdisjoint({BINARY, BINARY_SET})  # the small client could not write them


@pytest.mark.parametrize("model", tables.ALL, ids=lambda model: model.table)
def test_every_item_has_an_id(model: type[Row]) -> None:
    assert "id" in model.get_attributes()


def test_the_id_is_the_key_in_one_text() -> None:
    row = DeliveryEventRow("m1", "sent")
    row.serialize(null_check=False)
    assert row.id == "m1/sent"
    assert OrganisationRow("acme", "org").serialize()["id"] == {"S": "acme"}


@pytest.mark.parametrize("model", tables.ALL, ids=lambda model: model.table)
def test_every_table_and_index_is_explained(model: type[Row]) -> None:
    text = DOCUMENT.read_text()
    section = text.partition(f"## `{model.table}`")[2].partition("\n## ")[0]
    assert section, f"docs/tables.md has no section on {model.table}"
    schema = model.schema()
    for name in (schema.key.hash, schema.key.range, *(index.name for index in schema.indexes)):
        assert f"`{name}`" in section
