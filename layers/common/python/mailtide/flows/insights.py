"""Insights: what became of a campaign, out of its counters, and of a message, out of its rows.

Counters are kept per quarter-hour of UTC, which every time zone's hours and days are whole numbers
of; so the caller's hours and days are exact, half-hour zones and the days when clocks change
included. What a person did and what a machine did are told apart everywhere.
Source: docs/domain/counters.md.
"""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import StrEnum
from typing import Protocol
from zoneinfo import ZoneInfo

from mailtide.domain import engagement
from mailtide.domain.campaign import Campaign
from mailtide.domain.engagement import Judged
from mailtide.domain.message import ENGAGEMENT, EventRow
from mailtide.domain.metrics import METRICS, QUARTER
from mailtide.domain.page import Page
from mailtide.domain.rates import Counts, Rate, rates
from mailtide.errors import InvalidInputError, NotFoundError
from mailtide.flows.addresses import Addresses


class GroupBy(StrEnum):
    """What a campaign's counters may be broken down by."""

    HOUR = "hour"
    DAY = "day"
    PROVIDER = "provider"
    IDENTITY = "identity"
    LIST = "list"
    VARIANT = "variant"
    IP = "ip"


NameContact = Callable[[str, str], str | None]  # (organisation, address) → contact, if it is one

_BY_TIME = frozenset({GroupBy.HOUR, GroupBy.DAY})
_YEARS = range(2000, 2200)  # those that events may lie in
_ALL = "all"  # the dimension that every row is counted under


@dataclass(frozen=True, slots=True)
class Count:
    """One counter row."""

    quarter: str  # UTC, `2026-11-24T10:15`
    value: str  # of its dimension; "" under `all`, and where there was none
    counts: Counts


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked about a campaign."""

    start: datetime | None = None  # inclusive
    end: datetime | None = None  # exclusive
    group_by: GroupBy | None = None
    timezone: str = "UTC"  # IANA name


@dataclass(frozen=True, slots=True)
class Figures:
    """Counts of every metric, and the rates they make."""

    counts: Counts
    rates: Mapping[str, Rate | Mapping[str, Rate]]


@dataclass(frozen=True, slots=True)
class Answer:
    """A campaign's figures; groups by time are in its order, others in that of their keys."""

    totals: Figures
    groups: Mapping[str, Figures]
    complete: bool  # False while something is known to be missing


@dataclass(frozen=True, slots=True)
class Timeline:
    """What happened to a message, by time, and who is behind each hit and why."""

    rows: Sequence[EventRow]
    verdicts: Mapping[str, Judged]  # by event key


class Counters(Protocol):
    """The counter rows."""

    def read(self, campaign_id: str, dimension: str) -> Sequence[Count]:
        """Return the counters of one dimension by quarter-hour and value."""
        ...

    def is_dirty(self, campaign_id: str) -> bool:
        """Say whether a campaign's counters wait to be rebuilt."""
        ...


class Campaigns(Protocol):
    """The campaigns."""

    def get(self, org_id: str, campaign_id: str) -> Campaign | None:
        """Read one campaign."""
        ...


class Messages(Protocol):
    """The rows of messages."""

    def of_messages(self, message_ids: Collection[str]) -> Mapping[str, Sequence[EventRow]]:
        """Read all rows of messages, by key."""
        ...

    def to_contact(self, contact_id: str, limit: int, after: str | None) -> Page[EventRow]:
        """Return the `sent` rows of messages to a contact, the newest first."""
        ...


@dataclass(frozen=True, slots=True)
class Insights:
    """The insights flow with its collaborators."""

    campaigns: Campaigns
    counters: Counters
    messages: Messages
    addresses: Addresses
    name_contact: NameContact

    def campaign(self, org_id: str, campaign_id: str, question: Question) -> Answer:
        """Return a campaign's figures.

        Raises:
            NotFoundError: when the organisation has no such campaign.
            InvalidInputError: for a time zone that does not exist, or a year outside 2000 to 2199.
        """
        zone = _zone(question.timezone)
        if self.campaigns.get(org_id, campaign_id) is None:
            raise NotFoundError("There is no such campaign.")
        everything = self.counters.read(campaign_id, _ALL)
        whole = _sum(everything)
        return Answer(
            totals=_figures(_within(everything, question), whole),
            groups=self._groups(campaign_id, question, zone, everything),
            complete=not self.counters.is_dirty(campaign_id),
        )

    def timeline(self, org_id: str, message_id: str) -> Timeline:
        """Return what happened to one message, in the receivers' own words.

        Raises:
            NotFoundError: when the organisation has no such message.
        """
        rows = self.messages.of_messages([message_id])[message_id]
        if not rows or rows[0].of.org_id != org_id:
            raise NotFoundError("There is no such message.")
        told = [row for row in rows if row.event_key != ENGAGEMENT]
        verdicts = {hit.event_key: hit for hit in engagement.judge(told).hits}
        shown = self.addresses.in_rows(org_id, told)
        return Timeline(sorted(shown, key=lambda row: (row.ts, row.event_key)), verdicts)

    def messages_to(
        self, org_id: str, address: str, limit: int, after: str | None
    ) -> Page[EventRow]:
        """Return the `sent` rows of messages to an address, the newest first.

        Raises:
            InvalidInputError: `invalid_address`, when it is none.
        """
        contact_id = self.name_contact(org_id, address)
        if contact_id is None:
            raise InvalidInputError("`recipient` is not an address.", code="invalid_address")
        return self.messages.to_contact(contact_id, limit, after)

    def _groups(
        self, campaign_id: str, question: Question, zone: ZoneInfo, everything: Sequence[Count]
    ) -> dict[str, Figures]:
        """Return the figures by group; rates of hours and days are of the whole campaign."""
        if question.group_by is None:
            return {}
        if question.group_by in _BY_TIME:
            whole = _sum(everything)
            parts = _split(_within(everything, question), question.group_by, zone)
            return {key: _figures(part, whole) for key, part in parts.items()}
        rows = self.counters.read(campaign_id, question.group_by.value)
        parts = _split(_within(rows, question), question.group_by, zone)
        wholes = _split(rows, question.group_by, zone)
        return {key: _figures(parts[key], _sum(wholes[key])) for key in sorted(parts)}


def bucket(quarter: str, by: GroupBy, zone: ZoneInfo) -> str:
    """Return the caller's hour or day that a quarter-hour lies in.

    An hour is named with its distance from UTC: when clocks go back, there are two of one name.
    """
    local = datetime.strptime(quarter, QUARTER).replace(tzinfo=UTC).astimezone(zone)
    if by is GroupBy.DAY:
        return local.date().isoformat()
    return local.replace(minute=0).isoformat(timespec="minutes")


def _zone(name: str) -> ZoneInfo:
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInputError(f"There is no time zone {name!r}.") from error


def _within(rows: Iterable[Count], question: Question) -> list[Count]:
    """Return the counters of the question's stretch; quarter-hours compare as texts."""
    start = _quarter(question.start) if question.start else ""
    end = _quarter(question.end) if question.end else "~"
    return [row for row in rows if start <= row.quarter < end]


def _quarter(at: datetime) -> str:
    if at.year not in _YEARS:
        raise InvalidInputError("`from` and `to` lie in the years 2000 to 2199.")
    return at.astimezone(UTC).strftime(QUARTER)


def _split(rows: Iterable[Count], by: GroupBy, zone: ZoneInfo) -> dict[str, list[Count]]:
    parts: dict[str, list[Count]] = {}
    for row in rows:
        key = bucket(row.quarter, by, zone) if by in _BY_TIME else row.value
        parts.setdefault(key, []).append(row)
    return parts


def _sum(rows: Iterable[Count]) -> dict[str, int]:
    total = dict.fromkeys(METRICS, 0)
    for row in rows:
        for metric, count in row.counts.items():
            total[metric] += count
    return total


def _figures(rows: Iterable[Count], whole: Counts) -> Figures:
    counts = _sum(rows)
    return Figures(counts, rates(counts, whole))
