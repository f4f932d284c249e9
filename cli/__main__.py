"""The command line: `mailtide --help` lists the commands.

`bootstrap` and `operations` act on a deployed stack with the credentials of AWS; all others call
the HTTP API with the address and the key that `login` keeps.
"""

import json
import sys
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer
from botocore.exceptions import BotoCoreError, ClientError

from cli.bootstrap import bootstrap as open_organisation
from cli.commands import (
    campaigns,
    files,
    login,
    messages,
    operations,
    resources,
    sending_ips,
    suppressions,
)
from cli.session import AsJson
from cli.stack import Region, Stack, Target
from mailtide.errors import ConflictError

app = typer.Typer(no_args_is_help=True, pretty_exceptions_enable=False)

Organisation = Annotated[str, typer.Option(help="name of the new organisation")]
Prefix = Annotated[
    str | None, typer.Option(help="prefix of the tables, instead of looking the stack up")
]


@app.callback()
def main() -> None:
    """Operate Mailtide from a terminal."""


@app.command()
def bootstrap(
    organisation: Organisation,
    stack: Stack = "Mailtide",
    table_prefix: Prefix = None,
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Create an organisation and its first API key, which is shown only now."""
    name = organisation.strip()
    if not name:
        raise typer.BadParameter("the organisation needs a name")
    Target(stack, table_prefix, region).connect()
    try:
        opened = open_organisation(name, datetime.now(UTC))
    except ConflictError:
        typer.echo(
            f"There is an organisation named {name}; its admins make keys at /api/keys.", err=True
        )
        raise typer.Exit(1) from None
    if as_json:
        typer.echo(json.dumps(asdict(opened)))
        return
    typer.echo(f"organisation  {opened.org_id}  {name}")
    typer.echo(f"API key       {opened.key}")
    typer.echo("Keep the key now: it cannot be shown again.")


app.command()(login.login)
app.command("import")(files.import_contacts)
app.command()(files.export)
for group, commands in {
    "campaigns": campaigns.commands,
    "messages": messages.commands,
    "operations": operations.commands,
    "suppressions": suppressions.commands,
    **resources.all_commands(),
    "sending-ips": sending_ips.commands,
}.items():
    app.add_typer(commands, name=group)

if __name__ == "__main__":
    try:
        app(prog_name="mailtide")
    except (ClientError, BotoCoreError) as error:
        sys.exit(f"AWS refused: {error}")
