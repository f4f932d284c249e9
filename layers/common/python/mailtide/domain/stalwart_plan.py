"""Stalwart plan: what a Stalwart relay has to be told about an organisation's sending IPs.

Made for Stalwart 0.16: operations as `stalwart-cli apply` reads them, one JSON object a line, in
the encoding of its objects (lists by position, sets by member, periods in milliseconds). Nothing of
it is secret.
Source: docs/domain/relays.md (what each setting is for); Stalwart's documentation of 0.16:
"Strategies", "Connection", "Rate limits", "Plan file format", "Object encoding".
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from mailtide.domain import provider as providers
from mailtide.domain.sending_ip import Relay, SendingIp
from mailtide.domain.sending_rate import RateLimit

SESSION_MESSAGES = 10_000  # of a session of ours; the relay's own default is 10
_MILLISECOND = 1000


@dataclass(frozen=True, slots=True)
class Step:
    """One operation, and why it is needed."""

    why: str
    operation: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Plan:
    """What a relay has to be told."""

    steps: Sequence[Step]
    by_hand: Sequence[str]  # what only somebody who sees the relay's settings can change


def relayed(ips: Iterable[SendingIp]) -> list[SendingIp]:
    """Return those whose mail a relay carries at present."""
    return [ip for ip in ips if ip.active and isinstance(ip.transport, Relay)]


def plan(ips: Iterable[SendingIp], addresses: Mapping[str, str]) -> Plan:
    """Return the plan for the sending IPs that leave over relays.

    Args:
        ips: the organisation's.
        addresses: on the relay's host, by tag, as far as they are known.
    """
    served = relayed(ips)
    quotable = [name for name in _logins(served) if _is_quotable(name)]
    addressed = [ip for ip in served if ip.tag in addresses]
    steps = [
        *(_source(ip, addresses[ip.tag]) for ip in addressed),
        *([_choice(addressed)] if addressed else []),
        *(step for ip in served for step in _throttles(ip)),
        *(_sessions(quotable) if quotable else []),
    ]
    return Plan(steps, list(_by_hand(served, addresses)))


def _source(ip: SendingIp, address: str) -> Step:
    value = {"name": ip.tag, "sourceIps": {"0": {"sourceIp": address}}}
    return _upsert(
        "MtaConnectionStrategy", "name", value, f"mail of the tag {ip.tag} leaves from {address}"
    )


def _choice(ips: Sequence[SendingIp]) -> Step:
    """Choose by the envelope sender; every name here is one that the plan has made.

    A name that the relay does not know is no error there: it takes its default and says
    `smtp.id-not-found`.
    """
    branches = [(_sent_over(ip), f"'{ip.tag}'") for ip in ips]
    return _update(
        "MtaOutboundStrategy",
        {"connection": _expression(branches, "'default'")},
        "the tag in the envelope sender chooses the address; takes the place of the expression"
        " that is there",
    )


def _throttles(ip: SendingIp) -> Iterator[Step]:
    """Yield a throttle for each limit that can be told by what the relay sees.

    It is matched by the tag: the local address is not known yet when throttles are asked. Without a
    key all that matches counts together.
    """
    for limit in ip.rate_limits:
        match = _matching(ip, limit)
        if match is None:
            continue
        name = f"mailtide {ip.tag} {limit.provider or 'all'} per {limit.per}"
        value = {
            "description": name,
            "enable": True,
            "key": {},
            "match": {"match": {}, "else": match},
            "rate": {
                "count": limit.messages,
                "period": int(limit.per.length.total_seconds()) * _MILLISECOND,
            },
        }
        why = "keeps the limit for repeated attempts, too; what is over it stays in the queue"
        yield _upsert("MtaOutboundThrottle", "description", value, why)


def _sessions(logins: Sequence[str]) -> list[Step]:
    def ours(then: str, otherwise: str) -> dict[str, Any]:
        return _expression([(f"authenticated_as == '{one}'", then) for one in logins], otherwise)

    return [
        _update(
            "MtaStageData",
            {"maxMessages": ours(str(SESSION_MESSAGES), "10")},
            "sessions of ours carry more than 10 messages",
        ),
        _update(
            "MtaStageAuth",
            {"mustMatchSender": ours("false", "true")},
            "the envelope sender names the message, so it is no address of the login",
        ),
    ]


def _by_hand(ips: Sequence[SendingIp], addresses: Mapping[str, str]) -> Iterator[str]:
    if not ips:
        return
    for ip in ips:
        if ip.tag not in addresses:
            yield f"The address of {ip.tag} is not known: name it in `source_ips`."
        for limit in ip.rate_limits:
            if _matching(ip, limit) is None:
                yield (
                    f"{ip.tag}: the limit for {limit.provider} cannot be told by MX hosts;"
                    " Mailtide keeps it before the relay."
                )
    yield from _sessions_by_hand(ips)
    yield (
        "MtaQueueQuota: the one over all mail allows 100,000 messages or 10 GB; it has to hold"
        " what waits of the largest campaign."
    )
    yield "Alarm on `smtp.id-not-found`: mail leaves from the host's own address then."


def _sessions_by_hand(ips: Sequence[SendingIp]) -> Iterator[str]:
    logins = _logins(ips)
    for login in logins:
        if not _is_quotable(login):
            yield f"The login {login!r} has characters that an expression cannot hold: rename it."
    if logins:
        yield (
            "MtaInboundThrottle: take our logins out of all of them, or add"
            " `&& is_empty(authenticated_as)` to their `match`; one allows 5 messages a second"
            " and address."
        )
    unnamed = [ip.tag for ip in ips if not _login(ip)]
    if unnamed:
        yield (
            f"{', '.join(unnamed)}: without a login the relay knows Mailtide by the address that"
            " it connects from. Take that out of all MtaInboundThrottle (one allows 5 messages a"
            f" second and address), and let MtaStageData.maxMessages be {SESSION_MESSAGES} for it"
            " (else 10 a session)."
        )


def _matching(ip: SendingIp, limit: RateLimit) -> str | None:
    """Return what is true for the mail that a limit covers; None when the relay cannot tell."""
    if limit.provider is None:
        return _sent_over(ip)
    hosts = _hosts(limit.provider)
    if not hosts:
        return None
    ends = "|".join(host.replace(".", "[.]") for host in hosts)
    return f"{_sent_over(ip)} && matches('(^|[.])({ends})[.]?$', mx)"


def _hosts(provider: str) -> tuple[str, ...]:
    _, _, domain = provider.partition(":")
    return (domain,) if domain else providers.hosts_of(provider)


def _sent_over(ip: SendingIp) -> str:
    """Return what is true for an IP's envelope senders (`domain/verp.py`)."""
    return f"matches('^b-{ip.tag}-', sender)"


def _logins(ips: Iterable[SendingIp]) -> list[str]:
    return sorted({name for ip in ips if (name := _login(ip))})


def _login(ip: SendingIp) -> str | None:
    return ip.transport.username if isinstance(ip.transport, Relay) else None


def _is_quotable(text: str) -> bool:
    return text.isascii() and not set(text) & set("'\"\\")


def _expression(branches: Sequence[tuple[str, str]], otherwise: str) -> dict[str, Any]:
    match = {str(i): {"if": test, "then": then} for i, (test, then) in enumerate(branches)}
    return {"match": match, "else": otherwise}


def _upsert(name: str, key: str, value: Mapping[str, Any], why: str) -> Step:
    operation = {"@type": "upsert", "object": name, "matchOn": [key], "value": {"own": value}}
    return Step(why, operation)


def _update(name: str, value: Mapping[str, Any], why: str) -> Step:
    return Step(why, {"@type": "update", "object": name, "value": value})
