"""A transport over SES in virtual time, with what it uses; and messages for it."""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import heappop, heappush

from local.memory.ses_rate import SesRate
from mailtide.domain.handover import Accepted, Outcome, Outgoing, Refused, Unknown
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.domain.ses_account import SesAccount
from mailtide.domain.ses_rate import Booking
from mailtide.domain.suppression import Stream
from mailtide.errors import RetryableError
from mailtide.transports.ses import SesTransport
from mailtide.transports.ses_call import Done, SesParts
from mailtide.transports.ses_mailer import Answer, Letter, Then

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
    asked: list[datetime] = field(default_factory=list)
    letters: list[Letter] = field(default_factory=list)
    closed: int = 0

    def send(self, letter: Letter, left: float) -> Answer:
        assert left == (LATE - self.time.now) / SECOND
        self.asked.append(self.time.now)
        self.letters.append(letter)
        return self.answers.popleft() if self.answers else Answer(Accepted("id"))

    def close(self) -> None:
        self.closed += 1


@dataclass
class Crew:
    """Calls in virtual time: each is made `lags` after it is started, and ends `takes` later.

    Both are taken in turn, and then again from the first.
    """

    time: Time
    takes: list[float] = field(default_factory=lambda: [0.0])  # seconds
    lags: list[float] = field(default_factory=lambda: [0.0])  # seconds, while all stand still
    flying: list[tuple[datetime, int, Done]] = field(default_factory=list)
    started: int = 0
    most: int = 0

    @property
    def in_flight(self) -> int:
        return len(self.flying)

    def start(self, call: Callable[[], Done]) -> None:
        self.time.now += self.lags[self.started % len(self.lags)] * SECOND
        ends_at = self.time.now + self.takes[self.started % len(self.takes)] * SECOND
        heappush(self.flying, (ends_at, self.started, call()))
        self.started += 1
        self.most = max(self.most, len(self.flying))

    def next(self, seconds: float | None = None) -> Done | None:
        until = None if seconds is None else self.time.now + seconds * SECOND
        if self.flying and (until is None or self.flying[0][0] <= until):
            ends_at, _, done = heappop(self.flying)
            self.time.now = max(self.time.now, ends_at)
            return done
        assert seconds is not None, "nothing is in flight"
        if seconds:
            self.time.sleep(seconds)
        return None

    def wait(self) -> None:
        while self.flying:
            self.next()


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
    crew: Crew = field(init=False)

    def __post_init__(self) -> None:
        self.mailer = Mailer(self.time)
        self.crew = Crew(self.time)

    def deliver(self, *messages: Outgoing) -> list[Outcome]:
        parts = SesParts(self.mailer, self.account, self.rate, self.crew, self.time)
        outcomes = SesTransport(IP, SES, parts).deliver(messages, LATE)
        assert self.crew.in_flight == 0
        return outcomes


def message(
    number: int, recipient: str = "", render: Callable[[], bytes] = lambda: b"hello"
) -> Outgoing:
    address = recipient or f"r{number}@example.net"
    return Outgoing(f"{CAMPAIGN}{number:016}", address, "b-a1-x@bounce.example", render)


def messages(count: int) -> list[Outgoing]:
    return [message(number) for number in range(count)]
