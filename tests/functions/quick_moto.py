"""moto without two habits that make a campaign take minutes; it answers the same.

It sorts and compares the whole table at every query, and builds every value of an answer anew.
"""

from typing import Any

import pytest
from moto.core.serialize import BaseJSONSerializer
from moto.dynamodb.models.table import Table

INDEX_NAME = 6  # where it stands behind the hash key
whole_query = Table.query
whole_structure = BaseJSONSerializer._serialize_type_structure


def quicken(patch: pytest.MonkeyPatch) -> None:
    """Change both while `patch` lasts; for one thread at a time."""
    patch.setattr(Table, "query", _query)
    patch.setattr(BaseJSONSerializer, "_serialize_type_structure", _structure)


def _query(table: Any, hash_key: Any, *rest: Any, **named: Any) -> Any:
    """Let the query of a table (not of an index) see its partition only."""
    everything = table.items
    if rest[INDEX_NAME] is None:
        table.items = {hash_key: everything[hash_key]} if hash_key in everything else {}
    try:
        return whole_query(table, hash_key, *rest, **named)
    finally:
        table.items = everything


def _structure(serializer: Any, serialized: Any, value: Any, shape: Any, key: str) -> None:
    """Take a value that is in DynamoDB's form already as it is; bytes have to be encoded."""
    if shape.name == "AttributeValue" and type(value) is dict and "B" not in value:
        serialized[key] = value
    else:
        whole_structure(serializer, serialized, value, shape, key)
