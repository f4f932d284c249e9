"""Suppressions: whom the organisation does not write to."""

from itertools import islice
from typing import Annotated

import typer

from cli.fields import Fields, read_fields
from cli.output import show, show_rows
from cli.resource import Count
from cli.session import AsJson, calling

PATH = "/api/suppressions"
COLUMNS = ("email", "contact_id", "reasons")
Contact = Annotated[str, typer.Argument(help="id of the contact")]
Why = Annotated[str, typer.Option("--note", help="why; it is kept in the audit")]

commands = typer.Typer(no_args_is_help=True, help="Whom the organisation does not write to.")


@commands.command("list")
def list_all(limit: Count = 1000, as_json: AsJson = False) -> None:
    """List the suppression list."""
    with calling() as api:
        show_rows(islice(api.all(PATH), limit), COLUMNS, as_json=as_json)


@commands.command()
def add(fields: Fields, as_json: AsJson = False) -> None:
    """Suppress an address: email=ann@example.com."""
    body = read_fields(fields)
    with calling() as api:
        show(api.post(PATH, body), as_json=as_json)


@commands.command()
def lift(contact_id: Contact) -> None:
    """Write to an address again."""
    with calling() as api:
        api.call("DELETE", f"{PATH}/{contact_id}")
