"""The identities of an SES account in memory."""

from dataclasses import dataclass, field

from mailtide.domain.ses_identity import SesIdentity


def verified(name: str) -> SesIdentity:
    """Return an identity to which nothing is missing."""
    return SesIdentity(name, verified=True, signed=True, tags={})


@dataclass
class SesIdentities:
    """What the account has, by name."""

    found: dict[str, SesIdentity] = field(default_factory=dict)

    def find(self, name: str) -> SesIdentity | None:
        """Return an identity."""
        return self.found.get(name)
