"""Figures: a campaign's counts and rates as tables that say what the rates are of."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

from rich import box
from rich.console import Console
from rich.table import Table

COUNTS = (
    ("sent", ("sent",)),
    ("deliv", ("delivered",)),
    ("bounced", ("bounced_hard", "bounced_soft", "bounced_blocked")),
    ("defer", ("deferred",)),
    ("opens", ("opens_human", "opens_machine", "opens_unknown")),
    ("clicks", ("clicks_human", "clicks_machine", "clicks_unknown")),
    ("unsub", ("unsubscribes",)),
    ("compl", ("complaints",)),
    ("reply", ("replies",)),
)
RATES = ("delivery", "open", "click", "click to open")

Figures = Sequence[tuple[str, Mapping[str, Any]]]  # name of the group, its figures


def groups(found: Mapping[str, Any]) -> Figures:
    """Return the groups of an answer of insights, under names for people."""
    hourly = found["group_by"] == "hour"
    return [
        (f"{datetime.fromisoformat(one['key']):%d %b %H:%M}" if hourly else one["key"], one)
        for one in found["groups"]
    ]


def show_figures(console: Console, blocks: Sequence[Figures]) -> None:
    """Print the counts and the rates of blocks of groups."""
    counts = [name for name, _ in COUNTS]
    console.print(_table("Counts, by the time of the event", counts, blocks, _counts), "")
    console.print(_table("Rates: of people (of all, machines included)", RATES, blocks, _rates))
    console.print(
        "[dim]Delivery is of sent; open and click are contacts of delivered, click to open of "
        "those who opened. An hour's and a day's rates are of the whole campaign.[/]\n"
    )


def percent(share: float | None) -> str:
    """Write a share for people; a dash where there is nothing it could be of."""
    return "-" if share is None else f"{share:.1%}"


def _table(
    title: str,
    columns: Sequence[str],
    blocks: Sequence[Figures],
    cells: Callable[[Mapping[str, Any]], list[str]],
) -> Table:
    table = Table(title=title, title_justify="left", box=box.SIMPLE_HEAD, padding=(0, 1, 0, 0))
    table.show_edge = False  # all columns fit a plain terminal
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
        percent(rates["delivery_rate"]),
        *(f"{percent(rate['human'])} ({percent(rate['all'])})" for rate in by_reader),
    ]
