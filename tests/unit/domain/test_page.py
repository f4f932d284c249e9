"""Cursors: what was written is read, anything else is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.page import Page, every, read_cursor, write_cursor

CURSORS = st.text("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=", min_size=1)


@given(position=st.text(min_size=1))
def test_a_cursor_gives_its_position_back(position: str) -> None:
    assert read_cursor("acme/contacts", write_cursor("acme/contacts", position)) == position


def test_a_cursor_of_another_listing_is_refused() -> None:
    cursor = write_cursor("acme/contacts", "0a1b")
    with pytest.raises(ValueError, match="not a cursor"):
        read_cursor("other/contacts", cursor)


@given(position=st.text("0123456789abcdef", min_size=1, max_size=26), data=st.data())
def test_a_cursor_with_any_character_changed_is_refused(position: str, data: st.DataObject) -> None:
    cursor = write_cursor("acme/contacts", position)
    place = data.draw(st.integers(0, len(cursor) - 1))
    other = data.draw(CURSORS.map(lambda text: text[0]).filter(lambda c: c != cursor[place]))
    with pytest.raises(ValueError, match="not a cursor"):
        read_cursor("acme/contacts", cursor[:place] + other + cursor[place + 1 :])


@given(text=CURSORS)
def test_any_other_text_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not a cursor"):
        read_cursor("acme/contacts", text)


@given(items=st.lists(st.integers(), max_size=12), size=st.integers(1, 5))
def test_every_item_of_a_listing_is_read_once_and_in_order(items: list[int], size: int) -> None:
    def read(after: str | None) -> Page[int]:
        start = int(after or 0)
        end = start + size
        return Page(items[start:end], str(end) if end < len(items) else None)

    assert list(every(read)) == items
