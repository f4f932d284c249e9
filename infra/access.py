"""What each function may do: the least that its work needs, one entry per function.

Tables: `r` reads items and queries, `w` writes items; nothing scans. Objects: prefixes in the data
bucket. Secrets: `identity` keys the ids, `signing` the links and webhooks.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Access:
    """One function's share."""

    tables: dict[str, str] = field(default_factory=dict)
    get: tuple[str, ...] = ()  # prefixes of objects it reads
    put: tuple[str, ...] = ()  # prefixes of objects it writes
    delete: tuple[str, ...] = ()  # prefixes of objects it removes
    send: tuple[str, ...] = ()  # queues it fills
    secrets: tuple[str, ...] = ()  # it reads identity, signing
    announces: bool = False  # it tells others what happened, on the account's event bus
    reads_relay_logins: bool = False
    keeps_relay_logins: bool = False  # it writes and deletes them, and never reads one
    sends_over_ses: bool = False
    reads_ses_account: bool = False
    reads_ses_identities: bool = False
    keeps_ses_sets: bool = False  # it makes configuration sets, and lets them publish to our topic

    def to_objects(self) -> Iterator[tuple[str, tuple[str, ...]]]:
        """Yield each action on objects with the prefixes it is for."""
        for action, prefixes in (
            ("s3:GetObject", self.get),
            ("s3:PutObject", self.put),
            ("s3:DeleteObject", self.delete),
        ):
            if prefixes:
                yield action, prefixes


ACCESS: dict[str, Access] = {
    "api": Access(
        tables={
            "organisations": "rw",
            "contacts": "rw",
            "lists": "rw",
            "segments": "rw",
            "triggers": "rw",
            "templates": "rw",
            "identities": "rw",
            "sending_ips": "rw",
            "pools": "rw",
            "campaigns": "rw",
            "warmup_schedules": "rw",
            "suppression_list": "rw",
            "suppression_audit": "rw",
            "jobs": "rw",
            "submissions": "rw",
            "batches": "w",
            "email_delivery_events": "w",  # the first row of single messages
            "idempotency_keys": "rw",
            "request_counts": "w",
        },
        get=("imports", "exports", "attachments"),
        put=("imports", "attachments"),
        delete=("imports", "exports", "attachments"),
        send=("launch", "imports", "jobs", "transact"),
        secrets=("identity", "signing"),
        keeps_relay_logins=True,
        reads_ses_account=True,
        reads_ses_identities=True,
        keeps_ses_sets=True,
    ),
    "insights": Access(
        tables={
            "organisations": "r",
            "campaigns": "r",
            "campaign_metrics": "r",
            "contacts": "r",
            "email_delivery_events": "r",
            "identities": "r",
            "request_counts": "w",
        },
        secrets=("identity",),
    ),
    "imports": Access(
        tables={"lists": "rw", "contacts": "rw"},
        get=("imports",),
        put=("imports",),
        delete=("imports",),
        send=("imports",),
        secrets=("identity",),
    ),
    "jobs": Access(
        tables={"jobs": "rw", "contacts": "r", "lists": "rw", "suppression_list": "rw"},
        get=("exports", "imports"),
        put=("exports", "imports"),
        delete=("exports", "imports"),
        send=("jobs",),
        secrets=("identity",),
    ),
    "launch": Access(
        tables={
            "campaigns": "rw",
            "lists": "rw",
            "segments": "r",
            "contacts": "r",
            "suppression_list": "r",
            "batches": "rw",
            "sending_ips": "r",
            "identities": "r",
            "pools": "r",
            "warmup_schedules": "r",
        },
        get=("manifests",),
        put=("manifests", "excluded"),
        send=("launch", "sending", "transact"),
        announces=True,
    ),
    "release": Access(
        tables={
            "campaigns": "rw",
            "batches": "rw",
            "sending_ips": "r",
            "pools": "r",
            "warmup_schedules": "r",
            "jobs": "rw",
            "lists": "r",  # for what starts by schedule, as below
            "segments": "rw",
            "templates": "rw",
            "identities": "rw",
        },
        send=("launch", "sending", "transact", "jobs"),
        reads_ses_identities=True,
        announces=True,
    ),
    "sender": Access(
        tables={
            "campaigns": "r",
            "contacts": "r",
            "suppression_list": "r",
            "batches": "rw",
            "templates": "r",
            "identities": "r",
            "sending_ips": "r",
            "pools": "r",
            "warmup_schedules": "rw",
            "email_delivery_events": "rw",
            "submissions": "r",  # of what triggers send as marketing
            "triggers": "r",
        },
        get=("manifests", "attachments"),
        put=("manifests",),
        send=("sending",),
        secrets=("identity", "signing"),
        reads_relay_logins=True,
        sends_over_ses=True,
        reads_ses_account=True,
    ),
    "transact": Access(
        tables={
            "contacts": "r",
            "suppression_list": "r",
            "batches": "rw",
            "templates": "r",
            "identities": "r",
            "sending_ips": "r",
            "pools": "r",
            "warmup_schedules": "rw",
            "email_delivery_events": "rw",
            "submissions": "r",
            "triggers": "r",
        },
        get=("attachments",),
        send=("transact",),
        secrets=("identity", "signing"),
        reads_relay_logins=True,
        sends_over_ses=True,
        reads_ses_account=True,
    ),
    "webhook": Access(put=("payloads",), send=("events",), secrets=("signing",)),
    "tracking": Access(
        tables={"email_delivery_events": "r", "suppression_list": "rw"},
        send=("events",),
        secrets=("signing",),
    ),
    "ingest": Access(
        tables={
            "organisations": "r",
            "email_delivery_events": "rw",
            "suppression_list": "rw",
        },
        get=("payloads", "inbound"),
        put=("raw", "refused"),
        delete=("payloads", "inbound"),
        secrets=("identity", "signing"),
    ),
    "rollup": Access(tables={"campaign_metrics": "rw"}, put=("quarantine",)),
    "react": Access(
        tables={
            "contacts": "rw",
            "triggers": "r",  # what fires on opens, clicks and unsubscribes, as below
            "identities": "r",
            "submissions": "w",
            "batches": "w",
            "email_delivery_events": "w",
        },
        send=("transact",),
        secrets=("identity",),
    ),
}
