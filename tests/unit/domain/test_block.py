"""Block: who is placed where, the rows of everybody, and that each ends in exactly one way."""

from collections import Counter
from dataclasses import astuple, replace
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import block as members
from mailtide.domain.batch import LEFT_OUT, PLACES, UNPLACED, WAITS, Batch, BatchRef, Phase, Planned
from mailtide.domain.block import ERASED, Recipient
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.event import EventType
from mailtide.domain.handover import Accepted, Outcome, Refused, Unknown
from mailtide.domain.suppression import Evidence, Reason, Suppression

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
CAMPAIGN = Campaign("org", "camp", "Spring", ("list1",), "t", "identity1", State.SENDING, NOW)
LATER = Refused(later=True, code=451, response="4.7.1 try again")
NEVER = Refused(later=False, code=550, response="5.1.1 no such user")
ANSWERS: list[Outcome] = [Accepted("ok"), LATER, NEVER, Unknown("lost")]
outcomes_of_one = st.sampled_from(ANSWERS)
reasons = st.none() | st.sampled_from(["unsubscribe", ERASED])


def planned(n: int) -> Planned:
    """Return the plan of contact number n."""
    return Planned(f"c{n}", "list1")


def contact(n: int) -> Contact:
    """Return contact number n."""
    return Contact("org", f"c{n}", f"c{n}@example.com", "gmail", NOW)


def recipient(n: int, left_out: str | None = None) -> Recipient:
    """Return recipient number n of a block."""
    known = None if left_out == ERASED else contact(n)
    return Recipient(planned(n), f"m{n}", known, left_out)


def block_of(*left_out: str | None) -> list[Recipient]:
    """Return a block with one recipient for each reason or None."""
    return [recipient(n, reason) for n, reason in enumerate(left_out)]


def opened(placement: str, *ips: str) -> Batch:
    """Return a batch whose block is open."""
    return Batch(
        ref=BatchRef("org", "camp", "0", "00000"),
        count=len(placement),
        rank=1,
        due_at=NOW,
        attempt=3,
        phase=Phase.OPENED,
        block_end=len(placement),
        released_to=len(placement),
        placement=placement,
        ips=ips,
        placed_at=NOW,
    )


def test_recipients_are_known_by_contact_and_suppression() -> None:
    gone = Suppression("org", "c1", {Reason.COMPLAINT: Evidence(NOW, "m")})
    found = members.recipients(
        [planned(0), planned(1), planned(2)],
        {"c0": contact(0), "c1": contact(1)},
        {"c1": gone},
        lambda contact_id: f"m-{contact_id}",
    )
    assert found == (
        Recipient(planned(0), "m-c0", contact(0), None),
        Recipient(planned(1), "m-c1", contact(1), "complaint"),
        Recipient(planned(2), "m-c2", None, ERASED),
    )


def test_an_erased_contact_that_is_suppressed_is_left_out_as_suppressed() -> None:
    gone = Suppression("org", "c0", {Reason.MANUAL: Evidence(NOW, "ann")})
    (found,) = members.recipients([planned(0)], {}, {"c0": gone}, str)
    assert found.left_out == "manual"


@pytest.mark.parametrize(
    ("left_out", "grants", "placement", "ips"),
    [
        ((None,) * 4, {"ip1": 2, "ip2": 2}, "abab", ("ip1", "ip2")),
        ((None,) * 5, {"ip1": 1, "ip2": 3}, "abbb-", ("ip1", "ip2")),
        ((None,) * 3, {"ip2": 1, "ip1": 0}, "a--", ("ip2",)),  # an IP without places has no letter
        ((None, "unsubscribe", None), {"ip1": 2}, "axa", ("ip1",)),
        ((ERASED, None), {"ip1": 5}, "xa", ("ip1",)),  # an earlier run had reserved more
        ((None, None), {}, "--", ()),
        ((), {"ip1": 1}, "", ("ip1",)),
    ],
)
def test_places_alternate_between_the_ips(
    left_out: tuple[str | None, ...], grants: dict[str, int], placement: str, ips: tuple[str, ...]
) -> None:
    assert members.place(block_of(*left_out), grants) == (placement, ips)


def test_a_block_uses_as_many_ips_as_there_are_letters() -> None:
    grants = {f"ip{n:03d}": 1 for n in range(len(PLACES) + 5)}
    placement, ips = members.place(block_of(*[None] * 100), grants)
    assert placement == PLACES + UNPLACED * (100 - len(PLACES))
    assert len(ips) == len(PLACES)


@given(
    st.lists(reasons, max_size=40),
    st.dictionaries(st.sampled_from(["ip1", "ip2", "ip3"]), st.integers(0, 40)),
)
def test_no_ip_is_given_more_than_its_places_and_none_is_wasted(
    left_out: list[str | None], grants: dict[str, int]
) -> None:
    block = block_of(*left_out)
    placement, ips = members.place(block, grants)
    over = Counter(members.placed(opened(placement, *ips)).values())
    assert all(n <= grants[ip] for ip, n in over.items())
    assert over.total() == min(left_out.count(None), sum(grants.values()))
    assert [letter == LEFT_OUT for letter in placement] == [r is not None for r in left_out]


@given(st.lists(reasons, max_size=40), st.integers(0, 20), st.integers(0, 20))
def test_earlier_recipients_are_placed_before_later_ones(
    left_out: list[str | None], first: int, second: int
) -> None:
    placement, _ = members.place(block_of(*left_out), {"ip1": first, "ip2": second})
    letters = placement.replace(LEFT_OUT, "")
    assert UNPLACED not in letters.rstrip(UNPLACED)


def test_the_placed_are_found_by_index() -> None:
    assert members.placed(opened("b-xa", "ip1", "ip2")) == {0: "ip2", 3: "ip1"}


def test_a_placed_recipient_gets_a_sent_row_with_every_dimension() -> None:
    row = members.rows(block_of(None), opened("a", "ip1"), CAMPAIGN)[0]
    assert (row.message_id, row.event_key, row.event_type) == ("m0", "sent", EventType.SENT)
    assert (row.attempt, row.ts, row.data) == (3, NOW, {"state": "sent"})
    assert astuple(row.of) == ("org", "camp", "c0", "list1", "a", "identity1", "ip1", "gmail")


@pytest.mark.parametrize("reason", ["unsubscribe", ERASED])
def test_a_recipient_left_out_gets_a_suppressed_row(reason: str) -> None:
    row = members.rows(block_of(reason), opened("x"), CAMPAIGN)[0]
    assert (row.event_key, row.event_type) == ("suppressed", EventType.SUPPRESSED)
    assert row.data == {"reason": reason}
    assert (row.of.ip_id, row.of.provider) == ("", "" if reason == ERASED else "gmail")


def test_a_recipient_left_out_by_a_former_holder_keeps_that_even_if_unsuppressed_since() -> None:
    row = members.rows(block_of(None), opened("x"), CAMPAIGN)[0]
    assert row.event_key == "suppressed"


def test_an_unplaced_recipient_gets_no_row() -> None:
    assert members.rows(block_of(None, None), opened("-a", "ip1"), CAMPAIGN).keys() == {1}


def test_a_placement_says_of_each_where_they_leave_wait_or_why_not() -> None:
    block = block_of(None, "unsubscribe", None, None, None)
    written = members.written(block, {0: "ip2", 4: "ip1"}, {2: 1})
    assert written == (f"{PLACES[1]}{LEFT_OUT}{WAITS[1]}{UNPLACED}{PLACES[0]}", ("ip1", "ip2"))


def test_rows_are_written_of_an_open_block_only() -> None:
    with pytest.raises(ValueError, match="not open"):
        members.rows(block_of(None), replace(opened("a", "ip1"), placed_at=None), CAMPAIGN)


@pytest.mark.parametrize(("carried", "state"), [(True, "refused"), (False, "failed")])
def test_a_correction_says_whether_a_later_batch_goes_on(carried: bool, state: str) -> None:
    row = members.rows(block_of(None), opened("a", "ip1"), CAMPAIGN)[0]
    corrected = members.correction(row, LATER, carried=carried)
    assert corrected.data == {"state": state}
    assert (corrected.smtp_code, corrected.smtp_response) == (451, "4.7.1 try again")
    assert (corrected.event_key, corrected.attempt, corrected.of) == ("sent", 3, row.of)


@pytest.mark.parametrize(
    ("outcome", "carried", "expired", "reason"),
    [
        (LATER, False, True, "expired"),
        (LATER, True, True, None),
        (LATER, False, False, None),
        (replace(LATER, later=False), False, True, None),
        (replace(LATER, tried=False), False, True, None),
    ],
)
def test_only_who_was_put_off_too_long_has_expired(
    outcome: Refused, carried: bool, expired: bool, reason: str | None
) -> None:
    row = members.rows(block_of(None), opened("a", "ip1"), CAMPAIGN)[0]
    corrected = members.correction(row, outcome, carried=carried, expired=expired)
    assert corrected.data.get("reason") == reason


def test_an_answered_row_still_counts_as_sent() -> None:
    row = members.rows(block_of(None), opened("a", "ip1"), CAMPAIGN)[0]
    assert members.answered(row).data == {"state": "sent", "answered": True}


def test_a_doubt_is_a_row_of_its_own_with_the_dimensions_of_the_sent_row() -> None:
    row = members.rows(block_of(None), opened("a", "ip1"), CAMPAIGN)[0]
    mark = members.doubt(row)
    assert (mark.event_key, mark.event_type) == ("doubt", EventType.DOUBTED)
    assert (mark.of, mark.ts, mark.attempt) == (row.of, row.ts, row.attempt)
    assert mark.data == {"settled": False}


def test_tally_by_example() -> None:
    batch = opened("aaaaa-xx-", "ip1")
    outcomes: dict[int, Outcome] = {
        0: Accepted("ok"),
        1: LATER,  # carried
        2: LATER,  # refused too often: not carried
        3: NEVER,
        4: Unknown("lost"),
    }
    plan = [planned(n) for n in range(9)]
    tally = members.tally(batch, outcomes, plan, {"c1", "c5"}, doubted=1)
    # Number 8 had no place and is not carried either: it has failed.
    assert astuple(tally) == (1, 2, 2, 3, 1)


@given(st.lists(reasons, max_size=40), st.integers(0, 40), st.data())
def test_everybody_ends_in_exactly_one_way(
    left_out: list[str | None], granted: int, data: st.DataObject
) -> None:
    block = block_of(*left_out)
    batch = opened(*_flat(members.place(block, {"ip1": granted})))
    outcomes: dict[int, Outcome] = {i: data.draw(outcomes_of_one) for i in members.placed(batch)}
    put_off = [i for i, outcome in outcomes.items() if outcome == LATER]
    unplaced = [i for i, letter in enumerate(batch.placement) if letter == UNPLACED]
    may_go_on = put_off + unplaced
    carried = {f"c{i}" for i in may_go_on if data.draw(st.booleans())}
    unknown = sum(isinstance(outcome, Unknown) for outcome in outcomes.values())
    doubted = data.draw(st.integers(0, unknown))  # evidence has settled the others
    tally = members.tally(batch, outcomes, [one.planned for one in block], carried, doubted)
    assert min(astuple(tally)) >= 0
    assert sum(astuple(tally)) == len(block)
    taken = sum(isinstance(outcome, Accepted) for outcome in outcomes.values())
    assert tally.accepted == taken + unknown - doubted
    assert tally.later == len(carried)
    assert tally.left_out == len(left_out) - left_out.count(None)


def _flat(placement: tuple[str, tuple[str, ...]]) -> tuple[str, ...]:
    return (placement[0], *placement[1])


@pytest.mark.parametrize(
    ("outcome", "used"),
    [(Accepted("ok"), 1), (Unknown("lost"), 1), (LATER, 0), (NEVER, 0), (None, 0)],
)
def test_a_doubt_keeps_its_place_and_a_refusal_returns_it(
    outcome: Outcome | None, used: int
) -> None:
    outcomes = {} if outcome is None else {0: outcome}
    assert members.used(opened("a", "ip1"), outcomes, "ip1") == used


def test_each_ip_has_its_own_used_places() -> None:
    batch = opened("aab-", "ip1", "ip2")
    outcomes: dict[int, Outcome] = {0: Accepted("ok"), 1: Accepted("ok"), 2: Unknown("lost")}
    assert [members.used(batch, outcomes, ip) for ip in ("ip1", "ip2", "ip3")] == [2, 1, 0]
