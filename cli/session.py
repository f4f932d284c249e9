"""Session: which API the commands call, with which key, and how they answer.

Address and key come from the options' environment variables, or from the file that `login` wrote.
"""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import httpx
import typer

from cli.api import Api, ApiError

URL, KEY = "MAILTIDE_URL", "MAILTIDE_API_KEY"
AsJson = Annotated[bool, typer.Option("--json", help="print JSON instead of tables")]


def credentials_file() -> Path:
    """Return where `login` keeps address and key."""
    return Path(typer.get_app_dir("mailtide")) / "credentials.json"


def remember(url: str, key: str) -> Path:
    """Keep address and key for later commands, readable by their owner alone."""
    file = credentials_file()
    file.parent.mkdir(parents=True, exist_ok=True)
    file.touch(mode=0o600)
    file.chmod(0o600)
    file.write_text(json.dumps({"url": url, "key": key}))
    return file


@contextmanager
def calling() -> Iterator[Api]:
    """Yield the API; a problem that it answers ends the command with its words.

    Raises:
        typer.Exit: with status 1, after a problem was printed.
        typer.BadParameter: when nobody said which API to call.
    """
    url, key = _address()
    with Api(url, key) as api, explained(url):
        yield api


@contextmanager
def explained(url: str) -> Iterator[None]:
    """End the command with the words of a problem, or of a network that fails.

    Raises:
        typer.Exit: with status 1.
    """
    try:
        yield
    except ApiError as error:
        typer.echo(f"{error.status} {error.code}: {error.detail}", err=True)
        for place in error.problem.get("errors", []):
            typer.echo(f"  {place['at']}: {place['detail']}", err=True)
        raise typer.Exit(1) from None
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        typer.echo(f"{url} cannot be reached: {error}", err=True)
        raise typer.Exit(1) from None


def _address() -> tuple[str, str]:
    file = credentials_file()
    kept = json.loads(file.read_text()) if file.exists() else {}
    url = os.environ.get(URL) or kept.get("url")
    key = os.environ.get(KEY) or kept.get("key")
    if not url or not key:
        raise typer.BadParameter(f"run `mailtide login` first, or set {URL} and {KEY}")
    return url, key
