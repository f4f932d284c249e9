"""The comparison of ledger and counters: equal books pass, and every kind of lie is told."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.books import (
    HOUR,
    IDENTITY,
    PROVIDER,
    TOTAL,
    Cell,
    compare,
    facts,
    hour,
    import_problems,
    people_problems,
    unmailed,
)

NOON = datetime(2026, 11, 24, 12, 20, tzinfo=UTC)
EDGE = datetime(2026, 11, 24, 13, 0, tzinfo=UTC)


def hit(at: datetime, seconds: float = 0.1) -> dict[str, str]:
    return {
        "started_at": at.isoformat(),
        "answered_at": (at + timedelta(seconds=seconds)).isoformat(),
    }


def message(recipient: str = "anna@gmail.com", **known: Any) -> dict[str, Any]:
    return {
        "recipient": recipient,
        "message_id": recipient,
        "provider": "gmail",
        "identity": "news.example",
        "fate": "delivered",
        "accepted_at": NOON.isoformat(),
        "deferred_at": [],
        "delivered_at": None,
        "bounced_at": None,
        "complained_at": None,
        "unsubscribed_at": None,
        "opens": [],
        "clicks": [],
        "replies": [],
        "auto_replies": [],
        "returned_at": None,
    } | known


def ledger(*messages: dict[str, Any], **rest: Any) -> dict[str, Any]:
    return {"messages": list(messages), "refusals": [], "duplicates": []} | rest


def faithful(book: dict[str, Any]) -> Counter[Cell]:
    """Count as a product does that stamps everything at the end of its span."""
    counters: Counter[Cell] = Counter()
    for fact in facts(book):
        metric = f"{fact.metric}_unknown" if fact.metric in ("opens", "clicks") else fact.metric
        for dimension, value in (
            (TOTAL, ""),
            (HOUR, hour(fact.span[1])),
            (PROVIDER, fact.provider),
            (IDENTITY, fact.identity),
        ):
            counters[dimension, value, metric] += 1
    return counters


READ = ledger(
    message(
        delivered_at=NOON.isoformat(),
        opens=[hit(NOON), hit(NOON + timedelta(minutes=1))],
        clicks=[hit(NOON)],
        replies=[hit(NOON), hit(NOON + timedelta(minutes=2))],
        auto_replies=[hit(NOON)],
        unsubscribed_at=NOON.isoformat(),
    ),
    message("ben@yahoo.com", provider="yahoo", fate="hard", bounced_at=NOON.isoformat()),
    message("dora@aol.com", delivered_at=NOON.isoformat(), returned_at=NOON.isoformat()),
    message("cleo@icloud.com", provider="icloud", deferred_at=[NOON.isoformat()]),
)


def test_equal_books_have_no_difference() -> None:
    assert compare(READ, faithful(READ)) == []


def test_two_opens_of_one_message_are_one_unique() -> None:
    counters = faithful(READ)
    assert counters[TOTAL, "", "opens_unknown"] == 2
    assert counters[TOTAL, "", "unique_opens"] == 1


def test_difference_names_place_and_both_numbers() -> None:
    counters = faithful(READ)
    counters[PROVIDER, "yahoo", "bounced_hard"] += 1
    (found,) = compare(READ, counters)
    assert str(found) == "provider yahoo: bounced_hard is 2, the ledger has 1"


def test_verdicts_may_move_between_human_and_machine_but_not_get_lost() -> None:
    counters = faithful(READ)
    for cell in [cell for cell in counters if cell[2] == "opens_unknown"]:
        counters[cell] -= 1
        counters[*cell[:2], "opens_machine"] += 1
    assert compare(READ, counters) == []
    counters[TOTAL, "", "opens_machine"] -= 1
    assert [d.metric for d in compare(READ, counters)] == ["opens"]


@given(cell=st.sampled_from(sorted(faithful(READ))), change=st.sampled_from([-1, 1, 7]))
def test_no_single_changed_counter_passes(cell: Cell, change: int) -> None:
    counters = faithful(READ)
    counters[cell] += change
    assert compare(READ, counters)


def test_counter_of_a_provider_without_mail_is_a_difference() -> None:
    counters = faithful(READ)
    counters[PROVIDER, "outlook", "sent"] = 1
    assert [d.value for d in compare(READ, counters)] == ["outlook"]


def moved(counters: Counter[Cell], metric: str, start: datetime, end: datetime) -> None:
    """Move one count from one hour into another."""
    counters[HOUR, hour(start), metric] -= 1
    counters[HOUR, hour(end), metric] += 1


def test_message_sent_at_the_edge_of_an_hour_may_count_on_either_side() -> None:
    book = ledger(message(accepted_at=EDGE.isoformat()))
    counters = faithful(book)
    moved(counters, "sent", EDGE, EDGE - timedelta(seconds=1))
    assert compare(book, counters) == []


def test_message_sent_well_inside_an_hour_may_not_count_in_the_one_before() -> None:
    book = ledger(message(accepted_at=(EDGE + timedelta(minutes=5)).isoformat()))
    counters = faithful(book)
    moved(counters, "sent", EDGE, EDGE - timedelta(seconds=1))
    assert {d.dimension for d in compare(book, counters)} == {HOUR}


def test_delivery_counts_in_the_hour_of_its_own_instant_also_at_the_edge() -> None:
    book = ledger(message(delivered_at=EDGE.isoformat()))
    counters = faithful(book)
    moved(counters, "delivered", EDGE, EDGE - timedelta(seconds=1))
    assert {d.metric for d in compare(book, counters)} == {"delivered"}


def test_hit_at_the_edge_may_count_on_either_side_but_not_on_both() -> None:
    book = ledger(message(opens=[hit(EDGE - timedelta(seconds=0.05))]))
    counters = faithful(book)
    counters[HOUR, hour(EDGE - timedelta(seconds=1)), "opens_human"] += 1
    assert {d.dimension for d in compare(book, counters)} == {"all hours together"}


def test_message_that_the_relay_refused_for_good_is_a_failure() -> None:
    refusals = [
        {"recipient": "dora@gmail.com", "message_id": "dora", "code": 550},
        {"recipient": "emil@gmail.com", "message_id": "emil", "code": 451},
    ]
    book = ledger(refusals=refusals)
    assert [d.metric for d in compare(book, {})] == ["failed"]
    assert compare(book, {(TOTAL, "", "failed"): 1, (PROVIDER, "gmail", "failed"): 1}) == []


def test_message_that_its_carrier_kept_back_is_sent_and_no_bounce() -> None:
    book = ledger(message(fate="kept_back", bounced_at=NOON.isoformat()))
    assert {fact.metric for fact in facts(book)} == {"sent"}


def test_doubts_make_up_what_is_sent_and_not_in_the_ledger() -> None:
    book = ledger(message())
    counters = faithful(book)
    for cell in [cell for cell in counters if cell[2] == "sent"]:
        counters[cell] += 2
        counters[*cell[:2], "in_doubt"] += 2
    assert compare(book, counters) == []
    counters[TOTAL, "", "in_doubt"] += 1
    assert [d.metric for d in compare(book, counters)] == ["sent"]


def test_only_who_is_in_doubt_may_be_without_mail_and_only_them() -> None:
    book, both = ledger(message()), {"anna@gmail.com", "zoe@gmail.com"}
    assert unmailed(book, both) == {"zoe@gmail.com"}
    assert people_problems(book, expected=both, suppressed=(), in_doubt={"zoe@gmail.com"}) == []
    assert people_problems(book, expected=both, suppressed=(), in_doubt=both) == [
        "anna@gmail.com: mailed and still in doubt"
    ]


def test_everybody_expected_and_nobody_else_is_no_problem() -> None:
    everybody = {"anna@gmail.com", "ben@yahoo.com", "cleo@icloud.com", "dora@aol.com"}
    assert people_problems(READ, expected=everybody, suppressed={"zoe@gmail.com"}) == []


@pytest.mark.parametrize(
    ("expected", "suppressed", "problem"),
    [
        ({"anna@gmail.com", "zoe@gmail.com"}, set(), "zoe@gmail.com: never mailed"),
        (set(), {"anna@gmail.com"}, "anna@gmail.com: mailed though suppressed"),
        (set(), set(), "anna@gmail.com: mailed though on no list"),
    ],
)
def test_wrong_recipient_is_named(expected: set[str], suppressed: set[str], problem: str) -> None:
    book = ledger(message())
    assert people_problems(book, expected=expected, suppressed=suppressed) == [problem]


def test_second_message_to_one_recipient_is_named_whatever_its_case() -> None:
    book = ledger(message("anna@gmail.com"), message("Anna@gmail.com"))
    found = people_problems(book, expected={"anna@gmail.com"}, suppressed=set())
    assert found == ["anna@gmail.com: mailed twice"]


def test_recipient_whom_the_relay_refused_was_not_forgotten() -> None:
    refusals = [{"recipient": "dora@gmail.com", "message_id": "dora", "code": 550}]
    assert (
        people_problems(ledger(refusals=refusals), expected={"dora@gmail.com"}, suppressed=[]) == []
    )


JOB = {"rows_read": 10, "imported": 7, "merged": 1, "refused": 2}
BAD = {4: "no at sign", 9: "empty address"}
REPORT = [{"line": "4", "reason": "invalid"}, {"line": "9", "reason": "missing"}]


def test_import_whose_rows_are_all_accounted_for_is_right() -> None:
    assert import_problems(10, JOB, REPORT, BAD) == []


@pytest.mark.parametrize(
    ("job", "report", "words"),
    [
        (JOB | {"merged": 0}, REPORT, "10 rows were uploaded"),
        (JOB | {"rows_read": 9}, REPORT, "10 rows were uploaded"),
        (JOB, REPORT[:1], "line 9 (empty address) is not in the report"),
        (JOB, [*REPORT, {"line": "5", "reason": "?"}], "line 5 was refused without need"),
        (JOB, [REPORT[0], {"line": "9", "reason": ""}], "line 9 has no reason"),
        (JOB, [*REPORT, REPORT[0]], "3 rows for 2 lines"),
    ],
)
def test_import_that_lost_or_invented_a_row_is_told(
    job: dict[str, int], report: list[dict[str, str]], words: str
) -> None:
    (problem,) = import_problems(10, job, report, BAD)
    assert words in problem
