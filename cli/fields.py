"""Fields: a resource's body as words of a command: `name=News`, `daily_limit:=500`, `html=@file`.

name=text         a text
name:=json        any JSON value
name=@file        a text, read from a file
one.two=text      a field of an object
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Any

import typer

Fields = Annotated[
    list[str], typer.Argument(help="fields: name=text, name:=json, name=@file, outer.inner=text")
]


def read_fields(words: Iterable[str]) -> dict[str, Any]:
    """Return the body that the words spell.

    Raises:
        typer.BadParameter: names the word that is none.
    """
    body: dict[str, Any] = {}
    for word in words:
        name, equals, text = word.partition("=")
        if not equals or not name.strip(":"):
            raise typer.BadParameter(f"`{word}` is no field; write name=text or name:=json")
        _set(body, name.removesuffix(":").split("."), _value(name, text), word)
    return body


def _value(name: str, text: str) -> Any:
    if name.endswith(":"):
        try:
            return json.loads(text)
        except ValueError as error:
            raise typer.BadParameter(f"`{name}={text}` is not JSON: {error}") from error
    if not text.startswith("@"):
        return text
    try:
        return Path(text[1:]).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise typer.BadParameter(f"{text[1:]} cannot be read: {error}") from error


def _set(body: dict[str, Any], path: list[str], value: Any, word: str) -> None:
    for name in path[:-1]:
        body = body.setdefault(name, {})
        if not isinstance(body, dict):
            raise typer.BadParameter(f"`{word}` goes into what is no object")
    body[path[-1]] = value
