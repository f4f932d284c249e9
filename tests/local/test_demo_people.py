"""The demo's people: repeatable, and bad exactly where they say they are."""

import csv
import io

from hypothesis import given
from hypothesis import strategies as st

from local.demo import people
from local.demo.people import BAD, COLUMNS


def records(made: people.People) -> dict[int, list[str]]:
    """Read a file back: each record by its first line."""
    reader = csv.reader(io.StringIO(made.csv.decode(), newline=""))
    found, line = {}, 1
    for record in reader:
        found[line] = record
        line = reader.line_num + 1
    return found


@given(
    seed=st.text(max_size=5),
    bad=st.integers(0, 40),
    twice=st.integers(0, 20),
    more=st.integers(45, 200),
)
def test_every_row_is_good_once_more_or_bad_where_it_says(
    seed: str, bad: int, twice: int, more: int
) -> None:
    made = people.make(bad + twice + more, seed=seed, bad=bad, twice=twice)
    rows = records(made)
    assert rows.pop(1) == list(COLUMNS)
    assert len(rows) == made.rows == bad + twice + more
    assert len(made.bad) == bad
    good = [row[0].lower() for line, row in rows.items() if line not in made.bad]
    assert len(good) - len(set(good)) == made.merged == twice
    assert set(good) == set(made.addresses)
    assert len(made.addresses) == more


def test_same_seed_gives_the_same_file_and_another_seed_another() -> None:
    first, again, other = (people.make(100, seed=s, bad=5, twice=5) for s in ("a", "a", "b"))
    assert first == again
    assert first.csv != other.csv


def test_every_kind_of_bad_row_is_in_a_file_that_has_room_for_it() -> None:
    made = people.make(200, seed="a", bad=len(BAD), twice=0)
    assert set(made.bad.values()) == {what for what, _ in BAD}


def test_a_quoted_line_break_moves_the_lines_below_it() -> None:
    made = people.make(500, seed="a", bad=20, twice=0)
    rows = records(made)
    assert any("\n" in row[5] for line, row in rows.items() if line not in made.bad)
    assert max(rows) > made.rows + 1


def test_second_file_shares_as_many_people_as_asked() -> None:
    made = people.make(300, seed="a", bad=5, twice=5)
    second = people.overlapping(made, shared=40, strangers=10, seed="b")
    assert len(second.addresses) == second.rows == 50
    assert len(set(second.addresses) & set(made.addresses)) == 40
