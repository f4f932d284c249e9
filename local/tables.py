"""Tables: what creates each of them, made from the schema that the stack builds its own from."""

from typing import Any

from mailtide.store.row import Key, Schema


def definition(schema: Schema, prefix: str) -> dict[str, Any]:
    """Return the arguments of DynamoDB's `CreateTable`."""
    keys = [schema.key, *(index.key for index in schema.indexes)]
    types = {
        name: "N" if name in key.numbers else "S"
        for key in keys
        for name in (key.hash, key.range)
        if name
    }
    found: dict[str, Any] = {
        "TableName": f"{prefix}-{schema.table}",
        "BillingMode": "PAY_PER_REQUEST",
        "KeySchema": _key_schema(schema.key),
        "AttributeDefinitions": [
            {"AttributeName": name, "AttributeType": type_} for name, type_ in types.items()
        ],
    }
    if schema.indexes:
        found["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index.name,
                "KeySchema": _key_schema(index.key),
                "Projection": {"ProjectionType": "KEYS_ONLY" if index.keys_only else "ALL"},
            }
            for index in schema.indexes
        ]
    if schema.stream:
        found["StreamSpecification"] = {
            "StreamEnabled": True,
            "StreamViewType": "NEW_AND_OLD_IMAGES",
        }
    return found


def _key_schema(key: Key) -> list[dict[str, str]]:
    named = [{"AttributeName": key.hash, "KeyType": "HASH"}]
    return [*named, {"AttributeName": key.range, "KeyType": "RANGE"}] if key.range else named
