"""What a sending IP and its transport look like, as they come and go."""

from typing import Annotated, Any, Literal

import pydantic
from pydantic import BaseModel, Discriminator, Field, StringConstraints

from functions.api.shapes.fields import Line, View
from functions.api.shapes.rate_limits import RateLimits, RateLimitView
from mailtide.domain.quota import Day
from mailtide.domain.sending_ip import SendingIp, Ses, Tls, Transport
from mailtide.domain.suppression import Stream
from mailtide.http import Body, example

Tag = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]{1,16}$"),
    Field(description="names the IP in the envelope sender"),
]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]
Login = Annotated[str, StringConstraints(min_length=1, max_length=1000), Line]
SesName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
DailyLimit = Annotated[int, Field(ge=0, le=1_000_000_000, description="messages per UTC day")]


class RelayIn(Body):
    """An SMTP relay; the password is kept apart and never shown."""

    kind: Literal["smtp"] = "smtp"
    host: Host
    port: Annotated[int, Field(ge=1, le=65535)]
    tls: Tls
    username: Login | None = None
    password: Login | None = Field(None, description="write-only; left out, the kept one stays")


class SesIn(Body):
    """Amazon SES; without a configuration set one is made for the sending IP."""

    kind: Literal["ses"]
    configuration_set: SesName | None = None
    pool: SesName | None = Field(
        None, description="dedicated addresses in SES; left out, SES's shared ones"
    )


def _kind_of(transport: object) -> str:
    """Return the kind of a transport as it came; one that names none is a relay."""
    if isinstance(transport, BaseModel):
        return str(getattr(transport, "kind", "smtp"))
    return str(transport.get("kind", "smtp")) if isinstance(transport, dict) else "smtp"


TransportIn = Annotated[
    Annotated[RelayIn, pydantic.Tag("smtp")] | Annotated[SesIn, pydantic.Tag("ses")],
    Discriminator(_kind_of),
]


class SendingIpIn(Body):
    """A sending IP to create; without a daily limit it is unlimited."""

    model_config = example(
        tag="relay1",
        daily_limit=10_000,
        transport={
            "host": "relay.example.com",
            "port": 587,
            "tls": "starttls",
            "username": "mailtide",
            "password": "a long one",
        },
    )

    tag: Tag
    stream: Stream = Stream.MARKETING
    daily_limit: DailyLimit | None = None
    rate_limits: RateLimits = Field(default_factory=list)
    transport: TransportIn


class SendingIpChange(Body):
    """What may be changed about a sending IP; what is left out stays."""

    model_config = example(
        daily_limit=20_000,
        active=True,
        rate_limits=[{"messages": 600, "per": "minute"}],
    )

    stream: Stream = Stream.MARKETING
    daily_limit: DailyLimit | None = None
    active: bool = True
    rate_limits: RateLimits = Field(default_factory=list)
    transport: TransportIn = Field(default=None, validate_default=False)  # type: ignore[assignment]


class RelayView(BaseModel):
    """An SMTP relay."""

    kind: Literal["smtp"]
    host: str
    port: int
    tls: Tls
    username: str | None
    has_password: bool


class SesView(View):
    """Amazon SES."""

    kind: Literal["ses"] = "ses"
    configuration_set: str
    pool: str | None


class TodayView(View):
    """The IP's places on the current UTC date; `limit` null is unlimited."""

    reserved: int
    limit: int | None
    stopped: bool


class SendingIpView(BaseModel):
    """A sending IP."""

    ip_id: str
    tag: str
    stream: Stream
    daily_limit: int | None
    active: bool
    rate_limits: list[RateLimitView]
    transport: Annotated[RelayView | SesView, Field(discriminator="kind")]
    today: TodayView


class RelayStepView(View):
    """One operation, as `stalwart-cli apply` reads it, and why it is needed."""

    why: str
    operation: dict[str, Any]


class RelaySettingsView(View):
    """What a Stalwart has to be told, and what is left to do by hand."""

    steps: list[RelayStepView]
    by_hand: list[str]


def view(ip: SendingIp, today: Day) -> SendingIpView:
    """Show a sending IP with its day."""
    return SendingIpView(
        ip_id=ip.ip_id,
        tag=ip.tag,
        stream=ip.stream,
        daily_limit=ip.daily_limit,
        active=ip.active,
        rate_limits=[RateLimitView.model_validate(one) for one in ip.rate_limits],
        transport=_transport(ip.transport),
        today=TodayView.model_validate(today),
    )


def _transport(transport: Transport) -> RelayView | SesView:
    if isinstance(transport, Ses):
        return SesView.model_validate(transport)
    return RelayView(
        kind="smtp",
        host=transport.host,
        port=transport.port,
        tls=transport.tls,
        username=transport.username,
        has_password=transport.secret is not None,
    )
