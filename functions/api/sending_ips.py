"""Sending IPs: addresses that mail leaves from, and the relays behind them."""

from typing import Annotated, Literal

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field, StringConstraints

from functions.api.fields import Line
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.domain.sending_ip import SendingIp, Tls
from mailtide.domain.suppression import Stream
from mailtide.http import (
    After,
    Body,
    Id,
    Limit,
    Listing,
    caller,
    listing,
    no_content,
    position,
    scoped,
)

router = APIGatewayHttpRouter()
TAGS = ["sending IPs"]

Tag = Annotated[
    str,
    StringConstraints(pattern=r"^[a-z0-9]{1,16}$"),
    Field(description="names the IP in the envelope sender"),
]
Host = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9.:-]{1,253}$")]
Login = Annotated[str, StringConstraints(min_length=1, max_length=1000), Line]
DailyLimit = Annotated[int, Field(ge=0, le=1_000_000_000, description="messages per UTC day")]


class TransportIn(Body):
    """An SMTP relay; the password is kept apart and never shown."""

    kind: Literal["smtp"] = "smtp"
    host: Host
    port: Annotated[int, Field(ge=1, le=65535)]
    tls: Tls
    username: Login | None = None
    password: Login | None = Field(None, description="write-only; left out, the kept one stays")


class SendingIpIn(Body):
    """A sending IP to create; without a daily limit it is unlimited."""

    tag: Tag
    stream: Stream = Stream.MARKETING
    daily_limit: DailyLimit | None = None
    transport: TransportIn


class SendingIpChange(Body):
    """What may be changed about a sending IP; what is left out stays."""

    stream: Stream = Stream.MARKETING
    daily_limit: DailyLimit | None = None
    active: bool = True
    transport: TransportIn = Field(default=None, validate_default=False)  # type: ignore[assignment]


class TransportView(BaseModel):
    """An SMTP relay."""

    kind: Literal["smtp"]
    host: str
    port: int
    tls: Tls
    username: str | None
    has_password: bool


class TodayView(BaseModel):
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
    transport: TransportView
    today: TodayView


def view(ip: SendingIp) -> SendingIpView:
    """Show a sending IP with its day."""
    relay = ip.relay
    today = app.api().ip_registry.today(ip)
    return SendingIpView(
        ip_id=ip.ip_id,
        tag=ip.tag,
        stream=ip.stream,
        daily_limit=ip.daily_limit,
        active=ip.active,
        transport=TransportView(
            kind="smtp",
            host=relay.host,
            port=relay.port,
            tls=relay.tls,
            username=relay.username,
            has_password=relay.secret is not None,
        ),
        today=TodayView(reserved=today.reserved, limit=today.limit, stopped=today.stopped),
    )


@router.get("/api/sending-ips", summary="List sending IPs", tags=TAGS, **scoped(Scope.READ))
def list_sending_ips(limit: Limit = 50, after: After = None) -> Listing[SendingIpView]:
    """List the sending IPs, page by page."""
    name = f"{caller(router).org_id}/sending-ips"
    page = app.api().sending_ips.page(caller(router).org_id, limit, position(name, after))
    return listing(name, page, view)


@router.post(
    "/api/sending-ips",
    summary="Create a sending IP",
    status_code=201,
    tags=TAGS,
    **scoped(Scope.ADMIN),
)
def create_sending_ip(sending_ip: SendingIpIn) -> SendingIpView:
    """Check the relay and keep a new sending IP."""
    new = app.api().ip_registry.create(
        caller(router).org_id,
        tag=sending_ip.tag,
        stream=sending_ip.stream,
        daily_limit=sending_ip.daily_limit,
        transport=sending_ip.transport.model_dump(),
    )
    return view(new)


@router.get("/api/sending-ips/<ip_id>", summary="Get a sending IP", tags=TAGS, **scoped(Scope.READ))
def get_sending_ip(ip_id: Id) -> SendingIpView:
    """Show one sending IP and what is left of its day."""
    return view(app.api().ip_registry.get(caller(router).org_id, ip_id))


@router.patch(
    "/api/sending-ips/<ip_id>", summary="Change a sending IP", tags=TAGS, **scoped(Scope.ADMIN)
)
def change_sending_ip(ip_id: Id, change: SendingIpChange) -> SendingIpView:
    """Change a sending IP; another daily limit holds at once."""
    changes = change.model_dump(exclude_unset=True)
    return view(app.api().ip_registry.change(caller(router).org_id, ip_id, changes))


@router.delete(
    "/api/sending-ips/<ip_id>",
    summary="Delete a sending IP",
    status_code=204,
    tags=TAGS,
    **scoped(Scope.ADMIN),
)
def delete_sending_ip(ip_id: Id) -> Response[None]:
    """Delete a sending IP and its relay's password."""
    app.api().ip_registry.delete(caller(router).org_id, ip_id)
    return no_content()
