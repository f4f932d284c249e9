"""Rate forecast: how long rate limits make a campaign's mail wait, at least.

Units: messages. Source: docs/domain/rates.md.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence

from mailtide.domain.finding import Finding, Severity
from mailtide.domain.sending_rate import Per, RateLimit


def findings(
    by_provider: Mapping[str, int],
    identity: Sequence[RateLimit],
    ips: Sequence[Sequence[RateLimit]],
) -> list[Finding]:
    """Return what the limits of an identity, and of its IPs together, make wait.

    Args:
        by_provider: recipients.
        identity: its limits.
        ips: the limits of each IP that may be used.
    """
    return [
        *_over("The identity's limit is", identity, by_provider),
        *_over("The sending IPs' limits together are", _joint(ips), by_provider),
    ]


def _joint(ips: Sequence[Sequence[RateLimit]]) -> list[RateLimit]:
    """Add up the limits that every IP has: mail goes around what only some have."""
    sums: Counter[tuple[str | None, Per]] = Counter()
    having: Counter[tuple[str | None, Per]] = Counter()
    for limits in ips:
        for one in limits:
            sums[one.provider, one.per] += one.messages
            having[one.provider, one.per] += 1
    return [
        RateLimit(messages, per, provider)
        for (provider, per), messages in sums.items()
        if having[provider, per] == len(ips)
    ]


def _over(
    whose: str, limits: Sequence[RateLimit], by_provider: Mapping[str, int]
) -> Iterator[Finding]:
    for one in limits:
        count = sum(n for provider, n in by_provider.items() if one.covers(provider))
        windows = -(-count // one.messages)
        if windows > 1:
            to = "" if one.provider is None else f" to {one.provider}"
            message = (
                f"{whose} {one.messages} messages{to} per {one.per}:"
                f" {count} messages leave over {windows} {one.per}s at least."
            )
            yield Finding("over_rate_limit", Severity.WARNING, message)
