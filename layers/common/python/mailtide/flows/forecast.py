"""Forecast: what starting a campaign would do now, without doing anything.

It reads what the launch will read, shard by shard, and stops when its time is over: then it says
that it is not complete, and its counts are those of the shards it got to.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact
from mailtide.domain.finding import Finding, Severity
from mailtide.domain.identifiers import SHARDS
from mailtide.domain.quota import Day, left_of_all
from mailtide.domain.sending_ip import SendingIp
from mailtide.domain.suppression import Stream, Suppression, stops

PATIENCE = timedelta(seconds=15)  # well within the API's 29 seconds


class Lists(Protocol):
    """The members of lists."""

    def members(self, list_id: str, shard: str) -> Sequence[str]:
        """Return the contact ids of one shard of a list, sorted."""
        ...


class Contacts(Protocol):
    """The contacts."""

    def of_shard(self, org_id: str, shard: str) -> Mapping[str, Contact]:
        """Return the contacts of one shard by id."""
        ...


class Suppressions(Protocol):
    """Whom the organisation does not write to."""

    def of_shard(self, org_id: str, shard: str) -> Mapping[str, Suppression]:
        """Return the suppressions of one shard by contact id."""
        ...


class SendingIps(Protocol):
    """The sending IPs."""

    def active(self, org_id: str, stream: str) -> Sequence[SendingIp]:
        """Return the IPs of a stream that may be used."""
        ...


class Quota(Protocol):
    """The days of sending IPs."""

    def day(self, ip: SendingIp, on: date) -> Day:
        """Read one IP's day consistently."""
        ...


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a start would do."""

    complete: bool  # False when the time was over before the last shard
    recipients: int  # who would be mailed, each once however many lists hold them
    by_provider: Mapping[str, int]
    suppressed: Mapping[str, int]  # left out, by reason
    places_today: int | None  # of all sending IPs; None is unlimited
    findings: Sequence[Finding]


@dataclass(slots=True)
class _Audience:
    by_provider: Counter[str] = field(default_factory=Counter)
    suppressed: Counter[str] = field(default_factory=Counter)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Forecaster:
    """The forecast with its collaborators."""

    lists: Lists
    contacts: Contacts
    suppressions: Suppressions
    sending_ips: SendingIps
    quota: Quota
    clock: Callable[[], datetime]

    def forecast(self, campaign: Campaign) -> Forecast:
        """Count a campaign's recipients and the day's places."""
        audience = self._audience(campaign, self.clock() + PATIENCE)
        ips = self.sending_ips.active(campaign.org_id, Stream.MARKETING)
        places = self._places(ips)
        recipients = audience.by_provider.total()
        return Forecast(
            complete=audience.complete,
            recipients=recipients,
            by_provider=audience.by_provider,
            suppressed=audience.suppressed,
            places_today=places,
            findings=_findings(recipients, bool(ips), places),
        )

    def _audience(self, campaign: Campaign, until: datetime) -> _Audience:
        audience = _Audience()
        for shard in SHARDS:
            if self.clock() >= until:
                audience.complete = False
                break
            self._count(campaign, shard, audience)
        return audience

    def _count(self, campaign: Campaign, shard: str, audience: _Audience) -> None:
        members = {
            one for list_id in campaign.list_ids for one in self.lists.members(list_id, shard)
        }
        if not members:
            return
        known = self.contacts.of_shard(campaign.org_id, shard)
        suppressed = self.suppressions.of_shard(campaign.org_id, shard)
        for contact_id in members & known.keys():
            reason = stops(suppressed.get(contact_id), Stream.MARKETING)
            if reason is None:
                audience.by_provider[known[contact_id].provider] += 1
            else:
                audience.suppressed[reason.value] += 1

    def _places(self, ips: Sequence[SendingIp]) -> int | None:
        today = self.clock().date()
        return left_of_all(self.quota.day(ip, today) for ip in ips)


def _findings(recipients: int, can_send: bool, places: int | None) -> list[Finding]:
    findings = []
    if not can_send:
        message = "No sending IP of the stream marketing is active."
        findings.append(Finding("no_sending_ip", Severity.ERROR, message))
    if recipients == 0:
        message = "Nobody on the lists can be mailed."
        findings.append(Finding("no_recipients", Severity.WARNING, message))
    if places is not None and places < recipients:
        message = f"{places} of {recipients} messages can leave today; the others wait."
        findings.append(Finding("over_daily_limit", Severity.WARNING, message))
    return findings
