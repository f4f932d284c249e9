"""Report: figures with rates that say what they are of, who was human, whether the books agree."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

from cli.api import Api
from local.audit import Audit
from local.confusion import TRUTHS, VERDICTS, Confusion, Shares

SHOWN_PROBLEMS = 40
COUNTS = (
    ("sent", ("sent",)),
    ("delivered", ("delivered",)),
    ("bounced", ("bounced_hard", "bounced_soft", "bounced_blocked")),
    ("deferred", ("deferred",)),
    ("opens", ("opens_human", "opens_machine", "opens_unknown")),
    ("clicks", ("clicks_human", "clicks_machine", "clicks_unknown")),
    ("unsub.", ("unsubscribes",)),
    ("compl.", ("complaints",)),
    ("replies", ("replies",)),
    ("auto", ("auto_replies",)),
)
RATES = ("delivery", "open", "click", "click to open")
GROUPS = ("provider", "hour")

Figures = Sequence[tuple[str, Mapping[str, Any]]]  # name of the group, its figures


def show_insights(console: Console, api: Api, campaign_id: str) -> None:
    """Print the campaign's figures by provider and by hour, and in total."""
    path = f"/api/campaigns/{campaign_id}/insights"
    blocks = [_groups(api, path, dimension) for dimension in GROUPS]
    blocks.append([("all", api.get(path)["totals"])])
    counts = [name for name, _ in COUNTS]
    console.print(_table("Insights: counts, by the time of the event", counts, blocks, _counts))
    rates = "Rates: of people (of all, machines included)"
    console.print(_table(rates, RATES, blocks, _rates))
    console.print(
        "[dim]Delivery is of sent; open and click are contacts of delivered, click to open of "
        "those who opened. An hour's rates are of the whole campaign.[/]\n"
    )


def _groups(api: Api, path: str, dimension: str) -> Figures:
    groups = api.get(path, group_by=dimension)["groups"]
    return [(_name(dimension, group["key"]), group) for group in groups]


def _name(dimension: str, key: str) -> str:
    return f"{datetime.fromisoformat(key):%d %b %H:%M}" if dimension == "hour" else key


def _table(
    title: str,
    columns: Sequence[str],
    blocks: Sequence[Figures],
    cells: Callable[[Mapping[str, Any]], list[str]],
) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.add_column("", no_wrap=True)
    for name in columns:
        table.add_column(name, justify="right")
    for block in blocks:
        for name, figures in block:
            table.add_row(name, *cells(figures))
        table.add_section()
    return table


def _counts(figures: Mapping[str, Any]) -> list[str]:
    counts = figures["counts"]
    return [str(sum(counts[metric] for metric in metrics)) for _, metrics in COUNTS]


def _rates(figures: Mapping[str, Any]) -> list[str]:
    rates = figures["rates"]
    by_reader = (rates[name] for name in ("open_rate", "click_rate", "click_to_open_rate"))
    return [
        _percent(rates["delivery_rate"]),
        *(f"{_percent(rate['human'])} ({_percent(rate['all'])})" for rate in by_reader),
    ]


def _percent(share: float | None) -> str:
    return "-" if share is None else f"{share:.1%}"


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
    return f"precision {_percent(shares.precision)}, recall {_percent(shares.recall)}"


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
