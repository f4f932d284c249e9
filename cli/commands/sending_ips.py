"""Sending IPs: what every resource has, and the settings of the relay behind them."""

import json
from typing import Annotated

import typer

from cli.commands.resources import RESOURCES
from cli.session import AsJson, calling

SourceIp = Annotated[
    list[str], typer.Option("--source-ip", help="address on the relay's host: relay1=192.0.2.10")
]

NONE: list[str] = []
commands = RESOURCES["sending-ips"].commands()


@commands.command("relay-settings")
def relay_settings(source_ip: SourceIp = NONE, as_json: AsJson = False) -> None:
    """Make a Stalwart's settings, for `stalwart-cli apply --stdin`.

    The operations are on standard output, one a line; what is left to do by hand is on standard
    error.
    """
    with calling() as api:
        settings = api.get("/api/sending-ips/relay-settings", source_ips=",".join(source_ip))
    if as_json:
        typer.echo(json.dumps(settings))
        return
    for step in settings["steps"]:
        typer.echo(json.dumps(step["operation"]))
    for line in settings["by_hand"]:
        typer.echo(line, err=True)
