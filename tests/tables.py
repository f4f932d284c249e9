"""Fresh tables on moto, made from the schema that the stack builds its own from."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import boto3
from moto import mock_aws

from local.tables import definition
from mailtide.store import tables
from mailtide.store.row import Row

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
        _client().create_table(**definition(model.schema(), PREFIX))
    # A client outlives the mock it was first used in, and making one is most of a test's time.
    if not all(model.Meta.table_name.startswith(f"{PREFIX}-") for model in tables.ALL):
        tables.bind(PREFIX, REGION)


@cache
def _client() -> Any:
    return boto3.client("dynamodb", region_name=REGION)
