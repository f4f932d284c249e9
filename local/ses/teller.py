"""SES tells of one message: records to the topics that its configuration set names."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from local.receivers.providers import Reply
from local.ses import records
from local.ses.account import Account
from local.ses.records import KINDS, Mail, Record


@dataclass(frozen=True, slots=True)
class SesTeller:
    """Tells, and keeps the account's suppression list as SES does."""

    mail: Mail
    account: Account
    put: Callable[[Iterable[dict[str, Any]]], None]
    kept_back: bool = False  # its recipient is on that list

    def now(self) -> datetime:
        """Return the present millisecond."""
        at = datetime.now(UTC)
        return at.replace(microsecond=at.microsecond // 1000 * 1000)

    def accepted(self) -> None:
        """Tell that SES has the message, and what it does not do with it."""
        self._tell(records.send(self.mail))
        if self.kept_back:
            self._tell(records.kept_back(self.mail, self.now()))

    def delivered(self, at: datetime, words: str) -> None:
        """Tell that the receiver took it, with its words."""
        self._tell(records.delivery(self.mail, at, words))

    def deferred(self, at: datetime, reply: Reply, retry_at: datetime) -> None:
        """Tell that the receiver did not take it now."""
        self._tell(records.delay(self.mail, at, reply, retry_at))

    def bounced(self, at: datetime, reply: Reply) -> None:
        """Tell that the receiver refused it for good; whom nobody knows goes on the list."""
        kind, sub = records.verdict(reply)
        if kind == "Permanent":
            self.account.suppress(self.mail.recipient, "BOUNCE")
        self._tell(records.bounce(self.mail, at, reply, kind, sub))

    def gave_up(self, at: datetime, reply: Reply) -> None:
        """Tell that it was tried long enough: what is temporary stays so in the end."""
        _, sub = records.verdict(reply)
        self._tell(records.bounce(self.mail, at, reply, "Transient", sub))

    def complained(self, at: datetime) -> bool:
        """Tell of a complaint: SES gets the receivers' feedback itself."""
        self.account.suppress(self.mail.recipient, "COMPLAINT")
        self._tell(records.complaint(self.mail, at))
        return True

    def _tell(self, record: Record) -> None:
        topics = self.account.topics(self.mail.configuration_set, KINDS[record["eventType"]])
        self.put({"topic": topic, "record": record} for topic in topics)
