"""Host: names of hosts, and the domains of addresses, in the form that the wire knows.

Source: RFC 5890 to 5891 (A-labels), UTS 46 (what browsers and mail clients do with capitals and ß).
"""

import idna


def ascii_host(host: str) -> str:
    """Return a host name in lower-case ASCII.

    Raises:
        ValueError: when it has no such form.
    """
    return host.lower() if host.isascii() else idna.encode(host, uts46=True).decode("ascii")


def ascii_domain(address: str) -> str:
    """Return an address with its domain in ASCII; its local part stays as it is.

    Raises:
        ValueError: when the domain has no such form, or there is none.
    """
    local, at, domain = address.rpartition("@")
    if not (local and at and domain):
        raise ValueError("an address has a local part and a domain")
    return f"{local}@{ascii_host(domain)}"
