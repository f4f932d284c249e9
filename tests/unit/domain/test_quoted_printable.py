"""Quoted-printable in pieces: what is joined reads as the text, on lines that nobody changes."""

import quopri

from hypothesis import example, given
from hypothesis import strategies as st

from mailtide.domain.quoted_printable import FENCE, end, last_piece, piece

texts = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"])),
    st.text("a .=\t\r\nF", max_size=400),
    st.lists(st.sampled_from(["From ", ".", "\n", "=20", " ", "a" * 74, "ü", "\r"])).map("".join),
)


def one_line_end(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def decoded(raw: bytes) -> str:
    return quopri.decodestring(raw).decode().replace("\r\n", "\n")


def assert_needs_nothing(raw: bytes) -> None:
    assert raw.isascii()
    assert raw == b"" or raw.endswith(b"\r\n")
    for line in raw.split(b"\r\n"):
        assert len(line) <= 76
        assert not line.startswith((b".", b"From "))
        assert not line.endswith((b" ", b"\t"))
        assert all(byte == 9 or 32 <= byte < 127 for byte in line)
        assert b"=_" not in line


@given(st.lists(texts), texts)
@example(["." * 200], "From " * 40)
@example(["a ", "\n"], "b\t")
@example(["=" * 30, "ü" * 30], "")
def test_joined_pieces_read_as_the_text(parts: list[str], last: str) -> None:
    raw = b"".join(map(piece, parts)) + last_piece(last)
    assert_needs_nothing(raw)
    text = "".join(map(one_line_end, [*parts, last]))
    # A part that ends within a line gets its line end; so does an empty piece at the very end.
    assert decoded(raw) in (text, text + "\n")
    assert decoded(last_piece(last)).endswith("\n")


@given(st.lists(texts))
def test_pieces_are_ended_by_one_line_end_at_least(parts: list[str]) -> None:
    pieces = list(map(piece, parts))
    raw = b"".join([*pieces, end(pieces)])
    assert_needs_nothing(raw)
    text = "".join(map(one_line_end, parts))
    assert decoded(raw) == (text if text.endswith("\n") else text + "\n")


def test_a_value_stands_on_a_line_of_its_own() -> None:
    assert piece("<p>Hello ") + piece("Jürgen") + piece(",</p>\n") == (
        b"<p>Hello =\r\nJ=C3=BCrgen=\r\n,</p>\r\n"
    )
    assert piece("") == b""
    assert piece("a" * 75) == b"a" * 75 + FENCE
    assert piece("a" * 76) == b"a" * 73 + FENCE + b"aaa" + FENCE
