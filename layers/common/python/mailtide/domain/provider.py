"""Provider: which mailbox provider receives for a domain, by its name or by its MX hosts.

Suffixes are matched on label boundaries: `me.com` is not the end of `acme.com`.
Source: docs/domain/providers.md (where the tables come from, and what is counted as one).
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from functools import cache

OTHER = "other"
_OTHERS = re.compile(rf"{OTHER}(?::[a-z0-9._-]+)?")

# Second-level names under which a country's registry sells, as in `example.co.uk`.
_REGISTRY_LABELS = frozenset(
    {"ac", "ad", "co", "com", "edu", "go", "gob", "gov", "gv", "mil", "ne", "net", "or", "org"}
)


def provider_of(domain: str) -> str:
    """Return the provider of an address's domain by its name alone; `other` when it tells none."""
    return from_domain(domain) or OTHER


def from_domain(domain: str) -> str | None:
    """Return the provider whose mailboxes lie directly under a domain, or None."""
    name = _normalized(domain)
    return _domains().get(name) if name else None


def from_mx(hosts: Sequence[str]) -> str:
    """Return who receives at these MX hosts, all of the lowest preference value.

    When they belong to several, the majority decides; without one it is `other:` and the
    organisational domain of the first host, which keeps self-hosted groups apart.
    """
    names = [name for host in hosts if (name := _normalized(host))]
    if not names:
        return OTHER
    votes = Counter(_suffixed(name) for name in names)
    provider, count = votes.most_common(1)[0]
    if provider and count * 2 > len(names):
        return provider
    return f"{OTHER}:{_organisational(names[0])}"


def is_other(provider: str) -> bool:
    """Say whether a provider is none that we know by name."""
    return provider == OTHER or provider.startswith(f"{OTHER}:")


def exists(provider: str) -> bool:
    """Say whether anybody's provider can be called so."""
    if is_other(provider):
        return _OTHERS.fullmatch(provider) is not None
    return provider in {*_domains().values(), *_hosts().values()}


def hosts_of(provider: str) -> tuple[str, ...]:
    """Return the ends of the names of a provider's MX hosts; none when we do not know them."""
    return tuple(suffix for suffix, name in _hosts().items() if name == provider)


def _normalized(name: str) -> str | None:
    """Return a domain in lower-case ASCII (IDNA) without its final dot; None when it is no name."""
    name = name.strip().lower().rstrip(".")
    if name.isascii():
        return name or None
    try:
        return name.encode("idna").decode("ascii")
    except UnicodeError:
        return None


def _suffixed(host: str) -> str | None:
    """Return the provider with the longest suffix of a host."""
    labels = host.split(".")
    suffixes = (".".join(labels[i:]) for i in range(len(labels)))
    return next((_hosts()[suffix] for suffix in suffixes if suffix in _hosts()), None)


def _organisational(host: str) -> str:
    """Return the domain that somebody registered; near enough to tell groups apart."""
    labels = host.split(".")
    country = len(labels) > 2 and len(labels[-1]) == 2 and labels[-2] in _REGISTRY_LABELS
    return ".".join(labels[-3:] if country else labels[-2:])


# The tables are read when somebody first asks: most functions never do.
@cache
def _domains() -> Mapping[str, str]:
    from mailtide.domain.provider_domains import DOMAINS

    return dict(_entries(DOMAINS))


@cache
def _hosts() -> Mapping[str, str]:
    from mailtide.domain.provider_hosts import HOSTS

    return dict(_entries(HOSTS))


def _entries(table: str) -> Iterator[tuple[str, str]]:
    provider = ""
    for line in table.strip().splitlines():
        if not line.startswith(" "):
            provider, _, line = line.partition(":")
        for name in line.split():
            yield name, provider
