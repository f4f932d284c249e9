"""SES account: what SES lets an account do in one region, and what to know about it.

Units: the quota counts messages in any 24 hours; the rate is messages a second.
Source: docs/domain/ses.md; SES API v2 reference, `GetAccount`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from mailtide.domain.finding import Finding, Severity

NEARLY = 0.8  # of the quota: time to ask AWS for more
UNDER_REVIEW = "PROBATION"
SHUT_DOWN = "SHUTDOWN"


@dataclass(frozen=True, slots=True)
class SesAccount:
    """An account as SES describes it."""

    production: bool  # False: the sandbox
    sending: bool
    enforcement: str  # HEALTHY, PROBATION (under review) or SHUTDOWN
    rate: float
    quota: int | None  # None is unlimited
    sent: int  # in the last 24 hours
    suppressed_reasons: tuple[str, ...] = ()  # BOUNCE, COMPLAINT: what its own list takes up

    @property
    def left(self) -> int | None:
        """What the quota still has; None is unlimited."""
        return None if self.quota is None else max(0, self.quota - self.sent)


def halted(account: SesAccount) -> str | None:
    """Return why nothing may leave over SES now, or None; it says nothing about a message."""
    if account.enforcement == SHUT_DOWN:
        return "SES has shut down the account's sending; see the account's page in the SES console"
    if not account.sending or account.rate <= 0:
        return "the account's sending is paused in SES"
    if account.left == 0:
        return f"SES's quota of {account.quota} messages in 24 hours is used up"
    return None


def findings(account: SesAccount, *, listening: bool) -> list[Finding]:
    """Return what to know before mail goes over SES, in words.

    `listening` says whether the stack has a topic that SES can tell of mail.
    """
    found = [Finding(check, Severity.WARNING, message) for check, message in _found(account)]
    if not listening:
        message = "The stack has no topic for SES's events: no sending IP can use SES."
        found.insert(0, Finding("ses_not_set_up", Severity.WARNING, message))
    return found


def _found(account: SesAccount) -> Iterator[tuple[str, str]]:
    if not account.production:
        yield (
            "ses_sandbox",
            "The SES account is in the sandbox: only verified addresses and the mailbox simulator"
            " can be mailed. Ask AWS for production access.",
        )
    if account.enforcement == UNDER_REVIEW:
        yield (
            "ses_under_review",
            "AWS reviews the SES account for its bounces or complaints and may pause it.",
        )
    reason = halted(account)
    quota = account.quota
    if reason is not None:
        check = "ses_quota_used_up" if account.left == 0 and account.sending else "ses_paused"
        yield check, f"Nothing leaves over SES: {reason}. Messages wait until that is over."
    elif quota is not None and account.sent >= NEARLY * quota:
        yield (
            "ses_quota_near",
            f"{account.sent} of SES's {quota} messages in 24 hours are used; what is over waits.",
        )
