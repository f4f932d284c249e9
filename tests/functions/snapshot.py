"""All that the tables hold, to be compared with what they hold later."""

from typing import Any

import boto3

from mailtide.domain import metrics
from mailtide.domain.message import EventRow
from mailtide.store import tables
from mailtide.store.call_tables import IdempotencyRow, RequestCountRow
from mailtide.store.event_rows import from_item
from mailtide.store.row import Row

Cell = tuple[str, str]  # campaign, bucket


def everything() -> dict[str, Any]:
    """Read all tables; of the counters without their checkpoints, which may move.

    What is kept of the calls themselves is left out: that a call was refused is kept, too.
    """
    return {
        model.table: counters() if model is tables.CampaignMetricRow else _by_id(model)
        for model in tables.ALL
        if model not in (IdempotencyRow, RequestCountRow)
    }


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
