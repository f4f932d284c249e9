"""SES identity: whether SES lets mail be from an address, and signs it with its domain's key.

SES takes mail from an address when the address, its domain or a domain above that is verified.
Several organisations may share one SES account: an identity that carries the tag of organisations
is theirs alone, one without it is everybody's.
Source: docs/domain/ses.md; SES developer guide, "Verified identities".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from mailtide.domain.configuration_set import OWNER_TAG, belongs
from mailtide.domain.finding import Finding, Severity
from mailtide.domain.host import ascii_domain

MOST_NAMES = 5  # that are asked for: SES answers about one such question a second


@dataclass(frozen=True, slots=True)
class SesIdentity:
    """A domain or an address as SES has it."""

    name: str
    verified: bool  # mail may be from it
    signed: bool  # mail from it gets a DKIM signature of its domain
    tags: Mapping[str, str]

    def serves(self, org_id: str) -> bool:
        """Say whether nothing is missing for an organisation's mail."""
        return self.verified and self.signed and is_open(self, org_id)


def is_open(identity: SesIdentity, org_id: str) -> bool:
    """Say whether an organisation may use an identity."""
    return OWNER_TAG not in identity.tags or belongs(identity.tags, org_id)


def names(address: str) -> list[str]:
    """Return the identities under which SES may know an address, the usual one first.

    Raises:
        ValueError: when the domain has no form in the DNS.
    """
    plain = ascii_domain(address)
    labels = plain.rpartition("@")[2].lower().split(".")
    above = [".".join(labels[start:]) for start in range(1, len(labels) - 1)]
    return [".".join(labels), plain, *above][:MOST_NAMES]


def findings(address: str, org_id: str, found: Sequence[SesIdentity]) -> list[Finding]:
    """Return why a campaign from an address may not start, in words that say what to do.

    Args:
        address: the campaign's From.
        org_id: whose campaign it is.
        found: what SES has under the address's names.
    """
    domain = names(address)[0]
    ours = [one for one in found if is_open(one, org_id)]
    if any(one.serves(org_id) for one in ours):
        return []
    if any(one.verified for one in ours):
        return [
            _refused(
                "ses_dkim_missing",
                f"SES does not sign mail from `{domain}` with DKIM, and the large mailbox providers"
                f" refuse bulk mail without it: let SES sign for the domain `{domain}`, publish the"
                " DNS records that it names, and start again when it has seen them.",
            )
        ]
    return [_refused("ses_sender_not_verified", _unverified(address, domain, org_id, found, ours))]


def _unverified(
    address: str,
    domain: str,
    org_id: str,
    found: Sequence[SesIdentity],
    ours: Sequence[SesIdentity],
) -> str:
    if ours:
        return (
            f"SES has not verified `{ours[0].name}`, so no mail may be from `{address}`: publish"
            " the DNS records that SES names for it, and start again when it has seen them."
        )
    if found:
        return (
            f"The identity `{found[0].name}` in SES is not this organisation's, so no mail may be"
            f" from `{address}`: in SES, it needs the tag `{OWNER_TAG}` with the value `{org_id}`."
        )
    return (
        f"SES knows no identity for `{address}`: create the domain `{domain}` as an identity in"
        " SES, in this stack's region, publish the DNS records that it names, and start again when"
        " it has seen them."
    )


def _refused(check: str, message: str) -> Finding:
    return Finding(check, Severity.ERROR, message)
