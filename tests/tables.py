"""Fresh tables on moto, made from the schema that the stack builds its own from."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from moto import mock_aws

from mailtide.store import tables
from mailtide.store.row import Key, Row, Schema

PREFIX = "test"
REGION = "us-east-1"


@contextmanager
def moto_tables(*models: type[Row]) -> Iterator[None]:
    """Create these tables (all, when none is named) and bind the models to them."""
    with mock_aws():
        create_tables(*models)
        yield


def create_tables(*models: type[Row]) -> None:
    """Create and bind tables within a mock that is already there."""
    for model in models or tables.ALL:
        _client().create_table(**_definition(model.schema()))
    # A client outlives the mock it was first used in, and making one is most of a test's time.
    if not all(model.Meta.table_name.startswith(f"{PREFIX}-") for model in tables.ALL):
        tables.bind(PREFIX, REGION)


@cache
def _client() -> Any:
    return boto3.client("dynamodb", region_name=REGION)


def _definition(schema: Schema) -> dict[str, Any]:
    keys = [schema.key, *(index.key for index in schema.indexes)]
    types = {
        name: "N" if name in key.numbers else "S"
        for key in keys
        for name in (key.hash, key.range)
        if name
    }
    definition: dict[str, Any] = {
        "TableName": f"{PREFIX}-{schema.table}",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(schema.key),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": type_} for name, type_ in types.items()
        ],
    }
    if schema.indexes:
        definition["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index.name,
                "KeySchema": _key_schema(index.key),
                "Projection": {"ProjectionType": "KEYS_ONLY" if index.keys_only else "ALL"},
            }
            for index in schema.indexes
        ]
    if schema.stream:
        definition["StreamSpecification"] = {
            "StreamEnabled": True,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        }
    return definition


def _key_schema(key: Key) -> list[dict[str, str]]:
    named = [{"AttributeName": key.hash, "KeyType": "HASH"}]
    return [*named, {"AttributeName": key.range, "KeyType": "RANGE"}] if key.range else named
