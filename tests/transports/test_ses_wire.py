"""Several messages at a time to SES, with real threads on real sockets."""

import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local.memory.ses_rate import SesRate
from mailtide.domain.handover import Accepted, Outcome, Outgoing, Refused, Unknown
from mailtide.domain.ses_rate import TOLERANCE, Booking
from mailtide.transports import ses_wire
from mailtide.transports.ses import SesTransport
from mailtide.transports.ses_call import GIVE_UP_AFTER, MOST_IN_FLIGHT, Done, SesParts
from mailtide.transports.ses_crew import Threads
from mailtide.transports.ses_mailer import SesMailer
from tests.transports import scripted_ses as script
from tests.transports.scripted_ses import Action, Reply, ScriptedSes, refusal, wire_to
from tests.transports.ses_stage import ACCOUNT, IP, SES, Account, message, messages


@pytest.fixture(autouse=True, scope="module")
def little_patience() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ses_wire, "_ANSWER_SECONDS", 0.3)
        patch.setattr(ses_wire, "_LONGEST_SECONDS", 0.3)
        yield


@dataclass(slots=True)
class Shared(SesRate):
    """The rate of several senders at once, which the table's conditions keep apart elsewhere."""

    pauses: bool = True
    lock: threading.Lock = field(default_factory=threading.Lock)

    def book(self, wanted: int, rate: float, now: datetime, until: datetime) -> Booking | None:
        with self.lock:
            return SesRate.book(self, wanted, rate, now, until)

    def hold(self, until: datetime) -> None:
        if self.pauses:
            SesRate.hold(self, until)


@contextmanager
def over_the_wire(
    ses: ScriptedSes, shared: SesRate | None = None, rate: float = 1000.0
) -> Iterator[SesTransport]:
    """Return a transport with threads and sockets, and a clock that runs."""

    def clock() -> datetime:
        return datetime.now(UTC)

    mailer, account = SesMailer(wire_to(ses.url)), Account(replace(ACCOUNT, rate=rate))
    crew = Threads[Done](MOST_IN_FLIGHT)
    parts = SesParts(mailer, account, shared or SesRate(), crew, clock)
    yield SesTransport(IP, SES, parts)
    assert crew.in_flight == 0
    mailer.close()


def together(
    ses: ScriptedSes, senders: int, count: int, shared: SesRate, rate: float = 1000.0
) -> list[tuple[str, Outcome]]:
    """Let senders hand `count` messages over each, at once; return what each recipient got."""
    loads = [
        [message(number) for number in range(first, first + count)]
        for first in range(0, senders * count, count)
    ]

    def deliver(load: list[Outgoing]) -> list[Outcome]:
        with over_the_wire(ses, shared, rate) as transport:
            return transport.deliver(load, soon())

    with ThreadPoolExecutor(senders) as pool:
        outcomes = pool.map(deliver, loads)
        return [
            (one.recipient, outcome)
            for load, got in zip(loads, outcomes, strict=True)
            for one, outcome in zip(load, got, strict=True)
        ]


def soon() -> datetime:
    return datetime.now(UTC) + timedelta(minutes=1)


def test_over_the_wire_as_many_are_in_flight_as_may_be() -> None:
    """The server answers nobody until all of them wait: one after the other would never end."""
    with ScriptedSes(together=MOST_IN_FLIGHT) as ses, over_the_wire(ses) as transport:
        outcomes = transport.deliver(messages(4 * MOST_IN_FLIGHT), soon())
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 4 * MOST_IN_FLIGHT
    assert sorted(ses.recipients()) == sorted(one.recipient for one in messages(len(outcomes)))
    assert ses.connections == MOST_IN_FLIGHT  # kept from message to message


def test_over_the_wire_each_message_gets_its_own_answer() -> None:
    with ScriptedSes() as ses, over_the_wire(ses) as transport:
        outcomes = transport.deliver(messages(40), soon())
    named = {one: Accepted(f"ses-{n}") for n, one in enumerate(ses.recipients(), 1)}
    assert outcomes == [named[one.recipient] for one in messages(40)]


def test_over_the_wire_a_lost_reply_is_one_doubt_and_no_second_mail() -> None:
    throttled = refusal(429, "TooManyRequestsException", "Maximum sending rate exceeded.")
    actions: dict[int, script.Action] = {1: script.TAKE_AND_DROP, 9: throttled, 10: throttled}
    with ScriptedSes(actions) as ses, over_the_wire(ses) as transport:
        outcomes = transport.deliver(messages(20), soon())
    assert Counter(type(outcome) for outcome in outcomes) == {Accepted: 19, Unknown: 1}
    assert sorted(ses.recipients()) == sorted(one.recipient for one in messages(20))
    assert ses.sends == 22


def test_over_the_wire_a_network_that_goes_leaves_what_was_in_flight_in_doubt() -> None:
    lost = dict.fromkeys(range(5, 1000), script.TAKE_AND_DROP)
    with ScriptedSes(lost) as ses, over_the_wire(ses) as transport:
        outcomes = transport.deliver(messages(50), soon())
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds[Accepted] == 5
    assert GIVE_UP_AFTER <= kinds[Unknown] < 2 * MOST_IN_FLIGHT  # as answers may cross
    assert len(ses.taken) == kinds[Accepted] + kinds[Unknown]


def test_over_the_wire_what_stops_the_account_stops_the_rest() -> None:
    paused = refusal(400, "SendingPausedException", "Sending paused for this account.")
    actions = dict.fromkeys(range(3, 1000), paused)
    with ScriptedSes(actions) as ses, over_the_wire(ses) as transport:
        outcomes = transport.deliver(messages(50), soon())
    assert Counter(type(outcome) for outcome in outcomes) == {Accepted: 3, Refused: 47}
    assert ses.sends <= 3 + MOST_IN_FLIGHT


def test_over_the_wire_a_socket_that_freezes_holds_up_nobody_else() -> None:
    with ScriptedSes({3: script.TAKE_AND_FREEZE}) as ses, over_the_wire(ses) as transport:
        outcomes = transport.deliver(messages(40), soon())
    assert Counter(type(outcome) for outcome in outcomes) == {Accepted: 39, Unknown: 1}
    assert sorted(ses.recipients()) == sorted(one.recipient for one in messages(40))


def test_over_the_wire_an_ses_that_freezes_is_left_with_what_is_in_flight() -> None:
    """Every one of them is in doubt; the rest is nobody's, and no thread is still waiting."""
    frozen = dict.fromkeys(range(1000), script.FREEZE)
    with ScriptedSes(frozen) as ses, over_the_wire(ses) as transport:
        outcomes = transport.deliver(messages(50), soon())
    kinds = Counter(type(outcome) for outcome in outcomes)
    assert kinds == {Unknown: MOST_IN_FLIGHT, Refused: 50 - MOST_IN_FLIGHT}
    assert ses.sends == MOST_IN_FLIGHT


def test_over_the_wire_the_time_ends_for_those_who_wait() -> None:
    """What is in flight at the end is heard all the same, and nothing else is asked."""
    with ScriptedSes(together=MOST_IN_FLIGHT) as ses, over_the_wire(ses) as transport:
        over = False
        clock = transport.parts.clock

        def stops() -> datetime:
            return clock() + timedelta(hours=over)

        def last() -> bytes:
            nonlocal over
            over = True
            return b"last"

        parts = replace(transport.parts, clock=stops)
        load = [*messages(MOST_IN_FLIGHT), message(100, render=last), *messages(5)]
        outcomes = replace(transport, parts=parts).deliver(load, soon())
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Accepted] * MOST_IN_FLIGHT + [Refused] * 6
    assert ses.sends == MOST_IN_FLIGHT


def test_over_the_wire_several_senders_share_the_rate() -> None:
    """Sixty messages at 20 a second are 2.95 s, of which an instant may be 1 s late."""
    began: list[float] = []
    with ScriptedSes() as ses:
        take = ses.take

        def taking(request: dict[str, Any]) -> Reply:
            began.append(time.monotonic())
            return take(request)

        ses.take = taking  # type: ignore[method-assign]
        outcomes = together(ses, 3, 20, Shared(), rate=20.0)
    assert [type(outcome) for _, outcome in outcomes] == [Accepted] * 60
    assert max(began) - min(began) >= 2.95 - TOLERANCE.total_seconds()


ACTIONS = st.sampled_from(
    [
        script.DROP_EARLY,
        script.DROP,
        script.RESET,
        script.FREEZE,
        script.TAKE_AND_DROP,
        script.TAKE_AND_FREEZE,
        script.TAKE_AND_CLOSE,
        script.TAKE_AND_CUT,
        refusal(429, "TooManyRequestsException", "Maximum sending rate exceeded."),
        refusal(400, "MessageRejected", "no"),
        refusal(503, "ServiceUnavailable"),
        Reply(200, b"what"),
    ]
)


@pytest.mark.thorough
@settings(max_examples=40)
@given(st.dictionaries(st.integers(0, 40), ACTIONS, max_size=12))
def test_over_the_wire_whatever_ses_does_no_outcome_is_wrong(actions: dict[int, Action]) -> None:
    with ScriptedSes(actions) as ses:
        outcomes = together(ses, 2, 15, Shared(pauses=False))
    taken = Counter(ses.recipients())
    ids = {recipient: f"ses-{n}" for n, recipient in enumerate(ses.recipients(), 1)}
    for recipient, outcome in outcomes:
        match outcome:
            case Accepted(response):
                assert (taken[recipient], response) == (1, ids[recipient])
            case Refused():
                assert taken[recipient] == 0
            case Unknown():
                assert taken[recipient] <= 1
    assert taken.total() <= len(outcomes)
