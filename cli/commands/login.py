"""Login: keep the API's address and a key for the commands that follow."""

from typing import Annotated

import typer

from cli.api import Api
from cli.session import explained, remember

Url = Annotated[str, typer.Option(prompt="Address of the API", help="the stack's output Address")]
Key = Annotated[
    str,
    typer.Option("--key", prompt="API key", hide_input=True, help="better given at the prompt"),
]


def login(url: Url, key: Key) -> None:
    """Keep the API's address and a key, after trying them."""
    with Api(url, key) as api, explained(url):
        organisation = api.get("/api/organisation")
    file = remember(url, key)
    typer.echo(f"You act for {organisation['name']}; address and key are kept in {file}.")
