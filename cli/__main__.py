"""The commands; each does one thing to a deployed stack."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.bootstrap import bootstrap as open_organisation
from cli.stack import Target
from mailtide.errors import ConflictError

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Organisation = Annotated[str, typer.Option(help="name of the new organisation")]
Stack = Annotated[str, typer.Option(help="name of the deployed stack")]
Prefix = Annotated[
    str | None, typer.Option(help="prefix of the tables, instead of looking the stack up")
]
Region = Annotated[str | None, typer.Option(help="AWS region; the environment's if not given")]
AsJson = Annotated[bool, typer.Option("--json", help="print one JSON object")]


@app.callback()
def main() -> None:
    """Operate a deployed Mailtide."""


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


if __name__ == "__main__":
    app()
