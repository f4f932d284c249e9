"""All that the tables hold, to be compared with what they hold later."""

from typing import Any

import boto3
from moto.dynamodb.models import dynamodb_backends
from moto.s3.models import s3_backends
from moto.secretsmanager.models import secretsmanager_backends

from mailtide.domain import metrics
from mailtide.domain.message import EventRow
from mailtide.store import tables
from mailtide.store.call_tables import IdempotencyRow, RequestCountRow
from mailtide.store.event_rows import from_item
from mailtide.store.row import Row

Cell = tuple[str, str]  # campaign, bucket
ACCOUNT, REGION = "123456789012", "us-east-1"
OF_CALLS = {"test-idempotency_keys", "test-request_counts"}  # a refused call leaves its mark


def everything() -> dict[str, Any]:
    """Read all tables; of the counters without their checkpoints, which may move.

    What is kept of the calls themselves is left out: that a call was refused is kept, too.
    """
    return {
        model.table: counters() if model is tables.CampaignMetricRow else _by_id(model)
        for model in tables.ALL
        if model not in (IdempotencyRow, RequestCountRow)
    }


def held() -> dict[str, str]:
    """Return all that stands in the tables, secrets and the bucket, by what it is called.

    It is read where moto keeps it, which takes no time; counters are as they are.
    """
    found = {
        f"{name}/{key}/{range_key}": repr(item.to_json())
        for name, table in dynamodb_backends[ACCOUNT][REGION].tables.items()
        if name not in OF_CALLS
        for key, items in table.items.items()
        for range_key, item in items.items()
    }
    secrets = secretsmanager_backends[ACCOUNT][REGION].secrets
    found |= {f"secret/{name}": repr(secrets[name].versions) for name in secrets}
    buckets = s3_backends[ACCOUNT]["aws"].buckets
    return found | {f"object/{key}": key for one in buckets.values() for key in one.keys}


def event_rows() -> list[EventRow]:
    """Read the rows of all messages."""
    return [from_item(item) for item in _items(tables.DeliveryEventRow)]


def counters() -> dict[Cell, dict[str, int]]:
    """Read every counter that is not 0."""
    found = {}
    for item in _items(tables.CampaignMetricRow):
        counts = {m: int(item[m]["N"]) for m in metrics.METRICS if m in item}
        found[item["campaign_id"]["S"], item["bucket"]["S"]] = counts
    return without_zeros(found)


def without_zeros(found: dict[Cell, dict[str, int]]) -> dict[Cell, dict[str, int]]:
    """Leave out what is 0, and counters that have nothing else."""
    nonzero = {cell: {m: n for m, n in counts.items() if n} for cell, counts in found.items()}
    return {cell: counts for cell, counts in nonzero.items() if counts}


def _by_id(model: type[Row]) -> dict[str, Any]:
    return {item["id"]["S"]: item for item in _items(model)}


def _items(model: type[Row]) -> list[dict[str, Any]]:
    pages = boto3.client("dynamodb").get_paginator("scan")
    found = pages.paginate(TableName=model.Meta.table_name)
    return [item for page in found for item in page["Items"]]
