"""Hits of both books side by side: each has one partner, and the shares follow."""

from typing import Any

from local.confusion import Shares, confuse

BROWSER = "Mozilla/5.0 (X11)"


def true(kind: str, second: int, agent: str, what: str = "open") -> dict[str, Any]:
    return {
        "what": what,
        "kind": kind,
        "method": "GET",
        "agent": agent,
        "started_at": f"2026-11-24T12:00:{second:02d}+00:00",
    }


def told(verdict: str, second: int, agent: str, type_: str = "opened") -> dict[str, Any]:
    return {
        "type": type_,
        "at": f"2026-11-24T12:00:{second:02d}.250Z",
        "verdict": verdict,
        "details": {"method": "GET", "user_agent": agent},
    }


def entry(*opens: dict[str, Any], clicks: tuple[dict[str, Any], ...] = ()) -> dict[str, Any]:
    return {"opens": list(opens), "clicks": list(clicks)}


def test_hits_of_one_agent_are_paired_in_order_of_time() -> None:
    ledger = entry(true("machine", 1, BROWSER), true("human", 30, BROWSER))
    timeline = [told("human", 30, BROWSER), told("machine", 1, BROWSER)]
    found = confuse([(ledger, timeline)])
    assert found.pairs == {("open", "machine", "machine"): 1, ("open", "human", "human"): 1}
    assert (found.lost, found.invented) == (0, 0)


def test_hit_of_one_book_only_is_lost_or_invented() -> None:
    found = confuse(
        [
            (entry(true("human", 1, BROWSER)), []),
            (entry(), [told("human", 1, BROWSER), told("human", 2, BROWSER)]),
        ]
    )
    assert (found.pairs, found.lost, found.invented) == ({}, 1, 2)


def test_open_is_no_partner_of_a_click() -> None:
    found = confuse([(entry(true("human", 1, BROWSER)), [told("human", 1, BROWSER, "clicked")])])
    assert (found.lost, found.invented) == (1, 1)


def test_events_that_are_no_hits_are_passed_over() -> None:
    assert confuse([(entry(), [{"type": "delivered", "at": "", "details": {}}])]).invented == 0


def test_shares_count_wrong_and_undecided_verdicts_against_the_rule() -> None:
    truths = [("human", "human"), ("human", "human"), ("human", "unknown"), ("machine", "human")]
    found = confuse(
        (entry(true(truth, 1, BROWSER)), [told(verdict, 1, BROWSER)]) for truth, verdict in truths
    )
    assert found.shares("human") == Shares(precision=2 / 3, recall=2 / 3)
    assert found.shares("machine") == Shares(precision=None, recall=0.0)
