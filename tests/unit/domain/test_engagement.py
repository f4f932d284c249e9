"""People and machines among the hits of one message."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain.engagement import (
    MAX_ANSWERS,
    MAX_CLICKS,
    MAX_OPENS,
    Judged,
    Label,
    judge,
    summary,
)
from mailtide.domain.event import EventType
from mailtide.domain.message import EventRow, happening_key, millis
from tests.rows import START, dimensions, happening, message, sent, state

BROWSER = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/126.0.0.0 Safari/537.36"
GOOGLE = "Mozilla/5.0 (Windows NT 5.1; rv:11.0) Gecko Firefox/11.0 (via ggpht.com GoogleImageProxy)"
DELIVERED = state(EventType.DELIVERED, minutes=0)  # at START


def hit(type_: EventType, seconds: float, **told: Any) -> EventRow:
    """Return an open or click so many seconds after delivery; `told` overrides what it says."""
    at = START + timedelta(seconds=seconds)
    data = {"method": "GET", "user_agent": BROWSER, "address": "198.51.100.7"} | told
    return EventRow(message(), happening_key(type_, at, data), type_, dimensions(), at, data=data)


def opened(seconds: float = 60, **told: Any) -> EventRow:
    return hit(EventType.OPENED, seconds, **told)


def clicked(seconds: float = 60, link: str = "0", **told: Any) -> EventRow:
    return hit(EventType.CLICKED, seconds, link=link, **told)


def answer(type_: EventType, seconds: float) -> EventRow:
    return happening(type_, minutes=seconds / 60)


def only(row: EventRow, *others: EventRow) -> Judged:
    """Return the verdict on one hit of a delivered message."""
    verdict = judge([DELIVERED, row, *others])
    return next(judged for judged in verdict.hits if judged.event_key == row.event_key)


def labels(*rows: EventRow) -> list[str]:
    return [judged.label.value for judged in judge([DELIVERED, *rows]).hits]


@pytest.mark.parametrize(
    ("told", "label", "reasons"),
    [
        ({}, Label.HUMAN, ()),
        ({"method": "HEAD"}, Label.MACHINE, ("method",)),
        ({"method": "options"}, Label.MACHINE, ("method",)),
        ({"user_agent": ""}, Label.MACHINE, ("agent",)),
        ({"user_agent": "python-requests/2.32.3"}, Label.MACHINE, ("agent",)),
        ({"user_agent": "BarracudaCentral-LinkScanner/2.1"}, Label.MACHINE, ("agent",)),
        ({"user_agent": "Googlebot/2.1"}, Label.MACHINE, ("agent",)),
        ({"user_agent": "Mozilla/5.0 (Linux; CUBOT NOTE 20) Chrome/99"}, Label.HUMAN, ()),
        ({"user_agent": "Mozilla/5.0"}, Label.MACHINE, ("apple_proxy",)),
        ({"user_agent": GOOGLE}, Label.HUMAN, ("google_proxy",)),
        ({"user_agent": "YahooMailProxy; https://help.yahoo.com/kb/x.html"}, Label.HUMAN, ()),
    ],
)
def test_what_the_request_itself_tells(
    told: dict[str, Any], label: Label, reasons: tuple[str, ...]
) -> None:
    judged = only(opened(**told))
    assert (judged.label, judged.reasons) == (label, reasons)


@pytest.mark.parametrize(
    ("seconds", "label"),
    [
        (-5, Label.MACHINE),  # a gateway looks before it answers
        (0, Label.MACHINE),
        (2, Label.MACHINE),
        (2.001, Label.UNKNOWN),
        (7, Label.UNKNOWN),
        (7.001, Label.HUMAN),
    ],
)
def test_seconds_after_delivery(seconds: float, label: Label) -> None:
    assert only(opened(seconds)).label is label


def test_an_early_look_through_gmails_proxy_is_a_persons() -> None:
    assert only(opened(4, user_agent=GOOGLE)).label is Label.HUMAN


def test_without_a_delivery_there_is_no_early() -> None:
    assert judge([opened(0)]).hits[0].label is Label.HUMAN


def test_a_delivery_that_is_told_later_changes_the_verdict() -> None:
    rows = [opened(1)]
    assert judge(rows).hits != judge([*rows, DELIVERED]).hits


def test_three_links_within_three_seconds_are_a_machines() -> None:
    assert labels(clicked(60, "0"), clicked(61, "1"), clicked(63, "2")) == ["machine"] * 3


@pytest.mark.parametrize(
    "clicks",
    [
        [(60, "0"), (61, "1")],  # two links
        [(60, "0"), (61, "0"), (62, "0")],  # one link, clicked again and again
        [(60, "0"), (61, "1"), (63.001, "2")],  # one of them too late
    ],
)
def test_fewer_or_slower_clicks_are_a_persons(clicks: list[tuple[float, str]]) -> None:
    assert set(labels(*(clicked(at, link) for at, link in clicks))) == {"human"}


def test_an_open_within_a_burst_of_clicks_is_a_machines() -> None:
    burst = [clicked(60 + i, str(i)) for i in range(3)]
    assert only(opened(61), *burst).reasons == ("burst",)


def test_a_person_after_a_burst_is_a_person() -> None:
    burst = [clicked(60 + i, str(i)) for i in range(3)]
    assert only(clicked(90, "1"), *burst).label is Label.HUMAN


def test_a_long_burst_is_one() -> None:
    rows = [clicked(60 + i, str(i)) for i in range(10)]
    assert labels(*rows) == ["machine"] * 10


def test_two_bursts_leave_what_lies_between() -> None:
    rows = [clicked(at + i / 10, str(i)) for at in (60, 90) for i in range(3)]
    assert only(clicked(75, "5"), *rows).label is Label.HUMAN


def test_summary_counts_by_quarter_and_verdict() -> None:
    rows = [
        opened(60),
        opened(16 * 60),
        opened(1),
        opened(5),
        clicked(70),
        clicked(80, method="HEAD"),
    ]
    told = summary(judge([sent(), DELIVERED, *rows]))
    assert told["opens"] == {"2026-11-24T10:00": [1, 1, 1], "2026-11-24T10:15": [1, 0, 0]}
    assert told["clicks"] == {"2026-11-24T10:00": [1, 1, 0]}


def test_uniques_are_counted_at_the_first_hit_of_each_kind() -> None:
    rows = [opened(1), opened(20 * 60), opened(40 * 60), clicked(50 * 60)]
    assert summary(judge([DELIVERED, *rows]))["uniques"] == {
        "unique_opens": "2026-11-24T10:00",
        "unique_opens_machine": "2026-11-24T10:00",
        "unique_opens_human": "2026-11-24T10:15",
        "unique_clicks": "2026-11-24T10:45",
        "unique_clicks_human": "2026-11-24T10:45",
    }


def test_an_unknown_hit_is_unique_only_as_either() -> None:
    assert summary(judge([DELIVERED, opened(5)]))["uniques"] == {"unique_opens": "2026-11-24T10:00"}


def test_the_last_human_hits_are_kept_as_instants() -> None:
    people = [opened(90), opened(60), clicked(95), clicked(300)]
    machines = [opened(1), opened(900, user_agent="curl/8.0"), clicked(950, method="HEAD")]
    told = summary(judge([DELIVERED, *people, *machines]))
    expected = [millis(START + timedelta(seconds=s)) for s in (90, 300)]
    assert [told["last_human_open_at"], told["last_human_click_at"]] == expected


def test_a_click_invents_no_open() -> None:
    told = summary(judge([DELIVERED, clicked(60)]))
    assert (told["opens"], told["last_human_open_at"]) == ({}, None)


def test_a_message_without_hits() -> None:
    assert summary(judge([sent(), DELIVERED])) == {
        "opens": {},
        "clicks": {},
        "replies": {},
        "auto_replies": {},
        "uniques": {},
        "last_human_open_at": None,
        "last_human_click_at": None,
        "last_reply_at": None,
    }


def test_answers_count_where_they_lie_and_only_a_persons_engage() -> None:
    first, last = answer(EventType.REPLIED, 5), answer(EventType.REPLIED, 1000)
    programs = [answer(EventType.AUTO_REPLIED, 2), answer(EventType.AUTO_REPLIED, 2000)]
    told = summary(judge([last, *programs, DELIVERED, first]))
    assert told["replies"] == {"2026-11-24T10:00": 1, "2026-11-24T10:15": 1}
    assert told["auto_replies"] == {"2026-11-24T10:00": 1, "2026-11-24T10:30": 1}
    assert told["uniques"] == {"unique_replies": "2026-11-24T10:00"}
    assert told["last_reply_at"] == millis(last.ts)
    assert told["last_human_click_at"] is None


def test_only_the_earliest_answers_of_each_kind_count() -> None:
    kinds = (EventType.REPLIED, EventType.AUTO_REPLIED)
    rows = [answer(kind, i) for kind in kinds for i in range(MAX_ANSWERS + 5)]
    verdict = judge([DELIVERED, *reversed(rows)])
    assert len(verdict.answers) == 2 * MAX_ANSWERS
    assert set(verdict.counted) == {
        row.event_key for row in rows if row.ts < START + timedelta(seconds=MAX_ANSWERS)
    }


def test_only_the_earliest_opens_count() -> None:
    rows = [opened(60 + i) for i in range(MAX_OPENS + 20)]
    told = summary(judge([DELIVERED, *reversed(rows)]))
    assert sum(sum(counts) for counts in told["opens"].values()) == MAX_OPENS


def test_only_the_earliest_clicks_count() -> None:
    rows = [clicked(60 + i) for i in range(MAX_CLICKS + 20)]
    told = summary(judge([DELIVERED, *reversed(rows)]))
    assert sum(sum(counts) for counts in told["clicks"].values()) == MAX_CLICKS


def test_a_row_that_is_there_twice_counts_once() -> None:
    assert judge([opened(), opened(), DELIVERED]) == judge([DELIVERED, opened()])


SECONDS = st.integers(-3000, 30_000).map(lambda ms: ms / 1000)
AGENTS = st.sampled_from([BROWSER, GOOGLE, "Mozilla/5.0", "curl/8.0", ""])
ROWS = st.lists(
    st.builds(opened, SECONDS, user_agent=AGENTS)
    | st.builds(clicked, SECONDS, st.sampled_from("0123"), user_agent=AGENTS)
    | st.sampled_from([DELIVERED, sent()]),
    max_size=12,
)


@given(rows=ROWS, data=st.data())
def test_the_order_of_the_rows_does_not_matter(rows: list[EventRow], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(rows))
    assert judge(shuffled) == judge(rows)


@given(rows=ROWS)
def test_every_hit_is_counted_exactly_once(rows: list[EventRow]) -> None:
    told = summary(judge(rows))
    for kind, type_ in (("opens", EventType.OPENED), ("clicks", EventType.CLICKED)):
        hits = {row.event_key for row in rows if row.event_type is type_}
        assert sum(sum(counts) for counts in told[kind].values()) == len(hits)


@given(rows=ROWS)
def test_bursts_are_what_a_plain_search_finds(rows: list[EventRow]) -> None:
    clicks = {r.event_key: r for r in rows if r.event_type is EventType.CLICKED}.values()

    def crowded(at: datetime) -> bool:
        """Look for three links in three seconds that begin at a click and hold the instant."""
        for first in clicks:
            span = [c for c in clicks if timedelta() <= c.ts - first.ts <= timedelta(seconds=3)]
            many = len({c.data["link"] for c in span}) >= 3
            if many and first.ts <= at <= max(c.ts for c in span):
                return True
        return False

    for judged in judge(rows).hits:
        assert ("burst" in judged.reasons) == crowded(judged.at)
