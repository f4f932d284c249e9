"""SES senders: say before a campaign starts whether SES would take mail from its address.

SES refuses each message of a sender that it does not know; found out with the first block, that
would hold up a campaign which everybody believes to be on its way.
Source: docs/domain/ses.md.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from mailtide.domain import ses_identity as rules
from mailtide.domain.finding import Finding
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.domain.ses_identity import SesIdentity


class SesIdentities(Protocol):
    """The identities of the account."""

    def find(self, name: str) -> SesIdentity | None:
        """Return an identity; RetryableError when SES has no answer now."""
        ...


@dataclass(frozen=True, slots=True)
class SesSenders:
    """Looks senders up."""

    identities: SesIdentities

    def findings(self, org_id: str, address: str, ips: Sequence[SendingIp]) -> list[Finding]:
        """Return why a campaign from an address may not start over these IPs; each is an error.

        Raises:
            RetryableError: SES has no answer now.
        """
        if not any(isinstance(ip.transport, Ses) for ip in ips):
            return []
        found: list[SesIdentity] = []
        for name in rules.names(address):
            identity = self.identities.find(name)
            if identity is not None:
                found.append(identity)
                if identity.serves(org_id):
                    break
        return rules.findings(address, org_id, found)
