"""Resource: the commands that every resource of the API has, made from its path."""

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Annotated

import typer

from cli.fields import Fields, read_fields
from cli.output import show, show_rows
from cli.session import AsJson, calling

Id = Annotated[str, typer.Argument(help="its id")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="do not ask")]
Count = Annotated[int, typer.Option("--limit", min=1, help="how many at most")]


@dataclass(frozen=True, slots=True)
class Resource:
    """One resource: its path, what one and many are called, what a table of them shows."""

    path: str
    kind: str
    plural: str
    columns: Sequence[str]
    change: str | None = "PATCH"  # the method; None: it cannot be changed
    shows: bool = True
    creates: bool = True
    deletes: bool = True

    def commands(self) -> typer.Typer:
        """Return the commands that it has of `list`, `show`, `create`, `change` and `delete`."""
        group = typer.Typer(
            no_args_is_help=True, help=f"{self.plural[0].upper()}{self.plural[1:]}."
        )
        self._add_list(group)
        if self.shows:
            self._add_show(group)
        if self.creates:
            self._add_create(group)
        if self.change:
            self._add_change(group, self.change)
        if self.deletes:
            self._add_delete(group)
        return group

    def _add_list(self, group: typer.Typer) -> None:
        @group.command("list", help=f"List the {self.plural}.")
        def list_all(limit: Count = 1000, as_json: AsJson = False) -> None:
            with calling() as api:
                rows = islice(api.all(self.path), limit)
                show_rows(rows, self.columns, as_json=as_json)

    def _add_show(self, group: typer.Typer) -> None:
        @group.command("show", help=f"Show one {self.kind}.")
        def show_one(id_: Id, as_json: AsJson = False) -> None:
            with calling() as api:
                show(api.get(f"{self.path}/{id_}"), as_json=as_json)

    def _add_create(self, group: typer.Typer) -> None:
        @group.command("create", help=f"Create one {self.kind}: name=News …")
        def create(fields: Fields, as_json: AsJson = False) -> None:
            body = read_fields(fields)
            with calling() as api:
                show(api.post(self.path, body), as_json=as_json)

    def _add_change(self, group: typer.Typer, method: str) -> None:
        @group.command("change", help=f"Change one {self.kind}: name=News …")
        def change(id_: Id, fields: Fields, as_json: AsJson = False) -> None:
            body = read_fields(fields)
            with calling() as api:
                show(api.call(method, f"{self.path}/{id_}", body), as_json=as_json)

    def _add_delete(self, group: typer.Typer) -> None:
        @group.command("delete", help=f"Delete one {self.kind}.")
        def delete(id_: Id, yes: Yes = False) -> None:
            yes or typer.confirm(f"Delete the {self.kind} {id_}?", abort=True)
            with calling() as api:
                api.call("DELETE", f"{self.path}/{id_}")
