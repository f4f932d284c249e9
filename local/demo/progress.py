"""Progress: both books side by side while the campaign runs; plain lines where no one looks."""

import contextlib
import time
from collections.abc import Callable, Iterator, Mapping

from rich.console import Console
from rich.live import Live
from rich.table import Table

from local.watch import Look

PLAIN_LINE_EVERY_SECONDS = 5.0
ROWS = (  # (what, the ledger's sums, the product's counters)
    ("sent", ("accepted",), ("sent",)),
    ("delivered", ("delivered",), ("delivered",)),
    (
        "bounced",
        ("bounced_hard", "bounced_soft", "bounced_blocked"),
        ("bounced_hard", "bounced_soft", "bounced_blocked"),
    ),
    ("deferrals", ("deferrals",), ("deferred",)),
    (
        "opens",
        ("opens_human", "opens_machine"),
        ("opens_human", "opens_machine", "opens_unknown"),
    ),
    (
        "clicks",
        ("clicks_human", "clicks_machine"),
        ("clicks_human", "clicks_machine", "clicks_unknown"),
    ),
    ("unsubscribes", ("unsubscribes",), ("unsubscribes",)),
    ("replies", ("replies", "auto_replies"), ("replies", "auto_replies")),
    ("complaints", ("complaints",), ("complaints",)),
)


@contextlib.contextmanager
def progress(console: Console, people: int) -> Iterator[Callable[[Look], None]]:
    """Give what shows one look after the other."""
    if not console.is_terminal:
        yield _plain(console, people)
        return
    with Live(console=console, auto_refresh=False, transient=True) as live:
        yield lambda look: live.update(_table(look, people), refresh=True)


def _table(look: Look, people: int) -> Table:
    table = Table(title=f"Campaign to {people} people: {look.state}")
    table.add_column("")
    table.add_column("receivers saw", justify="right")
    table.add_column("Mailtide counts", justify="right")
    for name, seen, counted in ROWS:
        table.add_row(name, str(_sum(look.seen, seen)), str(_sum(look.counted, counted)))
    return table


def _plain(console: Console, people: int) -> Callable[[Look], None]:
    shown_at = float("-inf")

    def show(look: Look) -> None:
        nonlocal shown_at
        if time.monotonic() - shown_at >= PLAIN_LINE_EVERY_SECONDS:
            shown_at = time.monotonic()
            parts = [f"{name} {_sum(look.counted, counted)}" for name, _, counted in ROWS]
            line = f"  {look.state}, of {people}: {', '.join(parts)}"
            console.print(line, soft_wrap=True, highlight=False)

    return show


def _sum(counts: Mapping[str, int], names: tuple[str, ...]) -> int:
    return sum(counts.get(name, 0) for name in names)
