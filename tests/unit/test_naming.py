"""Names of new things: by chance, or alike in each attempt of a call."""

from datetime import UTC, datetime, timedelta

import pytest

from mailtide import naming

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
LATER = NOW + timedelta(minutes=1)


def named(seed: bytes) -> list[bytes]:
    with naming.alike(seed, NOW):
        return [naming.draw(size) for size in (10, 10, 32)]


def test_attempts_of_a_call_draw_alike_and_never_the_same_twice() -> None:
    assert named(b"s" * 64) == named(b"s" * 64)
    first, second, third = named(b"s" * 64)
    assert first != second
    assert len(third) == 32
    assert named(b"t" * 64) != named(b"s" * 64)


def test_outside_of_a_call_everything_is_chance() -> None:
    named(b"s" * 64)
    assert len({naming.draw(10) for _ in range(3)}) == 3
    assert naming.made_at(LATER) == LATER


def test_what_a_call_makes_is_named_after_its_beginning() -> None:
    with naming.alike(b"s", NOW):
        assert naming.made_at(LATER) == NOW


def test_a_call_that_fails_ends_all_the_same() -> None:
    def fail() -> None:
        with naming.alike(b"s", NOW):
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail()
    assert naming.made_at(LATER) == LATER
