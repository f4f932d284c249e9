"""Output: tables for people, JSON for programs."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

Shown = Mapping[str, Any]


def show_rows(rows: Iterable[Shown], columns: Sequence[str], *, as_json: bool) -> None:
    """Print a listing: one JSON object per line, or a table of some columns."""
    if as_json:
        for row in rows:
            typer.echo(json.dumps(row, ensure_ascii=False))
        return
    shown = list(rows)
    if not shown:
        typer.echo("None.", err=True)
        return
    table = Table(box=None, header_style="bold", pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in shown:
        table.add_row(*(_cell(row.get(column)) for column in columns))
    Console().print(table)


def show(thing: Shown, *, as_json: bool) -> None:
    """Print one thing: as JSON, or a line per field that holds something."""
    if as_json:
        typer.echo(json.dumps(thing, ensure_ascii=False))
        return
    table = Table(box=None, show_header=False, pad_edge=False)
    table.add_column(style="bold")
    table.add_column(overflow="fold")
    for name, value in thing.items():
        if value not in (None, [], {}):
            table.add_row(name, _cell(value))
    Console().print(table)


def _cell(value: Any) -> str:
    if value is None:
        return ""
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return escape(text)  # what others wrote is not the table's own markup
