"""SES account: what `GetAccount` says, read at most once a minute.

SES allows about one such call a second, to all of an account's processes together.
Source: docs/domain/ses.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from mailtide.aws_errors import translated
from mailtide.domain.ses_account import SesAccount
from mailtide.errors import RetryableError

FRESH = timedelta(seconds=60)
_UNLIMITED = -1


@dataclass(slots=True)
class SesAccounts:
    """The account that the stack stands in."""

    client: Any  # botocore's, of service `sesv2`
    clock: Callable[[], datetime]
    _known: SesAccount | None = field(default=None, init=False)
    _read_at: datetime | None = field(default=None, init=False)

    def read(self) -> SesAccount:
        """Ask SES.

        Raises:
            RetryableError: SES does not answer, or too many ask.
        """
        with translated():
            answer = self.client.get_account()
        self._known, self._read_at = _account(answer), self.clock()
        return self._known

    def known(self) -> SesAccount | None:
        """Return what is known, asked again after a minute.

        While SES does not say, the last answer stays; None when there never was one.
        """
        if self._read_at is None or self.clock() - self._read_at >= FRESH:
            self._read_at = self.clock()  # a failure too is not repeated before its time
            try:
                return self.read()
            except RetryableError:
                pass
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
