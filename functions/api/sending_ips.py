"""Sending IPs: addresses that mail leaves from, and the relays or SES behind them."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.params import Query

from functions.api.shapes import sending_ips as shapes
from functions.api.shapes.sending_ips import (
    RelaySettingsView,
    SendingIpChange,
    SendingIpIn,
    SendingIpView,
)
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.domain.sending_ip import SendingIp
from mailtide.http import After, Id, Limit, Listing, no_content
from mailtide.resource import Resource

resource = Resource("sending IPs")
SourceIps = Annotated[
    str,
    Query(
        max_length=4000,
        description="addresses on the relay's host: `relay1=192.0.2.10,relay2=2001:db8::1`",
    ),
]
REFUSED = (
    "already_exists",
    "configuration_set_not_found",
    "configuration_set_refused",
    "relay_address_refused",
    "relay_port_refused",
    "ses_not_set_up",
    "ses_pool_refused",
    "ses_refused",
)


@resource.get("/api/sending-ips", Scope.READ, "List sending IPs")
def list_sending_ips(limit: Limit = 50, after: After = None) -> Listing[SendingIpView]:
    """List the sending IPs, page by page."""
    return resource.listed("sending-ips", app.api().sending_ips.page, limit, after, _view)


@resource.post("/api/sending-ips", Scope.ADMIN, "Create a sending IP", status=201, problems=REFUSED)
def create_sending_ip(sending_ip: SendingIpIn) -> SendingIpView:
    """Check the relay, or find or make the configuration set of SES; keep a new sending IP."""
    return _view(app.api().ip_registry.create(resource.org_id, **sending_ip.model_dump()))


@resource.get("/api/sending-ips/relay-settings", Scope.ADMIN, "Make a relay's settings")
def make_relay_settings(source_ips: SourceIps = "") -> RelaySettingsView:
    """Show what a Stalwart has to be told: addresses by tag, throttles, what sessions may do."""
    return RelaySettingsView.model_validate(
        app.api().relay_settings.stalwart(resource.org_id, source_ips)
    )


@resource.get("/api/sending-ips/<ip_id>", Scope.READ, "Get a sending IP")
def get_sending_ip(ip_id: Id) -> SendingIpView:
    """Show one sending IP and what is left of its day."""
    return _view(app.api().ip_registry.get(resource.org_id, ip_id))


@resource.patch("/api/sending-ips/<ip_id>", Scope.ADMIN, "Change a sending IP", problems=REFUSED)
def change_sending_ip(ip_id: Id, change: SendingIpChange) -> SendingIpView:
    """Change a sending IP; another daily limit holds at once."""
    changes = change.model_dump(exclude_unset=True)
    return _view(app.api().ip_registry.change(resource.org_id, ip_id, changes))


@resource.delete("/api/sending-ips/<ip_id>", Scope.ADMIN, "Delete a sending IP")
def delete_sending_ip(ip_id: Id) -> Response[None]:
    """Delete a sending IP and its relay's password."""
    app.api().ip_registry.delete(resource.org_id, ip_id)
    return no_content()


def _view(ip: SendingIp) -> SendingIpView:
    return shapes.view(ip, app.api().ip_registry.today(ip))
