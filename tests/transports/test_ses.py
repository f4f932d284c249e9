"""The SES transport: the shared rate, what slows and stops it, and what is put off."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.memory.ses_rate import SesRate
from mailtide.domain.handover import Accepted, Outgoing, Refused, Unknown
from mailtide.domain.rendering import RenderError
from mailtide.domain.ses_account import SesAccount
from mailtide.domain.ses_rate import TOLERANCE
from mailtide.errors import RetryableError
from mailtide.transports.ses_call import MOST_IN_FLIGHT
from mailtide.transports.ses_mailer import Answer, Letter, Then
from tests.transports.ses_stage import (
    ACCOUNT,
    CAMPAIGN,
    LATE,
    LOST,
    NOW,
    SECOND,
    THROTTLED,
    Broken,
    Stage,
    Time,
    message,
    messages,
)


@pytest.fixture
def stage() -> Stage:
    return Stage()


def put_off(reason: str) -> Refused:
    return Refused(later=True, code=None, response=reason, tried=False)


def test_messages_leave_in_order_with_their_tags(stage: Stage) -> None:
    assert stage.deliver(*messages(2)) == [Accepted("id")] * 2
    tags = {"mt-message": f"{CAMPAIGN}{0:016}", "mt-campaign": CAMPAIGN}
    tags |= {"mt-ip": "a1", "mt-org": "acme"}
    assert stage.mailer.letters[0] == Letter("r0@example.net", b"hello", "news", tags)
    assert stage.mailer.letters[1].recipient == "r1@example.net"
    assert stage.mailer.closed == 0  # the next call uses its connections


def test_messages_are_a_gap_apart(stage: Stage) -> None:
    stage.deliver(*messages(25))
    assert stage.mailer.asked == [NOW + SECOND / 10 * number for number in range(25)]


def test_a_message_is_rendered_when_its_turn_comes(stage: Stage) -> None:
    rendered: list[datetime] = []

    def render() -> bytes:
        rendered.append(stage.time.now)
        return b"hello"

    stage.deliver(message(0, render=render), message(1, render=render))
    assert rendered == stage.mailer.asked == [NOW, NOW + SECOND / 10]


def test_slow_answers_do_not_slow_the_hand_over(stage: Stage) -> None:
    stage.crew.takes = [0.6]
    stage.deliver(*messages(25))
    assert stage.mailer.asked == [NOW + SECOND / 10 * number for number in range(25)]
    assert stage.crew.most == 6  # a tenth of a second apart


def test_no_more_are_in_flight_than_may_be_in_doubt(stage: Stage) -> None:
    stage.crew.takes = [1.5]
    assert stage.deliver(*messages(30)) == [Accepted("id")] * 30
    assert stage.crew.most == MOST_IN_FLIGHT
    first = stage.mailer.asked[:MOST_IN_FLIGHT]
    assert stage.mailer.asked[MOST_IN_FLIGHT] - first[0] == 1.5 * SECOND


def test_outcomes_come_in_order_whoever_answers_first(stage: Stage) -> None:
    stage.crew.takes = [0.9, 0.5, 0.1]
    stage.mailer.answers.extend(Answer(Accepted(f"id{number}")) for number in range(9))
    assert stage.deliver(*messages(9)) == [Accepted(f"id{number}") for number in range(9)]


def test_whoever_is_too_slow_for_its_instants_books_new_ones(stage: Stage) -> None:
    stage.crew.takes = [10.0]
    assert stage.deliver(*messages(20)) == [Accepted("id")] * 20
    asked = stage.mailer.asked
    assert asked[MOST_IN_FLIGHT] - asked[0] == 10 * SECOND
    assert stage.rate.free_at == asked[-1] + SECOND / 10


def test_a_thread_that_begins_too_late_asks_nobody(stage: Stage) -> None:
    stage.crew.lags = [1.01, 0, 0]
    assert stage.deliver(*messages(2)) == [Accepted("id")] * 2
    assert stage.crew.started == 3
    # The second instant is 0.91 s old then, and the third is booked anew.
    assert stage.mailer.asked == [NOW + SECOND * 1.01] * 2


def test_a_thread_that_begins_when_the_time_is_over_asks_nobody(stage: Stage) -> None:
    stage.rate.hold(LATE - SECOND / 2)
    stage.crew.lags = [0, 0.4, 0]
    outcomes = stage.deliver(*messages(3))
    assert outcomes == [Accepted("id"), *[put_off("the time for handing over has run out")] * 2]
    assert stage.mailer.asked == [LATE - SECOND / 2]


def test_an_account_that_is_not_known_is_sent_over_at_the_sandboxs_rate(stage: Stage) -> None:
    stage.account.account = None
    stage.deliver(*messages(3))
    assert stage.mailer.asked == [NOW, NOW + SECOND, NOW + 2 * SECOND]


def test_what_is_throttled_goes_out_later_and_nothing_is_lost(stage: Stage) -> None:
    stage.mailer.answers.extend([Answer(Accepted("id")), THROTTLED, THROTTLED, THROTTLED])
    assert stage.deliver(*messages(3)) == [Accepted("id")] * 3
    recipients = [letter.recipient for letter in stage.mailer.letters]
    assert recipients == [f"r{n}@example.net" for n in (0, 1, 1, 1, 1, 2)]
    gaps = [(b - a) / SECOND for a, b in pairwise(stage.mailer.asked)]
    assert gaps == [0.1, 1, 2, 4, 0.1]


def test_a_throttled_answer_slows_every_sender(stage: Stage) -> None:
    stage.mailer.answers.append(THROTTLED)
    stage.deliver(message(0))
    other = Stage(Time(NOW), rate=stage.rate)
    other.deliver(message(1))
    assert other.mailer.asked[0] > stage.mailer.asked[-1] >= NOW + SECOND


def test_a_pause_ends_with_the_next_other_answer(stage: Stage) -> None:
    stage.mailer.answers.extend([THROTTLED, Answer(Accepted("id")), THROTTLED])
    stage.deliver(*messages(2))
    gaps = [(b - a) / SECOND for a, b in pairwise(stage.mailer.asked)]
    assert gaps == [1, 0.1, 1]


def test_several_throttled_at_once_are_one_reason_to_wait(stage: Stage) -> None:
    stage.crew.takes = [0.5]
    stage.mailer.answers.extend([Answer(Accepted("id"))] + [THROTTLED] * 4)
    assert stage.deliver(*messages(8)) == [Accepted("id")] * 8
    # The first of the four is heard 0.6 s after the beginning, and the pause is a second.
    assert stage.mailer.asked[6] == NOW + SECOND * 1.6
    assert stage.rate.free_at == stage.mailer.asked[-1] + SECOND / 10
    recipients = [letter.recipient for letter in stage.mailer.letters]
    assert sorted(recipients) == sorted(f"r{n}@example.net" for n in (*range(8), 1, 2, 3, 4))


def test_answers_from_before_a_pause_do_not_end_it(stage: Stage) -> None:
    stage.crew.takes = [0.15, 0.5, 0.1]
    stage.mailer.answers.extend([THROTTLED, Answer(Accepted("id")), THROTTLED])
    assert stage.deliver(*messages(2)) == [Accepted("id")] * 2
    # The first is throttled at 0.15 s, and again at 1.25 s; the second is taken at 0.6 s.
    assert stage.mailer.asked == [NOW + SECOND * at for at in (0, 0.1, 1.15, 3.25)]


def test_what_is_throttled_is_rendered_once(stage: Stage) -> None:
    rendered: list[int] = []

    def render() -> bytes:
        rendered.append(1)
        return b"hello"

    stage.mailer.answers.append(THROTTLED)
    assert stage.deliver(message(0, render=render)) == [Accepted("id")]
    assert rendered == [1]


def test_an_account_that_is_throttled_all_the_time_puts_off(stage: Stage) -> None:
    stage.mailer.answers.extend([THROTTLED] * 1000)
    outcomes = stage.deliver(*messages(5))
    assert len(stage.mailer.asked) < 12
    assert all(isinstance(o, Refused) and o.later and not o.tried for o in outcomes)
    assert stage.time.now < LATE


def test_nothing_begins_when_the_time_is_over(stage: Stage) -> None:
    stage.time.now = LATE
    reason = "the time for handing over has run out"
    assert stage.deliver(*messages(2)) == [put_off(reason)] * 2
    assert stage.mailer.asked == []


def test_what_finds_no_instant_in_time_is_put_off_and_takes_none(stage: Stage) -> None:
    stage.rate.hold(LATE - SECOND / 5)
    outcomes = stage.deliver(*messages(4))
    assert outcomes[:2] == [Accepted("id")] * 2
    reason = "SES's rate has no instant left in the time for handing over"
    assert outcomes[2:] == [put_off(reason)] * 2
    assert stage.rate.free_at == LATE


def test_time_that_runs_out_while_waiting_is_noticed(stage: Stage) -> None:
    stage.rate.hold(LATE - SECOND / 5)
    sleep = stage.time.sleep
    stage.time.sleep = lambda seconds: sleep(seconds + 1)  # type: ignore[method-assign]
    assert stage.deliver(message(0)) == [put_off("the time for handing over has run out")]


@pytest.mark.parametrize(
    ("account", "reason"),
    [
        (replace(ACCOUNT, sending=False), "paused"),
        (replace(ACCOUNT, enforcement="SHUTDOWN"), "shut down"),
        (replace(ACCOUNT, sent=50_000), "quota of 50000"),
    ],
)
def test_a_halted_account_is_not_asked(stage: Stage, account: SesAccount, reason: str) -> None:
    stage.account.account = account
    for outcome in stage.deliver(*messages(2)):
        assert isinstance(outcome, Refused)
        assert (outcome.later, outcome.tried) == (True, False)
        assert reason in outcome.response
    assert stage.mailer.asked == []


@pytest.mark.parametrize("tried", [True, False])
def test_what_stops_one_stops_the_rest(stage: Stage, tried: bool) -> None:
    refused = Refused(later=True, code=None, response="SendingPausedException", tried=tried)
    stage.mailer.answers.extend([Answer(Accepted("id")), Answer(refused, Then.STOP)])
    assert stage.deliver(*messages(4)) == [Accepted("id"), refused, refused, refused]
    assert len(stage.mailer.asked) == 2


def test_what_is_in_flight_when_one_stops_the_rest_has_its_own_outcome(stage: Stage) -> None:
    refused = Refused(later=True, code=None, response="SendingPausedException", tried=False)
    other = replace(refused, response="AccountSuspendedException")
    stage.crew.takes = [0.35]
    stage.mailer.answers.extend(
        [Answer(refused, Then.STOP), Answer(Accepted("id")), THROTTLED, Answer(other, Then.STOP)]
    )
    outcomes = stage.deliver(*messages(8))
    assert outcomes == [refused, Accepted("id"), refused, other, *[refused] * 4]
    assert len(stage.mailer.asked) == 4


def test_a_refusal_of_one_message_is_its_own(stage: Stage) -> None:
    refused = Refused(later=False, code=None, response="MessageRejected: no")
    stage.mailer.answers.append(Answer(refused))
    assert stage.deliver(*messages(2)) == [refused, Accepted("id")]


def test_lost_answers_are_doubts_and_never_sent_again(stage: Stage) -> None:
    stage.mailer.answers.extend([LOST, LOST, Answer(Accepted("id")), LOST])
    outcomes = stage.deliver(*messages(5))
    assert [type(o) for o in outcomes] == [Unknown, Unknown, Accepted, Unknown, Accepted]
    assert len(stage.mailer.asked) == 5


def test_an_ses_that_does_not_answer_is_given_up(stage: Stage) -> None:
    stage.mailer.answers.extend([LOST] * 9)
    outcomes = stage.deliver(*messages(6))
    assert [type(o) for o in outcomes] == [Unknown] * 3 + [Refused] * 3
    assert outcomes[3] == Refused(later=True, code=None, response="SES does not answer")
    assert len(stage.mailer.asked) == 3


def test_when_the_network_goes_only_what_is_in_flight_is_in_doubt(stage: Stage) -> None:
    stage.crew.takes = [5.0]
    stage.mailer.answers.extend([LOST] * 100)
    outcomes = stage.deliver(*messages(30))
    assert outcomes[:MOST_IN_FLIGHT] == [LOST.outcome] * MOST_IN_FLIGHT
    assert outcomes[MOST_IN_FLIGHT] == Refused(
        later=True, code=None, response="SES does not answer"
    )
    assert len(stage.mailer.asked) == MOST_IN_FLIGHT


def test_a_silent_ses_is_asked_one_by_one(stage: Stage) -> None:
    stage.crew.takes = [0.25]
    stage.mailer.answers.extend([Answer(Accepted("id"))] * 4 + [LOST] * 2)
    assert len(stage.deliver(*messages(12))) == 12
    gaps = [(b - a) / SECOND for a, b in pairwise(stage.mailer.asked)]
    # The first doubt is heard at 0.65 s and the second at 0.75 s; the eighth waits for an answer
    # of SES's own, at 0.85 s, and those behind it make up for the instants that passed.
    assert gaps == pytest.approx([0.1] * 6 + [0.25, 0, 0.05, 0.1, 0.1])


@pytest.mark.parametrize("holds", [True, False])
def test_trouble_with_the_shared_rate_puts_off(stage: Stage, holds: bool) -> None:
    stage.rate = Broken(holds=holds)
    stage.mailer.answers.append(THROTTLED)
    assert stage.deliver(*messages(2)) == [put_off("the table is too busy")] * 2
    assert len(stage.mailer.asked) == holds


def fails() -> bytes:
    raise RenderError("no name for this contact")


@pytest.mark.parametrize(
    ("one", "reason"),
    [
        (message(0, render=fails), "no name"),
        (message(0, "bücher@example.net"), "ASCII"),
        (message(0, f"a@{'ü' * 80}.example"), "not an address"),
    ],
)
def test_what_cannot_leave_fails_alone(stage: Stage, one: Outgoing, reason: str) -> None:
    failed, other = stage.deliver(one, message(1))
    assert isinstance(failed, Refused)
    assert not failed.later
    assert reason in failed.response
    assert other == Accepted("id")


def test_what_may_be_made_later_is_put_off_alone(stage: Stage) -> None:
    def unready() -> bytes:
        raise RetryableError("a fault of ours")

    put_off_one, other = stage.deliver(message(0, render=unready), message(1))
    assert put_off_one == Refused(later=True, code=None, response="a fault of ours")
    assert other == Accepted("id")


def test_domains_go_out_in_ascii(stage: Stage) -> None:
    stage.deliver(message(0, "a@bücher.example"))
    assert stage.mailer.letters[0].recipient == "a@xn--bcher-kva.example"


def test_nothing_is_in_flight_when_a_call_fails(stage: Stage) -> None:
    """An error that nobody expected puts the block in doubt; its calls must not outlive it."""

    def breaks() -> bytes:
        raise ZeroDivisionError

    stage.crew.takes = [5.0]
    with pytest.raises(ZeroDivisionError):
        stage.deliver(*messages(2), message(2, render=breaks))
    assert stage.crew.in_flight == 0
    assert stage.time.now >= NOW + 5 * SECOND


@given(
    rate=st.floats(0.5, 200),
    lives=st.lists(
        st.tuples(
            st.integers(0, 2000),  # milliseconds until it begins
            st.lists(st.floats(0, 3), min_size=1, max_size=5),  # seconds that calls take
            st.lists(st.floats(0, 1.2), min_size=1, max_size=5),  # that threads begin late
            st.integers(1, 30),  # messages
        ),
        min_size=1,
        max_size=8,
    ),
)
def test_senders_together_keep_to_the_accounts_rate(
    rate: float, lives: list[tuple[int, list[float], list[float], int]]
) -> None:
    """However slow each is and whenever it begins: no second has more than the rate allows."""
    shared, asked = SesRate(), []
    for begins_ms, takes, lags, count in lives:
        one = Stage(Time(NOW + timedelta(milliseconds=begins_ms)), rate=shared)
        one.account.account = replace(ACCOUNT, rate=rate)
        one.crew.takes, one.crew.lags = takes, lags
        one.deliver(*messages(count))
        assert one.crew.most <= MOST_IN_FLIGHT
        asked += one.mailer.asked
    for start in asked:
        within = sum(start <= at < start + SECOND for at in asked)
        assert within <= rate * (SECOND + TOLERANCE).total_seconds() + 1
