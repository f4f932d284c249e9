"""Relay: where a mail relay may stand, checked when it is saved and at every connect.

A relay's host is a tenant's word, and the sender stands inside our network. So only addresses of
the public internet are connected to, unless the stack's `relay_networks` names others.
Source: docs/domain/relays.md; RFC 6890 and the IANA special-purpose registries.
"""

from collections.abc import Iterable, Sequence
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)

from mailtide.domain.sending_ip import Tls
from mailtide.errors import InvalidInputError

PORTS = (465, 587, 2525)  # submission, RFC 8314 and 6409, and what stands in for it

Address = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Prefixes whose addresses stand for the IPv4 address in their last 32 bits: IPv4-mapped,
# IPv4-compatible, NAT64.
_EMBEDDING = tuple(ip_network(text) for text in ("::ffff:0:0/96", "::/96", "64:ff9b::/96"))
# Not global, whatever the running Python's own table says.
_NOT_GLOBAL = tuple(
    ip_network(text)
    for text in (
        "192.0.0.0/24",
        "192.88.99.0/24",
        "64:ff9b:1::/48",
        "2001::/32",
        "3fff::/20",
        "fec0::/10",
    )
)


def read_networks(networks: Iterable[str]) -> tuple[Network, ...]:
    """Read the stack's `relay_networks`: CIDRs, or nothing.

    Raises:
        ValueError: when one of them is not a network; the text names it.
    """
    return tuple(ip_network(text) for text in networks)


def check(host: str, port: int, addresses: Sequence[str], networks: Sequence[Network]) -> None:
    """Say whether a relay may be connected to.

    Args:
        host: for the words of the error.
        port: where it listens; any port will do inside `networks`.
        addresses: all that the host name resolves to.
        networks: the stack's `relay_networks`.

    Raises:
        InvalidInputError: `relay_address_refused` or `relay_port_refused`.
    """
    check_addresses(addresses, networks)
    inside = bool(addresses) and all(_named(ip_address(a), networks) for a in addresses)
    if port not in PORTS and not inside:
        known = ", ".join(str(p) for p in PORTS)
        why = " (AWS Lambda cannot use port 25)" if port == 25 else ""
        raise InvalidInputError(
            f"a relay listens on one of the ports {known}, not on {port}{why}",
            code="relay_port_refused",
        )
    if not addresses:
        raise InvalidInputError(f"{host} has no address", code="relay_address_refused")


def check_login(tls: Tls, addresses: Iterable[str], networks: Sequence[Network]) -> None:
    """Refuse to log in without encryption, but for relays that the stack's networks name.

    Raises:
        InvalidInputError: when the password could be read on its way.
    """
    if tls is Tls.NONE and not all(_named(ip_address(a), networks) for a in addresses):
        raise InvalidInputError("A login needs `tls`: starttls or implicit; nothing else hides it.")


def check_addresses(addresses: Iterable[str], networks: Sequence[Network]) -> None:
    """Refuse a relay when any of its addresses is neither public nor named by the stack.

    Raises:
        InvalidInputError: `relay_address_refused`.
    """
    for text in addresses:
        address = ip_address(text)
        if not (_named(address, networks) or _is_public(address)):
            raise InvalidInputError(
                f"{text} is not an address of the public internet; "
                "to use a relay there, name its network in the stack's relay_networks",
                code="relay_address_refused",
            )


def _named(address: Address, networks: Sequence[Network]) -> bool:
    meant = _meant(address)
    return any(meant in network or address in network for network in networks)


def _is_public(address: Address) -> bool:
    meant = _meant(address)
    if any(meant in network for network in _NOT_GLOBAL):
        return False
    return meant.is_global and not (meant.is_multicast or meant.is_reserved)


def _meant(address: Address) -> Address:
    """Return the IPv4 address that an IPv6 address leads to, or the address itself."""
    if isinstance(address, IPv4Address):
        return address
    if address.sixtofour is not None:
        return address.sixtofour
    if any(address in network for network in _EMBEDDING) and int(address) > 1:
        return IPv4Address(int(address) & 0xFFFFFFFF)
    return address
