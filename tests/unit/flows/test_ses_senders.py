"""Senders are looked up at SES only where mail leaves over it, and no more than needed."""

from dataclasses import dataclass, field, replace

import pytest

from local.memory.ses_identities import SesIdentities, verified
from mailtide.domain.sending_ip import Relay, SendingIp, Ses, Tls
from mailtide.domain.ses_identity import SesIdentity
from mailtide.domain.suppression import Stream
from mailtide.flows.ses_senders import SesSenders

RELAYED = SendingIp("acme", "ip1", "one", Stream.MARKETING, Relay("r.example", 587, Tls.STARTTLS))
OVER_SES = replace(RELAYED, ip_id="ip2", transport=Ses("news"))
ADDRESS = "news@mail.acme.example"


@dataclass
class Asked(SesIdentities):
    """Identities that note what they are asked for."""

    asked: list[str] = field(default_factory=list)

    def find(self, name: str) -> SesIdentity | None:
        self.asked.append(name)
        return super().find(name)


@pytest.mark.parametrize(
    ("known", "asked"),
    [
        ("mail.acme.example", ["mail.acme.example"]),
        (ADDRESS, ["mail.acme.example", ADDRESS]),
        ("acme.example", ["mail.acme.example", ADDRESS, "acme.example"]),
    ],
)
def test_it_asks_until_one_serves(known: str, asked: list[str]) -> None:
    identities = Asked({known: verified(known)})
    assert SesSenders(identities).findings("acme", ADDRESS, [RELAYED, OVER_SES]) == []
    assert identities.asked == asked


def test_what_does_not_serve_is_told_when_nothing_else_does() -> None:
    domain = "mail.acme.example"
    identities = Asked({domain: replace(verified(domain), verified=False)})
    [found] = SesSenders(identities).findings("acme", ADDRESS, [OVER_SES])
    assert found.check == "ses_sender_not_verified"
    assert domain in found.message
    assert identities.asked == [domain, ADDRESS, "acme.example"]


def test_a_relay_takes_mail_from_anybody() -> None:
    identities = Asked()
    assert SesSenders(identities).findings("acme", ADDRESS, [RELAYED]) == []
    assert identities.asked == []
