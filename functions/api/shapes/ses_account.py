"""What the stack's SES account looks like."""

from pydantic import BaseModel

from functions.api.shapes.campaigns import FindingView
from mailtide.domain import ses_account as rules
from mailtide.domain.ses_account import SesAccount


class SesAccountView(BaseModel):
    """An SES account in the stack's region, which all of the stack's organisations share.

    `quota` counts messages in any 24 hours, null is unlimited; `rate` is messages a second.
    """

    set_up: bool
    production: bool
    sending: bool
    enforcement: str
    rate: float
    quota: int | None
    sent: int
    suppressed_reasons: list[str]
    findings: list[FindingView]


def view(account: SesAccount, topic: str) -> SesAccountView:
    """Show the account of a stack with this topic for SES's events."""
    found = rules.findings(account, listening=bool(topic))
    return SesAccountView(
        set_up=bool(topic),
        production=account.production,
        sending=account.sending,
        enforcement=account.enforcement,
        rate=account.rate,
        quota=account.quota,
        sent=account.sent,
        suppressed_reasons=list(account.suppressed_reasons),
        findings=[FindingView.model_validate(one) for one in found],
    )
