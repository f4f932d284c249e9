"""Campaigns: start them, watch them, stop them."""

import time
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from cli.api import Api
from cli.figures import groups, show_figures
from cli.output import show
from cli.resource import Id, Resource
from cli.session import AsJson, calling

ENDED = frozenset({"sent", "cancelled"})
LOOK_EVERY_SECONDS = 2.0

DryRun = Annotated[bool, typer.Option("--dry-run", help="say what would happen; change nothing")]
At = Annotated[datetime, typer.Argument(formats=["%Y-%m-%dT%H:%M:%S%z", "%Y-%m-%dT%H:%M%z"])]
GroupBy = Annotated[str | None, typer.Option(help="provider, identity, hour, day, list, ip …")]

commands = Resource(
    "/api/campaigns", "campaign", "campaigns", ("campaign_id", "name", "state", "created_at")
).commands()


@commands.command()
def start(id_: Id, dry_run: DryRun = False, as_json: AsJson = False) -> None:
    """Start a campaign, or say what a start would do."""
    with calling() as api:
        query = {"dry_run": "true"} if dry_run else {}
        show(api.post(f"/api/campaigns/{id_}/start", **query), as_json=as_json)


@commands.command()
def schedule(id_: Id, send_at: At, as_json: AsJson = False) -> None:
    """Start a campaign at a time, such as 2027-01-31T09:00+01:00."""
    with calling() as api:
        body = {"send_at": send_at.isoformat()}
        show(api.post(f"/api/campaigns/{id_}/schedule", body), as_json=as_json)


@commands.command()
def unschedule(id_: Id, as_json: AsJson = False) -> None:
    """Make a scheduled campaign a draft again."""
    _move(id_, "unschedule", as_json)


@commands.command()
def pause(id_: Id, as_json: AsJson = False) -> None:
    """Stop handing messages over; nothing is lost."""
    _move(id_, "pause", as_json)


@commands.command()
def resume(id_: Id, as_json: AsJson = False) -> None:
    """Go on where a pause stopped."""
    _move(id_, "resume", as_json)


@commands.command()
def cancel(id_: Id, as_json: AsJson = False) -> None:
    """Stop for good; what was handed over stays handed over."""
    _move(id_, "cancel", as_json)


@commands.command()
def insights(id_: Id, group_by: GroupBy = None, as_json: AsJson = False) -> None:
    """Show a campaign's counts and rates; --json has all of them."""
    with calling() as api:
        query = {"group_by": group_by} if group_by else {}
        found = api.get(f"/api/campaigns/{id_}/insights", **query)
    if as_json:
        show(found, as_json=True)
        return
    grouped = [groups(found)] if group_by else []
    show_figures(Console(), [*grouped, [("all", found["totals"])]])
    if not found["complete"]:
        typer.echo("Some events may be missing from these counts.", err=True)


@commands.command()
def watch(id_: Id, as_json: AsJson = False) -> None:
    """Follow a campaign until it has ended; with --json, a line per look."""
    with calling() as api:
        if as_json:
            follow(lambda: _look(api, id_), lambda look: show(look, as_json=True))
            return
        with Progress(
            TextColumn("{task.description}"),
            BarColumn(),
            MofNCompleteColumn(),
            TimeElapsedColumn(),
            TextColumn("{task.fields[more]}"),
        ) as progress:
            task = progress.add_task(id_, total=None, more="")
            follow(
                lambda: _look(api, id_),
                lambda look: progress.update(
                    task,
                    description=look["state"],
                    completed=look["sent"],
                    total=look["recipients"],
                    more=f"{look['delivered']} delivered",
                ),
            )


def follow(
    look: Callable[[], dict[str, Any]],
    seen: Callable[[dict[str, Any]], object],
    sleep: Callable[[float], None] = time.sleep,
) -> None:
    """Look every two seconds until the campaign has ended."""
    while True:
        found = look()
        seen(found)
        if found["state"] in ENDED:
            return
        sleep(LOOK_EVERY_SECONDS)


def _look(api: Api, campaign_id: str) -> dict[str, Any]:
    campaign = api.get(f"/api/campaigns/{campaign_id}")
    counts = api.get(f"/api/campaigns/{campaign_id}/insights")["totals"]["counts"]
    return {
        "state": campaign["state"],
        "recipients": campaign["recipients"],
        **{name: counts.get(name, 0) for name in ("sent", "delivered", "complaints")},
    }


def _move(campaign_id: str, move: str, as_json: bool) -> None:
    with calling() as api:
        show(api.post(f"/api/campaigns/{campaign_id}/{move}"), as_json=as_json)
