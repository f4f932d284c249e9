"""Audit: everything that must hold when a campaign is over, asked through the API alone."""

from collections.abc import Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from cli.api import Api
from local.books import (
    HOUR,
    IDENTITY,
    PROVIDER,
    TOTAL,
    Cell,
    Difference,
    compare,
    hour,
    people_problems,
    unmailed,
)
from local.confusion import Confusion, confuse
from local.receivers_process import Receivers

READERS = 4  # timelines that are read at once


@dataclass(frozen=True, slots=True)
class Audit:
    """What was found; the books agree when there is no difference."""

    differences: list[Difference]
    doubtful_hits: int  # answered unclearly: the product may have counted them twice
    confusion: Confusion
    ledger: Mapping[str, Any]

    @property
    def problems(self) -> list[str]:
        """Say what is wrong, in words."""
        found = [str(difference) for difference in self.differences]
        if self.doubtful_hits:
            found.append(f"{self.doubtful_hits} hits may have been counted twice")
        if self.confusion.lost:
            found.append(f"{self.confusion.lost} hits are in no timeline")
        if self.confusion.invented:
            found.append(f"{self.confusion.invented} hits in timelines never happened")
        return found


def audit(api: Api, receivers: Receivers, campaign_id: str) -> Audit:
    """Compare the books of a campaign that is over."""
    ledger = receivers.ledger(campaign_id)
    doubtful = sum(int(message["doubtful_hits"]) for message in ledger["messages"])
    differences = compare(ledger, counters(api, campaign_id))
    return Audit(differences, doubtful, _confusion(api, ledger), ledger)


def mailed_wrongly(
    api: Api,
    campaign_id: str,
    ledger: Mapping[str, Any],
    *,
    expected: Collection[str],
    suppressed: Collection[str],
) -> list[str]:
    """Say who was mailed twice, against a suppression, without reason or not at all.

    Only who is shown as in doubt may be without mail. The arguments are those of `people_problems`.
    """
    in_doubt = {who for who in unmailed(ledger, expected) if _in_doubt(api, who, campaign_id)}
    return people_problems(ledger, expected=expected, suppressed=suppressed, in_doubt=in_doubt)


def _in_doubt(api: Api, address: str, campaign_id: str) -> bool:
    messages = api.all("/api/messages", recipient=address)
    mine = [one["message_id"] for one in messages if one["campaign_id"] == campaign_id]
    doubts = [event for of in mine for event in _timeline(api, of) if event["type"] == "doubted"]
    return bool(doubts) and not all(event["details"]["settled"] for event in doubts)


def counters(api: Api, campaign_id: str) -> dict[Cell, int]:
    """Read the product's counters in total and by hour, provider and identity."""
    path = f"/api/campaigns/{campaign_id}/insights"
    senders = {
        one["identity_id"]: one["from_address"].rpartition("@")[2]
        for one in api.all("/api/identities")
    }
    cells = _cells(TOTAL, "", api.get(path)["totals"])
    for dimension in (HOUR, PROVIDER, IDENTITY):
        for group in api.get(path, group_by=dimension)["groups"]:
            key = group["key"]
            value = (
                hour(datetime.fromisoformat(key)) if dimension == HOUR else senders.get(key, key)
            )
            cells |= _cells(dimension, value, group)
    return cells


def _cells(dimension: str, value: str, figures: Mapping[str, Any]) -> dict[Cell, int]:
    return {(dimension, value, m): int(count) for m, count in figures["counts"].items()}


def _confusion(api: Api, ledger: Mapping[str, Any]) -> Confusion:
    """Read the timelines of all messages that somebody opened or clicked."""
    hit = [message for message in ledger["messages"] if message["opens"] or message["clicks"]]
    with ThreadPoolExecutor(READERS) as pool:
        timelines = pool.map(lambda entry: _timeline(api, entry["message_id"]), hit)
        return confuse(zip(hit, timelines, strict=True))


def _timeline(api: Api, message_id: str) -> list[dict[str, Any]]:
    return list(api.get(f"/api/messages/{message_id}")["events"])
