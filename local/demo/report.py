"""Report: figures with rates that say what they are of, who was human, whether the books agree."""

from collections.abc import Sequence

from rich import box
from rich.console import Console
from rich.table import Table

from cli.api import Api
from cli.figures import groups, percent, show_figures
from local.audit import Audit
from local.confusion import TRUTHS, VERDICTS, Confusion, Shares

SHOWN_PROBLEMS = 40
GROUPS = ("provider", "hour")


def show_insights(console: Console, api: Api, campaign_id: str) -> None:
    """Print the campaign's figures by provider and by hour, and in total."""
    path = f"/api/campaigns/{campaign_id}/insights"
    blocks = [groups(api.get(path, group_by=dimension)) for dimension in GROUPS]
    show_figures(console, [*blocks, [("all", api.get(path)["totals"])]])


def show_confusion(console: Console, confusion: Confusion) -> None:
    """Print what the product took each hit for, beside what it was."""
    title = "Opens and clicks: what each was, and what Mailtide took it for"
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("it was")
    for verdict in VERDICTS:
        table.add_column(f"taken for {verdict}", justify="right")
    for kind in ("open", "click"):
        for truth in TRUTHS:
            counts = [str(confusion.count(truth, verdict, kind)) for verdict in VERDICTS]
            table.add_row(f"{truth} {kind}", *counts)
    console.print(table)
    for label in TRUTHS:
        console.print(f"{label}: {_shares(confusion.shares(label))}")


def _shares(shares: Shares) -> str:
    return f"precision {percent(shares.precision)}, recall {percent(shares.recall)}"


def show_verdict(console: Console, audit: Audit, problems: Sequence[str]) -> None:
    """Say whether the books agree; if not, on what they do not."""
    if not problems:
        messages = audit.ledger["messages"]
        hits = sum(len(message["opens"]) + len(message["clicks"]) for message in messages)
        console.print(
            f"[bold green]The books agree[/]: {len(messages)} messages and {hits} hits of the "
            "receivers' ledger equal the counters, in total, by hour, provider and identity. "
            "Nobody was mailed twice or against a suppression; every refused row was reported."
        )
        return
    console.print(f"[bold red]The books do not agree[/], in {len(problems)} places:")
    for problem in problems[:SHOWN_PROBLEMS]:
        console.print(f"  {problem}", markup=False)
    if len(problems) > SHOWN_PROBLEMS:
        console.print(f"  … and {len(problems) - SHOWN_PROBLEMS} more")
