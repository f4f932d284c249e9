"""Messages: send a single one, look at its life, find those to an address."""

from itertools import islice
from typing import Annotated

import typer

from cli.fields import Fields, read_fields
from cli.output import show, show_rows
from cli.resource import Count, Id
from cli.session import AsJson, calling

PATH = "/api/messages"
COLUMNS = ("message_id", "sent_at", "state", "ip_id")
Recipient = Annotated[str, typer.Argument(help="an email address")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="make the message and keep nothing")]

commands = typer.Typer(no_args_is_help=True, help="Single messages.")


@commands.command()
def send(fields: Fields, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Send a message: to.email=bob@example.com identity_id=… template_id=… variables.order=4711."""
    body = read_fields(fields)
    query = {"dry_run": "true"} if dry_run else {}
    with calling() as api:
        show(api.post(PATH, body, **query), as_json=as_json)


@commands.command("show")
def show_one(id_: Id, as_json: AsJson = False) -> None:
    """Show what happened to a message."""
    with calling() as api:
        show(api.get(f"{PATH}/{id_}"), as_json=as_json)


@commands.command()
def find(recipient: Recipient, limit: Count = 100, as_json: AsJson = False) -> None:
    """List the messages to an address, the newest first."""
    with calling() as api:
        show_rows(islice(api.all(PATH, recipient=recipient), limit), COLUMNS, as_json=as_json)
