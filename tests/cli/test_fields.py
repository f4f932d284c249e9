"""Fields of a body as words of a command."""

import json
from pathlib import Path

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from cli.fields import read_fields

VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(), lambda inner: st.lists(inner)
)


def test_texts_json_and_objects() -> None:
    words = [
        "name=News",
        "daily_limit:=500",
        "transport.host=relay",
        "transport.port:=587",
        "a=b=c",
    ]
    assert read_fields(words) == {
        "name": "News",
        "daily_limit": 500,
        "transport": {"host": "relay", "port": 587},
        "a": "b=c",
    }


def test_a_text_may_lie_in_a_file(tmp_path: Path) -> None:
    file = tmp_path / "letter.html"
    file.write_text("<p>é</p>", encoding="utf-8")
    assert read_fields([f"html=@{file}"]) == {"html": "<p>é</p>"}


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["name"], "no field"),
        (["=x"], "no field"),
        ([":=1"], "no field"),
        (["n:={"], "not JSON"),
        (["html=@/nowhere/at/all"], "cannot be read"),
        (["a=1", "a.b=2"], "no object"),
    ],
)
def test_what_is_no_field_is_named(words: list[str], said: str) -> None:
    with pytest.raises(typer.BadParameter, match=said):
        read_fields(words)


@given(VALUES)
def test_any_json_value_comes_through(value: object) -> None:
    assert read_fields([f"x:={json.dumps(value)}"]) == {"x": value}
