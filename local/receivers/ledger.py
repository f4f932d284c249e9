"""The ledger: what truly happened to each message, and sums over it. Pure; time is an argument.

Events of the relay stand under the whole second that the webhook carries as `createdAt`. Hits stand
under the instant their request started; the server saw them between `started_at` and `answered_at`.
A hit counts once it was answered with 2xx or 3xx. When an earlier try of it got no clear refusal
(5xx, time-out, lost connection), the server may have counted that one too: the hit is `doubtful`,
and sums are exact only while `doubtful_hits` is 0.
"""

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

CAMPAIGN_LENGTH = 10  # of the 26 characters of a message id
_VERP = re.compile(r"b-(.+)-([0-9a-v]{26})-[0-9a-f]{17}@.+", re.IGNORECASE)


def read_verp(envelope_from: str) -> tuple[str, str] | None:
    """Return the IP's tag and the message id in an envelope sender; its MAC is not judged."""
    match = _VERP.fullmatch(envelope_from)
    return (match.group(1), match.group(2).lower()) if match else None


@dataclass(frozen=True, slots=True)
class Hit:
    """One request of a reader or a machine, with what the server said."""

    what: str  # open, click, unsubscribe, complaint, reply, auto_reply or late_bounce
    kind: str  # human or machine
    url: str
    method: str
    agent: str
    started_at: datetime
    answered_at: datetime
    status: int | None  # None: never answered
    location: str | None
    tries: int
    doubtful: bool

    @property
    def happened(self) -> bool:
        """Whether the server took it."""
        return self.status is not None and 200 <= self.status < 400


@dataclass(slots=True)
class Entry:
    """One message that a carrier took: the relay, or SES."""

    queue_id: str  # decimal
    ip: str
    envelope_from: str
    recipient: str
    identity: str
    message_id_header: str
    subject: str
    size: int
    provider: str
    fate: str
    accepted_at: datetime
    ip_tag: str | None = None  # of the VERP sender, or a tag of SES
    message_id: str | None = None
    campaign: str | None = None
    deferred_at: list[datetime] = field(default_factory=list)
    delivered_at: datetime | None = None
    bounced_at: datetime | None = None
    smtp_code: int | None = None  # of the last refusal
    smtp_response: str | None = None
    opens: list[Hit] = field(default_factory=list)
    clicks: list[Hit] = field(default_factory=list)
    replies: list[Hit] = field(default_factory=list)  # each once, however often it was brought
    auto_replies: list[Hit] = field(default_factory=list)
    returned_at: datetime | None = None  # bounced after delivery: the mailbox was not there
    complained_at: datetime | None = None
    unsubscribed_at: datetime | None = None
    not_happened: list[Hit] = field(default_factory=list)
    doubtful_hits: int = 0

    def record(self, hit: Hit) -> None:
        """File one hit under what it was, or under what did not happen."""
        counted = hit.what in ("open", "click")
        self.doubtful_hits += counted and hit.doubtful
        pages = {
            "open": self.opens,
            "click": self.clicks,
            "reply": self.replies,
            "auto_reply": self.auto_replies,
        }
        if not hit.happened:
            self.not_happened.append(hit)
        elif hit.what in pages:
            pages[hit.what].append(hit)
        elif hit.what == "unsubscribe":
            self.unsubscribed_at = self.unsubscribed_at or hit.started_at
        elif hit.what == "late_bounce":
            self.returned_at = self.returned_at or hit.started_at
        else:
            self.complained_at = self.complained_at or hit.started_at


@dataclass(frozen=True, slots=True)
class Refusal:
    """One message that a carrier did not take."""

    at: datetime
    ip: str
    envelope_from: str
    recipient: str
    code: int
    message_id: str | None


def facts(entry: Entry) -> Iterator[tuple[str, datetime]]:
    """Yield what one message adds to the counters: (counter, when).

    `deferred` counts messages, `deferrals` attempts; a unique counts at its first hit.
    """
    yield "accepted", entry.accepted_at
    if entry.deferred_at:
        yield "deferred", min(entry.deferred_at)
    yield from (("deferrals", at) for at in entry.deferred_at)
    for name, at in (
        ("delivered", entry.delivered_at),
        (f"bounced_{entry.fate}", entry.bounced_at),
        ("bounced_hard", entry.returned_at),
        ("complaints", entry.complained_at),
        ("unsubscribes", entry.unsubscribed_at),
    ):
        if at:
            yield name, at
    for name, answers in (("replies", entry.replies), ("auto_replies", entry.auto_replies)):
        yield from ((name, answer.started_at) for answer in answers)
    if entry.replies:
        yield "unique_replies", min(answer.started_at for answer in entry.replies)
    yield from _hit_facts("opens", entry.opens)
    yield from _hit_facts("clicks", entry.clicks)


def _hit_facts(name: str, hits: list[Hit]) -> Iterator[tuple[str, datetime]]:
    first: dict[str, datetime] = {}
    for hit in hits:
        yield f"{name}_{hit.kind}", hit.started_at
        if hit.method == "HEAD":
            yield f"{name}_head", hit.started_at
        for unique in (f"unique_{name}_{hit.kind}", f"unique_{name}"):
            first[unique] = min(first.get(unique, hit.started_at), hit.started_at)
    yield from first.items()


def quarter(at: datetime) -> str:
    """Name the 15-minute bucket of an instant by its start, in UTC: `2026-11-24T10:15`."""
    return at.replace(minute=at.minute // 15 * 15).strftime("%Y-%m-%dT%H:%M")


class Ledger:
    """Every message the relay took or refused, in order."""

    def __init__(self) -> None:
        self.entries: list[Entry] = []
        self.refusals: list[Refusal] = []

    def of(self, campaign: str | None) -> list[Entry]:
        """List the messages of one campaign, or all."""
        return [e for e in self.entries if campaign is None or e.campaign == campaign]

    def export(self, campaign: str | None = None) -> dict[str, Any]:
        """Give everything; messages and refusals are the ledger's own objects."""
        return {
            "messages": self.of(campaign),
            "refusals": self.refusals,
            "duplicates": duplicates(self.of(campaign)),
        }

    def summary(self, campaign: str | None = None) -> dict[str, Any]:
        """Count everything, in all and by bucket, provider, identity, IP and campaign."""
        entries = self.of(campaign)
        totals: Counter[str] = Counter()
        groups: dict[str, dict[str, Counter[str]]] = {
            f"by_{name}": defaultdict(Counter)
            for name in ("bucket", "provider", "identity", "ip", "campaign")
        }
        for entry in entries:
            for name, at in facts(entry):
                totals[name] += 1
                groups["by_bucket"][quarter(at)][name] += 1
                groups["by_provider"][entry.provider][name] += 1
                groups["by_identity"][entry.identity][name] += 1
                groups["by_ip"][entry.ip][name] += 1
                groups["by_campaign"][entry.campaign or ""][name] += 1
        return {
            "totals": totals,
            **groups,
            "refused_by_relay": Counter(str(refusal.code) for refusal in self.refusals),
            "doubtful_hits": sum(entry.doubtful_hits for entry in entries),
            "not_happened": sum(len(entry.not_happened) for entry in entries),
            "duplicates": len(duplicates(entries)),
        }


def duplicates(entries: Iterable[Entry]) -> list[dict[str, Any]]:
    """List the recipients that one campaign mailed more than once."""
    mailed: dict[tuple[str, str], list[str]] = defaultdict(list)
    for entry in entries:
        if entry.campaign and entry.message_id:
            mailed[entry.campaign, entry.recipient.lower()].append(entry.message_id)
    return [
        {"campaign": campaign, "recipient": recipient, "message_ids": ids}
        for (campaign, recipient), ids in mailed.items()
        if len(ids) > 1
    ]
