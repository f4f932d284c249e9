"""SES account: what `GetAccount` says, read at most once a minute.

SES allows about one such call a second, to all of an account's processes together.
Source: docs/domain/ses.md.
"""

from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from mailtide.aws_errors import translated
from mailtide.domain.ses_account import SesAccount
from mailtide.errors import RetryableError

FRESH = timedelta(seconds=60)
_UNLIMITED = -1


@dataclass(slots=True)
class SesAccounts:
    """The account that the stack stands in."""

    client: Callable[[], Any]  # botocore's, of service `sesv2`: made by whoever needs it first
    clock: Callable[[], datetime]
    _known: SesAccount | None = field(default=None, init=False)
    _asked_at: datetime | None = field(default=None, init=False)

    def read(self) -> SesAccount:
        """Return the account as SES said it last, within a minute as a rule.

        Raises:
            RetryableError: SES has not said it yet.
        """
        account = self.known()
        if account is None:
            raise RetryableError("SES does not say now what the account may do.")
        return account

    def known(self) -> SesAccount | None:
        """Return what is known, asked again after a minute.

        While SES does not say, the last answer stays; None when there never was one. That is so
        whatever the reason: a sender asks in the middle of a block, which an error would leave in
        doubt, and hears by sending what is wrong.
        """
        if self._asked_at is None or self.clock() - self._asked_at >= FRESH:
            self._asked_at = self.clock()  # a failure too is not repeated before its time
            with suppress(RetryableError, BotoCoreError, ClientError), translated():
                self._known = _account(self.client().get_account())
        return self._known


def _account(answer: Mapping[str, Any]) -> SesAccount:
    quota = answer["SendQuota"]
    limit = int(quota["Max24HourSend"])
    return SesAccount(
        production=answer["ProductionAccessEnabled"],
        sending=answer["SendingEnabled"],
        enforcement=answer["EnforcementStatus"],
        rate=float(quota["MaxSendRate"]),
        quota=None if limit == _UNLIMITED else limit,
        sent=int(quota["SentLast24Hours"]),
        suppressed_reasons=tuple(
            answer.get("SuppressionAttributes", {}).get("SuppressedReasons", ())
        ),
    )
