"""Stalwart's webhook events of one message, as a suggested subscription would see them. Pure.

Source: stalwart crates/trc/src/serializers/json.rs (keys and types) and crates/smtp/src/outbound
(which event follows which). An event here has no `id` yet: Stalwart makes it when it serialises.
"""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

from local.receivers.providers import Reply

Event = dict[str, Any]
_EPOCH_SECONDS = 1632280000  # of Stalwart's queue and span ids


class Snowflakes:
    """Stalwart's ids: milliseconds shifted left 21, above 2^53; no two are equal."""

    def __init__(self) -> None:
        self._last = 0

    def next(self, now: datetime) -> int:
        """Make the next id."""
        milliseconds = int((now.timestamp() - _EPOCH_SECONDS) * 1000)
        self._last = max(self._last + 1, milliseconds << 21)
        return self._last


@dataclass(frozen=True, slots=True)
class Span:
    """The keys that every event of one delivery attempt inherits."""

    span_id: int
    queue_id: int
    queue_name: str
    sender: str
    recipient: str
    size: int

    @property
    def keys(self) -> Event:
        """Give the inherited keys; an event's own keys win over them."""
        return {
            "spanId": self.span_id,
            "queueId": self.queue_id,
            "queueName": self.queue_name,
            "from": self.sender,
            "to": [self.recipient],
            "size": self.size,
            "total": 1,
        }


@dataclass(frozen=True, slots=True)
class Session:
    """The client's connection to the relay."""

    span_id: int
    local_port: int
    remote_ip: str
    remote_port: int


@dataclass(frozen=True, slots=True)
class Route:
    """The connection of one delivery attempt."""

    domain: str
    hostname: str
    local_ip: str


def stamp(at: datetime) -> str:
    """Write an instant as Stalwart does: whole seconds, UTC."""
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def _event(type_: str, at: datetime, span: Event, **own: Any) -> Event:
    return {"createdAt": stamp(at), "type": type_, "data": span | own}


def queued(at: datetime, span: Span, session: Session) -> Event:
    """Our submission was accepted; its span is the session, not the delivery."""
    return _event(
        "queue.authenticated-message-queued",
        at,
        {},
        spanId=session.span_id,
        queueId=span.queue_id,
        **{"from": span.sender},
        to=[span.recipient],
        size=span.size,
        nextRetry=stamp(at),
        nextDsn=stamp(at + timedelta(days=1)),
        expires=stamp(at + timedelta(days=3)),
        listenerId="submission",
        localPort=session.local_port,
        remoteIp=session.remote_ip,
        remotePort=session.remote_port,
    )


def _started(at: datetime, span: Span, route: Route) -> list[Event]:
    return [
        _event("delivery.attempt-start", at, span.keys),
        _event(
            "delivery.connect",
            at,
            span.keys,
            domain=route.domain,
            hostname=route.hostname,
            localIp=route.local_ip,
            remoteIp="198.51.100.26",
            remotePort=25,
            elapsed=38,
        ),
    ]


def _completed(at: datetime, span: Span, accepted_at: datetime) -> Event:
    seconds = int((at - accepted_at).total_seconds())
    return _event("delivery.completed", at, span.keys, elapsed=1000 * seconds)


def _rejected(at: datetime, span: Span, route: Route, reply: Reply) -> Event:
    said = {"code": reply.code, "details": reply.text}
    answers: dict[str, tuple[str, Event]] = {
        "MAIL FROM": ("delivery.mail-from-rejected", {"causedBy": _error(reply), "elapsed": 44}),
        "RCPT TO": ("delivery.rcpt-to-rejected", {"to": span.recipient, **said, "elapsed": 190}),
        "DATA": ("delivery.message-rejected", {**said, "elapsed": 412}),
    }
    type_, own = answers[reply.stage]
    return _event(type_, at, span.keys, hostname=route.hostname, **own)


def _error(reply: Reply) -> Event:
    details = "Unexpected SMTP Response"
    return {
        "type": "smtp.error",
        "data": {"details": details, "code": reply.code, "reason": reply.text},
    }


def _failed_for_good(at: datetime, span: Span, hostname: str, reply: Reply) -> Event:
    address = {"RCPT TO": span.recipient, "MAIL FROM": span.sender}.get(reply.stage)
    command = f"{reply.stage}:<{address}>" if address else reply.stage
    return _event(
        "delivery.dsn-perm-fail",
        at,
        span.keys,
        to=span.recipient,
        hostname=hostname,
        details=f"Unexpected response for {command}: Code: {reply.code}, "
        f"Enhanced code: {reply.enhanced}, Message: {reply.text}",
        total=0,
    )


def delivered(
    at: datetime, span: Span, route: Route, accepted_at: datetime, words: str
) -> list[Event]:
    """The receiver took the message; `words` is its final DATA reply."""
    receiver = {"hostname": route.hostname, "to": span.recipient, "code": 250}
    return [
        *_started(at, span, route),
        _event("delivery.delivered", at, span.keys, **receiver, details=words, elapsed=642),
        _event("delivery.dsn-success", at, span.keys, **receiver, details="OK"),
        _completed(at, span, accepted_at),
    ]


def bounced(
    at: datetime, span: Span, route: Route, accepted_at: datetime, reply: Reply
) -> list[Event]:
    """The receiver refused the message for good."""
    return [
        *_started(at, span, route),
        _rejected(at, span, route, reply),
        _failed_for_good(at, span, route.hostname, reply),
        _completed(at, span, accepted_at),
    ]


def deferred(
    at: datetime, span: Span, route: Route, accepted_at: datetime, reply: Reply, retry_at: datetime
) -> list[Event]:
    """The receiver refused the message for now; the relay tries again at `retry_at`."""
    rescheduled = _event(
        "queue.rescheduled",
        at,
        span.keys,
        nextRetry=stamp(retry_at),
        nextDsn=stamp(accepted_at + timedelta(days=1)),
        expires=stamp(accepted_at + timedelta(days=3)),
    )
    return [*_started(at, span, route), _rejected(at, span, route, reply), rescheduled]


def gave_up(
    at: datetime, span: Span, route: Route, accepted_at: datetime, reply: Reply
) -> list[Event]:
    """The message expired after a temporary refusal."""
    expired = _event(
        "delivery.failed",
        at,
        span.keys,
        to=span.recipient,
        reason=_error(reply),
        details=stamp(at),
        expires=stamp(at),
        nextRetry=stamp(at),
        nextDsn=stamp(at),
    )
    return [
        _event("delivery.attempt-start", at, span.keys),
        expired,
        _failed_for_good(at, span, route.domain, reply),
        _completed(at, span, accepted_at),
    ]
