"""Pointers: what lies in our queues of work; the rows they name are the truth.

launch   {"org_id": …, "campaign_id": …, "shard": "0" … "f"}
transact as sending
sending  {"org_id": …, "campaign_id": …, "shard": …, "batch_id": …, "fence": n}
imports  {"org_id": …, "import_id": …}
jobs     {"org_id": …, "job_id": …}
"""

import json
from dataclasses import dataclass

from mailtide.domain.batch import BatchRef
from mailtide.domain.suppression import Stream


@dataclass(frozen=True, slots=True)
class Order:
    """A pointer to a batch; it is good for one run, by the fence it names."""

    ref: BatchRef
    fence: int
    submitted: Stream | None = None  # as the batch's; it chooses the queue


@dataclass(frozen=True, slots=True)
class Shard:
    """One shard of a campaign that is to be launched."""

    org_id: str
    campaign_id: str
    shard: str


@dataclass(frozen=True, slots=True)
class ImportPointer:
    """One import that is to be worked on."""

    org_id: str
    import_id: str


@dataclass(frozen=True, slots=True)
class JobPointer:
    """One job that is to be worked on."""

    org_id: str
    job_id: str


def write_shard(shard: Shard) -> str:
    """Return the queue's text for a shard."""
    return json.dumps(
        {"org_id": shard.org_id, "campaign_id": shard.campaign_id, "shard": shard.shard}
    )


def read_shard(text: str) -> Shard:
    """Read what `write_shard` wrote.

    Raises:
        ValueError, KeyError, TypeError: when it is none of ours: it belongs into the dead letters.
    """
    found = json.loads(text)
    return Shard(found["org_id"], found["campaign_id"], found["shard"])


def write_order(order: Order) -> str:
    """Return the queue's text for a batch."""
    ref = order.ref
    return json.dumps(
        {
            "org_id": ref.org_id,
            "campaign_id": ref.campaign_id,
            "shard": ref.shard,
            "batch_id": ref.batch_id,
            "fence": order.fence,
        }
    )


def read_order(text: str) -> Order:
    """Read what `write_order` wrote.

    Raises:
        ValueError, KeyError, TypeError: when it is none of ours: it belongs into the dead letters.
    """
    found = json.loads(text)
    ref = BatchRef(found["org_id"], found["campaign_id"], found["shard"], found["batch_id"])
    return Order(ref, int(found["fence"]))


def write_import(pointer: ImportPointer) -> str:
    """Return the queue's text for an import."""
    return json.dumps({"org_id": pointer.org_id, "import_id": pointer.import_id})


def read_import(text: str) -> ImportPointer:
    """Read what `write_import` wrote.

    Raises:
        ValueError, KeyError, TypeError: when it is none of ours: it belongs into the dead letters.
    """
    found = json.loads(text)
    return ImportPointer(found["org_id"], found["import_id"])


def write_job(pointer: JobPointer) -> str:
    """Return the queue's text for a job."""
    return json.dumps({"org_id": pointer.org_id, "job_id": pointer.job_id})


def read_job(text: str) -> JobPointer:
    """Read what `write_job` wrote.

    Raises:
        ValueError, KeyError, TypeError: when it is none of ours: it belongs into the dead letters.
    """
    found = json.loads(text)
    return JobPointer(found["org_id"], found["job_id"])
