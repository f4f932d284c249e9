"""The SES transport: the shared rate, what slows and stops it, and what is put off."""

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local.memory.ses_rate import SesRate
from mailtide.domain.handover import Accepted, Outcome, Outgoing, Refused, Unknown
from mailtide.domain.rendering import RenderError
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.domain.ses_account import SesAccount
from mailtide.domain.ses_rate import TOLERANCE, Booking
from mailtide.domain.suppression import Stream
from mailtide.errors import RetryableError
from mailtide.transports.ses import SesTransport
from mailtide.transports.ses_mailer import Answer, Letter, SesMailer, Then
from tests.transports import scripted_ses as script
from tests.transports.scripted_ses import ScriptedSes, client_of, refusal

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
LATE = NOW + timedelta(minutes=2)
SECOND = timedelta(seconds=1)
SES = Ses("news")
IP = SendingIp("acme", "ip1", "a1", Stream.MARKETING, SES)
CAMPAIGN = "0123456789"
ACCOUNT = SesAccount(
    production=True, sending=True, enforcement="HEALTHY", rate=10.0, quota=50_000, sent=0
)
THROTTLED = Answer(Refused(later=True, code=None, response="slow", tried=False), Then.SLOW_DOWN)
LOST = Answer(Unknown("no answer"), reached=False)


@dataclass
class Time:
    """A clock that stands still but for those who sleep."""

    now: datetime = NOW
    slept: list[float] = field(default_factory=list)

    def __call__(self) -> datetime:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        self.now += timedelta(seconds=seconds)


@dataclass
class Mailer:
    """Answers in turn what it is told to, then takes everything; keeps when it was asked."""

    time: Time
    answers: deque[Answer] = field(default_factory=deque)
    seconds: float = 0.0  # that each hand-over takes
    asked: list[datetime] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    closed: int = 0

    def send(self, letter: Letter, left: float) -> Answer:
        assert left == (LATE - self.time.now) / SECOND
        self.asked.append(self.time.now)
        self.letters.append(letter)
        self.time.now += self.seconds * SECOND
        return self.answers.popleft() if self.answers else Answer(Accepted("id"))

    def close(self) -> None:
        self.closed += 1


@dataclass
class Account:
    """An account that is what it is told to be."""

    account: SesAccount | None = ACCOUNT

    def known(self) -> SesAccount | None:
        return self.account


@dataclass
class Broken(SesRate):
    """A table in trouble."""

    holds: bool = False

    def book(self, wanted: int, rate: float, now: datetime, until: datetime) -> Booking | None:
        if self.holds:
            return super().book(wanted, rate, now, until)
        raise RetryableError("the table is too busy")

    def hold(self, until: datetime) -> None:
        raise RetryableError("the table is too busy")


@dataclass
class Stage:
    """A transport and all that it uses."""

    time: Time = field(default_factory=Time)
    account: Account = field(default_factory=Account)
    rate: SesRate = field(default_factory=SesRate)
    mailer: Mailer = field(init=False)

    def __post_init__(self) -> None:
        self.mailer = Mailer(self.time)

    def deliver(self, *messages: Outgoing) -> list[Outcome]:
        transport = SesTransport(
            IP, SES, self.mailer, self.account, self.rate, self.time, self.time.sleep
        )
        return list(transport.deliver(messages, LATE))


@pytest.fixture
def stage() -> Stage:
    return Stage()


def message(
    number: int, recipient: str = "", render: Callable[[], bytes] = lambda: b"hello"
) -> Outgoing:
    address = recipient or f"r{number}@example.net"
    return Outgoing(f"{CAMPAIGN}{number:016}", address, "b-a1-x@bounce.example", render)


def messages(count: int) -> list[Outgoing]:
    return [message(number) for number in range(count)]


def put_off(reason: str) -> Refused:
    return Refused(later=True, code=None, response=reason, tried=False)


def test_messages_leave_in_order_with_their_tags(stage: Stage) -> None:
    assert stage.deliver(*messages(2)) == [Accepted("id")] * 2
    tags = {"mt-message": f"{CAMPAIGN}{0:016}", "mt-campaign": CAMPAIGN}
    tags |= {"mt-ip": "a1", "mt-org": "acme"}
    assert stage.mailer.letters[0] == Letter("r0@example.net", b"hello", "news", tags)
    assert stage.mailer.letters[1].recipient == "r1@example.net"
    assert stage.mailer.closed == 1


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


def test_whoever_is_too_slow_for_its_instants_books_new_ones(stage: Stage) -> None:
    stage.mailer.seconds = 0.6
    assert stage.deliver(*messages(10)) == [Accepted("id")] * 10
    assert stage.time.slept == []
    assert stage.mailer.asked == [NOW + SECOND * 0.6 * number for number in range(10)]


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


def test_domains_go_out_in_ascii(stage: Stage) -> None:
    stage.deliver(message(0, "a@bücher.example"))
    assert stage.mailer.letters[0].recipient == "a@xn--bcher-kva.example"


def test_a_call_that_is_given_up_closes_its_connections(stage: Stage) -> None:
    transport = SesTransport(IP, SES, stage.mailer, stage.account, stage.rate, stage.time)
    answers = transport.deliver(iter(messages(2)), LATE)
    assert isinstance(answers, Iterator)
    next(answers)
    del answers
    assert stage.mailer.closed == 1


def test_over_the_wire_a_lost_reply_is_one_doubt_and_no_second_mail(stage: Stage) -> None:
    throttled = refusal(429, "TooManyRequestsException", "Maximum sending rate exceeded.")
    with ScriptedSes({1: script.TAKE_AND_DROP, 3: throttled, 4: throttled}) as ses:
        mailer = SesMailer(client_of(ses.url))
        transport = SesTransport(
            IP, SES, mailer, stage.account, stage.rate, stage.time, stage.time.sleep
        )
        outcomes = list(transport.deliver(messages(5), LATE))
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Accepted, Unknown, Accepted, Accepted, Accepted]
    assert ses.recipients() == [f"r{n}@example.net" for n in range(5)]
    assert ses.sends == 7


@given(
    rate=st.floats(0.5, 200),
    lives=st.lists(
        st.tuples(st.integers(0, 2000), st.floats(0, 0.7), st.integers(1, 30)),
        min_size=1,
        max_size=8,
    ),
)
def test_senders_together_keep_to_the_accounts_rate(
    rate: float, lives: list[tuple[int, float, int]]
) -> None:
    """However slow each is and whenever it begins: no second has more than the rate allows."""
    shared, asked = SesRate(), []
    for begins_ms, seconds, count in lives:
        one = Stage(Time(NOW + timedelta(milliseconds=begins_ms)), rate=shared)
        one.account.account = replace(ACCOUNT, rate=rate)
        one.mailer.seconds = seconds
        one.deliver(*messages(count))
        asked += one.mailer.asked
    for start in asked:
        within = sum(start <= at < start + SECOND for at in asked)
        assert within <= rate * (SECOND + TOLERANCE).total_seconds() + 1
