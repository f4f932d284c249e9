"""Relay settings: what an organisation's own relay has to be told about its sending IPs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Protocol

from mailtide.domain import stalwart_plan
from mailtide.domain.page import Page, every
from mailtide.domain.sending_ip import SendingIp
from mailtide.domain.stalwart_plan import Plan
from mailtide.errors import InvalidInputError

_AT_ONCE = 100


class SendingIps(Protocol):
    """The sending IPs."""

    def page(self, org_id: str, limit: int, after: str | None) -> Page[SendingIp]:
        """Return the organisation's sending IPs by id."""
        ...


@dataclass(frozen=True, slots=True)
class RelaySettings:
    """Makes settings for relays."""

    sending_ips: SendingIps

    def stalwart(self, org_id: str, source_ips: str) -> Plan:
        """Return the settings for a Stalwart.

        Args:
            org_id: whose IPs.
            source_ips: addresses on the relay's host, `tag=address`, with commas between them.

        Raises:
            InvalidInputError: a part that is none, a tag that no active sending IP with a relay
                has, or one that has two addresses; an address that no mail can leave from.
        """
        ips = stalwart_plan.relayed(
            every(lambda after: self.sending_ips.page(org_id, _AT_ONCE, after))
        )
        parts = [part for part in source_ips.split(",") if part]
        return stalwart_plan.plan(ips, _addresses(parts, {ip.tag for ip in ips}))


def _addresses(parts: Sequence[str], tags: set[str]) -> Mapping[str, str]:
    found: dict[str, str] = {}
    for part in parts:
        tag, _, address = (word.strip() for word in part.partition("="))
        if tag not in tags:
            raise _refused(
                f"no active sending IP with a relay has the tag `{tag[:20]}`; write tag=address"
            )
        if tag in found:
            raise _refused(f"`{tag}` has two addresses")
        found[tag] = _address(address)
    return found


def _address(text: str) -> str:
    try:
        address = ip_address(text)
    except ValueError as error:
        raise _refused(f"`{text[:60]}` is no IP address") from error
    if address.is_unspecified or "%" in text:
        raise _refused(f"`{text[:60]}` is no address that mail can leave from")
    return str(address)


def _refused(detail: str) -> InvalidInputError:
    places = [{"at": "query.source_ips", "detail": detail}]
    return InvalidInputError(f"query.source_ips: {detail}", errors=places)
