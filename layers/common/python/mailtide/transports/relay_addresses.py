"""Addresses: where a relay's host is, checked before anything is connected to.

Source: docs/domain/relays.md.
"""

import socket
from collections.abc import Sequence

from mailtide.domain import relay as rules
from mailtide.domain.host import ascii_host
from mailtide.domain.relay import Network
from mailtide.domain.sending_ip import Relay
from mailtide.errors import InvalidInputError
from mailtide.transports.smtp_opening import NoConnectionError

MAX_ADDRESSES = 3  # of a relay's, tried one after the other


def resolve(host: str, port: int) -> list[str]:
    """Return all addresses of a relay's host, in the order they are tried.

    Raises:
        OSError: when the name cannot be resolved.
    """
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


def checked(relay: Relay, networks: Sequence[Network]) -> list[str]:
    """Return the addresses that a connection may go to, in order.

    Raises:
        NoConnectionError: the host is not found, or an address is none that may be connected to.
    """
    try:
        host = ascii_host(relay.host)
        addresses = resolve(host, relay.port)
        rules.check(host, relay.port, addresses, networks)
        if relay.username is not None:
            rules.check_login(relay.tls, addresses, networks)
    except InvalidInputError as error:
        raise NoConnectionError(error.detail) from error
    except (OSError, ValueError) as error:
        raise NoConnectionError(f"no connection to the relay: {error}") from error
    return addresses[:MAX_ADDRESSES]
