"""SES: the way out of one sending IP, which is a configuration set.

Source: docs/domain/ses.md.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime

from mailtide.domain import identifiers
from mailtide.domain.handover import Outcome, Outgoing
from mailtide.domain.host import ascii_domain
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.errors import PermanentError
from mailtide.transports.ses_call import SesCall, SesParts
from mailtide.transports.ses_mailer import Letter


@dataclass(frozen=True, slots=True)
class SesTransport:
    """The way out of one sending IP over SES."""

    ip: SendingIp
    ses: Ses
    parts: SesParts

    def deliver(self, outgoing: Iterable[Outgoing], until: datetime) -> list[Outcome]:
        """Hand messages over, several at a time; none begins after `until`, all have ended.

        They begin in order; outcomes come in that order.
        """
        return SesCall(self.parts, self.letter, until).run(list(outgoing))

    def letter(self, one: Outgoing) -> Letter:
        """Return a message as SES gets it, rendered now.

        Raises:
            PermanentError: it cannot be rendered, or SES cannot mail the address.
        """
        try:
            recipient = ascii_domain(one.recipient)
        except ValueError as error:
            raise PermanentError(f"not an address that SES can mail: {error}") from error
        if not recipient.isascii():
            raise PermanentError("SES mails only addresses whose local part is ASCII")
        tags = {
            "mt-message": one.message_id,
            "mt-campaign": identifiers.campaign_of(one.message_id),
            "mt-ip": self.ip.tag,
            "mt-org": self.ip.org_id,
        }
        return Letter(recipient, one.render(), self.ses.configuration_set, tags)
