"""Forecast: what starting a campaign would do now, without doing anything.

It reads what the launch will read, shard by shard, and stops when its time is over: then it says
that it is not complete, and its counts are those of the shards it got to.
"""

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from typing import Protocol

from mailtide.domain import rate_forecast, ses_account
from mailtide.domain.audience import LeftOut
from mailtide.domain.campaign import Campaign
from mailtide.domain.content import Identity
from mailtide.domain.finding import Finding, Severity
from mailtide.domain.identifiers import SHARDS
from mailtide.domain.quota import Day, days_needed, left_of_all
from mailtide.domain.segment import Segment
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.domain.ses_account import SesAccount
from mailtide.domain.suppression import Stream
from mailtide.errors import RetryableError
from mailtide.flows.audience import Audiences
from mailtide.flows.start import Content, Senders, no_ip

PATIENCE = timedelta(seconds=15)  # well within the API's 29 seconds


class SendingIps(Protocol):
    """The sending IPs."""

    def active(self, org_id: str, stream: str, pool_id: str | None) -> Sequence[SendingIp]:
        """Return the IPs of a stream that may be used; those in a pool when one is named."""
        ...


class Quota(Protocol):
    """The days of sending IPs."""

    def day(self, ip: SendingIp, on: date) -> Day:
        """Read one IP's day consistently."""
        ...


class Account(Protocol):
    """The SES account that the stack stands in."""

    def known(self) -> SesAccount | None:
        """Return what is known of it; None when SES does not say."""
        ...


@dataclass(frozen=True, slots=True)
class Forecast:
    """What a start would do."""

    complete: bool  # False when the time was over before the last shard
    recipients: int  # who would be mailed, each once however many lists and segments hold them
    by_provider: Mapping[str, int]
    excluded: Mapping[str, int]  # left out, by reason
    places_today: int | None  # of all sending IPs; None is unlimited
    days_needed: int | None  # until the last message; None when no day has places
    findings: Sequence[Finding]


@dataclass(slots=True)
class _Count:
    by_provider: Counter[str] = field(default_factory=Counter)
    excluded: Counter[str] = field(default_factory=Counter)
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Forecaster:
    """The forecast with its collaborators."""

    audiences: Audiences
    sending_ips: SendingIps
    quota: Quota
    ses: Account
    senders: Senders
    clock: Callable[[], datetime]

    def forecast(self, campaign: Campaign, content: Content) -> Forecast:
        """Count a campaign's recipients and the days' places; `content` is all that it names."""
        count = self._count(campaign, content.segments)
        pool_id = content.identity.pool_id
        ips = self.sending_ips.active(campaign.org_id, Stream.MARKETING, pool_id)
        today, tomorrow = self._places(ips, 0), self._places(ips, 1)
        recipients = count.by_provider.total()
        return Forecast(
            complete=count.complete,
            recipients=recipients,
            by_provider=count.by_provider,
            excluded=count.excluded,
            places_today=today,
            days_needed=days_needed(recipients, today, tomorrow),
            findings=[
                *([] if ips else [Finding("no_sending_ip", Severity.ERROR, no_ip(pool_id))]),
                *_findings(recipients, today),
                *rate_forecast.findings(
                    count.by_provider, content.identity.rate_limits, [ip.rate_limits for ip in ips]
                ),
                *self._ses_findings(content.identity, ips),
            ],
        )

    def _ses_findings(self, identity: Identity, ips: Sequence[SendingIp]) -> Sequence[Finding]:
        """Return what to know about SES, when some of the mail would leave over it."""
        if not any(isinstance(ip.transport, Ses) for ip in ips):
            return []
        account = self.ses.known()
        if account is None:
            found = [_unknown("SES does not say now what the account may do.")]
        else:
            found = ses_account.findings(account, listening=True)
        try:
            return [*self.senders.findings(identity.org_id, identity.from_address, ips), *found]
        except RetryableError as trouble:
            return [_unknown(trouble.detail), *found]

    def _count(self, campaign: Campaign, segments: Mapping[str, Segment]) -> _Count:
        now, count = self.clock(), _Count()
        for shard in SHARDS:
            if self.clock() >= now + PATIENCE:
                count.complete = False
                break
            for one in self.audiences.of_shard(campaign, segments, shard, now):
                if isinstance(one, LeftOut):
                    count.excluded[one.reason] += 1
                else:
                    count.by_provider[one.contact.provider] += 1
        return count

    def _places(self, ips: Sequence[SendingIp], days_ahead: int) -> int | None:
        day = self.clock().date() + timedelta(days=days_ahead)
        return left_of_all(self.quota.day(ip, day) for ip in ips)


def _unknown(message: str) -> Finding:
    return Finding("ses_unknown", Severity.WARNING, message)


def _findings(recipients: int, places: int | None) -> list[Finding]:
    findings = []
    if recipients == 0:
        message = "The lists and segments hold nobody who can be mailed."
        findings.append(Finding("no_recipients", Severity.WARNING, message))
    if places is not None and places < recipients:
        message = f"{places} of {recipients} messages can leave today; the others wait."
        findings.append(Finding("over_daily_limit", Severity.WARNING, message))
    return findings
