"""What is said on a session, without sockets: every order of replies, every cut, every death.

Whatever happens: one outcome for each message, `Accepted` only for what the relay took, `Refused`
only for what it did not, and nothing is taken twice.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import count

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtide.domain.handover import Accepted, Outcome, Outgoing, Refused, Unknown
from mailtide.transports.smtp_queue import Queue
from mailtide.transports.smtp_session import Session
from mailtide.transports.smtp_window import WIDEST, Window
from mailtide.transports.smtp_work import SessionLimit
from tests.transports.model_relay import CLOSE, ModelRelay, Script

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
LATER = NOW + timedelta(hours=1)
MODES = {
    "lock-step": {"8BITMIME": ""},
    "pipelined": {"8BITMIME": "", "PIPELINING": ""},
    "chunked": {"8BITMIME": "", "PIPELINING": "", "CHUNKING": ""},
}
BODY = b"Subject: x\r\n\r\n.\r\n..\r\nQUIT\r\n"

Cuts = Iterator[int]


def outgoing(number: int, body: bytes = BODY) -> list[Outgoing]:
    return [
        Outgoing(f"r{i}", f"r{i}@example.net", f"b-{i}@bounce.example", lambda: body)
        for i in range(number)
    ]


class Wire:
    """A queue of messages, a relay, and one session after the other between them."""

    def __init__(
        self,
        number: int,
        mode: str,
        script: Script | None = None,
        clock: Callable[[], datetime] = lambda: NOW,
        limit: int = 999,
    ) -> None:
        self.mode = mode
        self.script = script or {}
        self.limit = limit
        self.queue = Queue(outgoing(number), LATER, clock, SessionLimit(), Window())
        self.arrivals: Counter[str] = Counter()
        self.taken: list[tuple[str, str, bytes]] = []
        self.sessions: list[Session] = []

    def run(self, cuts: Cuts, deaths: Cuts | None = None) -> list[Outcome]:
        """Hand all over; each session lives for as many bytes as the next death says."""
        while self.queue.waiting:
            self.one_session(cuts, next(deaths or iter(()), None))
            session = self.sessions[-1]
            self.queue.session_over(session.trouble, session.answered)
        return self.queue.outcomes()

    def one_session(self, cuts: Cuts, life: int | None) -> None:
        """Carry bytes both ways in pieces until the session is over or idle."""
        session = Session(MODES[self.mode], self.queue)
        self.sessions.append(session)
        relay = ModelRelay(self.script, self.arrivals, self.taken, self.limit)
        there = back = b""  # on their way
        while not session.over:
            if not there:
                there = session.data_to_send()
            if not there and not back:
                break
            piece, there = self._cut(there, cuts)
            session.sent += len(piece)
            life, piece = _live(life, piece)
            back += relay.receive(piece)
            piece, back = self._cut(back, cuts)
            life, piece = _live(life, piece)
            if piece:
                session.receive(piece)
            if life == 0:
                session.lose("the wire was cut")
            elif relay.closed and not back:
                session.lose("the relay closed the connection")
        assert relay.faults == []

    @staticmethod
    def _cut(data: bytes, cuts: Cuts) -> tuple[bytes, bytes]:
        at = next(cuts, 0) or len(data)
        return data[:at], data[at:]


def _live(life: int | None, piece: bytes) -> tuple[int | None, bytes]:
    if life is None:
        return None, piece
    return max(0, life - len(piece)), piece[:life]


def right(wire: Wire, outcomes: list[Outcome]) -> None:
    """Check every outcome against the relay's books."""
    taken = Counter(recipient for _, recipient, _ in wire.taken)
    for number, outcome in enumerate(outcomes):
        times = taken[f"r{number}@example.net"]
        if isinstance(outcome, Accepted):
            assert times == 1, (number, outcome)
        elif isinstance(outcome, Refused):
            assert times == 0, (number, outcome)
        else:
            assert times <= 1, (number, outcome)
    for sender, recipient, message in wire.taken:
        assert sender == f"b-{recipient.partition('@')[0][1:]}@bounce.example"
        assert message == BODY


def whole() -> Cuts:
    return iter(())


REPLIES = st.sampled_from(
    [
        "250 2.0.0 ok",
        "250-2.0.0 more\r\n250 ok",
        "354 go on",
        "421 4.3.2 closing",
        "450 4.2.1 later",
        "452 4.4.5 too many messages",
        "503 5.5.1 not now",
        "550 5.1.1 nobody",
        "2",
        CLOSE,
    ]
)
STAGES = st.sampled_from(["RSET", "MAIL", "RCPT", "DATA", "END", "BDAT"])
SCRIPTS = st.dictionaries(st.tuples(STAGES, st.integers(0, 9)), REPLIES, max_size=6)
PIECES = st.lists(st.integers(0, 60), max_size=80).map(iter)
LIMITS = st.integers(0, 5) | st.just(999)
DEATHS = st.lists(st.integers(1, 900), max_size=4).map(iter)


@settings(max_examples=400, deadline=None)
@given(st.sampled_from(sorted(MODES)), st.integers(1, 12), SCRIPTS, LIMITS, PIECES, DEATHS)
def test_whatever_happens_no_outcome_is_wrong(
    mode: str,
    number: int,
    script: dict[tuple[str, int], str],
    limit: int,
    cuts: Cuts,
    deaths: Cuts,
) -> None:
    wire = Wire(number, mode, script, limit=limit)
    right(wire, wire.run(cuts, deaths))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("piece", [0, 1, 7])
def test_a_death_at_every_byte(mode: str, piece: int) -> None:
    unhurt = Wire(3, mode)
    right(unhurt, unhurt.run(whole()))
    for life in count(1):
        wire = Wire(3, mode)
        outcomes = wire.run(iter([piece] * 9999), iter([life]))
        right(wire, outcomes)
        assert sum(isinstance(outcome, Unknown) for outcome in outcomes) <= 1 + (mode == "chunked")
        if len(wire.sessions) == 1 and outcomes == unhurt.queue.outcomes():
            break
    assert life > 300


@pytest.mark.parametrize("mode", MODES)
def test_everything_is_taken_in_order_on_one_session(mode: str) -> None:
    wire = Wire(20, mode)
    assert (
        wire.run(whole())
        == [
            Accepted("250 2.0.0 queued"),
        ]
        * 20
    )
    assert [recipient for _, recipient, _ in wire.taken] == [f"r{i}@example.net" for i in range(20)]
    assert len(wire.sessions) == 1
    right(wire, wire.queue.outcomes())


def round_trips(mode: str, number: int) -> int:
    """Count how often the relay is waited for when each answer comes as a whole."""
    queue = Queue(outgoing(number), LATER, lambda: NOW, SessionLimit(), Window())
    session = Session(MODES[mode], queue)
    relay = ModelRelay({}, Counter(), [])
    trips = 0
    while queue.unsettled:
        data = b""
        while piece := session.data_to_send():
            data += piece
            session.sent += len(piece)
        session.receive(relay.receive(data))
        trips += 1
    return trips


def test_round_trips() -> None:
    assert round_trips("lock-step", 17) == 4 * 17
    assert round_trips("pipelined", 17) == 1 + 17
    assert round_trips("chunked", 17) == 1 + 16 // WIDEST


@pytest.mark.parametrize("mode", ["pipelined", "chunked"])
def test_one_read_may_hold_many_replies_and_half_of_one(mode: str) -> None:
    for size in range(1, 40):
        wire = Wire(5, mode)
        right(wire, wire.run(iter([0, size] * 999)))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("stage", ["MAIL", "RCPT", "DATA"])
@pytest.mark.parametrize("reply", ["450 4.2.1 later", "550 5.1.1 nobody"])
def test_a_refusal_is_for_its_message_alone(mode: str, stage: str, reply: str) -> None:
    if (mode, stage) == ("chunked", "DATA"):
        stage = "BDAT"
    wire = Wire(5, mode, {(stage, 2): reply})
    outcomes = wire.run(whole())
    right(wire, outcomes)
    assert [type(outcome) for outcome in outcomes].count(Accepted) == 4
    assert Refused(reply[0] == "4", int(reply[:3]), reply) in outcomes
    assert len(wire.sessions) == 1


@pytest.mark.parametrize("reply", ["354 go on", "554 no valid recipients"])
def test_data_without_a_recipient_is_left_with_a_lone_dot(reply: str) -> None:
    queue = Queue(outgoing(2), LATER, lambda: NOW, SessionLimit(), Window())
    session = Session(MODES["pipelined"], queue)
    sent = session.data_to_send()
    session.sent += len(sent)
    session.receive(f"250 ok\r\n550 5.1.1 nobody\r\n{reply}\r\n".encode())
    data = session.data_to_send()
    if reply.startswith("354"):
        assert data == b".\r\n"
        session.sent += len(data)
        session.receive(b"554 no valid recipients\r\n")
        data = session.data_to_send()
        assert data.startswith(b"MAIL FROM:<b-1@")
    else:
        assert data.startswith(b"RSET\r\nMAIL FROM:<b-1@")


def test_a_window_opens_with_the_first_answer() -> None:
    queue = Queue(outgoing(30), LATER, lambda: NOW, SessionLimit(), Window())
    session = Session(MODES["chunked"], queue)
    sent = []
    while data := session.data_to_send():
        sent.append(data)
        session.sent += len(data)
    assert len(sent) == 1
    session.receive(b"250 ok\r\n" * 3)
    while data := session.data_to_send():
        sent.append(data)
        session.sent += len(data)
    assert len(sent) == 1 + WIDEST
    session.lose("frozen")
    assert sum(isinstance(outcome, Unknown) for outcome in queue._outcomes) == WIDEST
    assert len(queue.waiting) == 30 - 1 - WIDEST


def test_each_loss_costs_half_as_many_doubts_as_the_one_before() -> None:
    queue = Queue(outgoing(30), LATER, lambda: NOW, SessionLimit(), Window())
    doubts = []
    for _ in range(5):
        session = Session(MODES["chunked"], queue)
        before = queue.unsettled
        session.sent += len(session.data_to_send())
        session.receive(b"250 ok\r\n" * 3)
        while data := session.data_to_send():
            session.sent += len(data)
        session.lose("the wire was cut")
        doubts.append(before - 1 - queue.unsettled)
    assert doubts == [8, 4, 2, 1, 1]


@pytest.mark.parametrize("unanswered", [1, 3])
def test_an_answer_without_a_meaning_narrows_the_window_once(unanswered: int) -> None:
    queue = Queue(outgoing(1 + unanswered), LATER, lambda: NOW, SessionLimit(), Window())
    session = Session(MODES["chunked"], queue)
    session.sent += len(session.data_to_send())
    session.receive(b"250 ok\r\n" * 3)
    while data := session.data_to_send():
        session.sent += len(data)
    session.receive(b"250 ok\r\n" * 2 + b"354 go on\r\n")  # MAIL, RCPT and the message
    assert [type(outcome) for outcome in queue.outcomes()[1:]] == [Unknown] * unanswered
    assert queue.window.messages == WIDEST // 2


def test_a_session_that_ends_without_doubts_narrows_nothing() -> None:
    queue = Queue(outgoing(9), LATER, lambda: NOW, SessionLimit(), Window())
    session = Session(MODES["chunked"], queue)
    session.sent += len(session.data_to_send())
    session.receive(b"250 ok\r\n" * 3 + b"421 4.3.2 closing\r\n")
    assert session.over
    assert queue.window.messages == WIDEST


def test_behind_a_chunk_that_may_fail_the_envelope_is_cleared() -> None:
    """Else the next message could go to the recipient of the one before (RFC 3030 section 2)."""
    wire = Wire(6, "chunked", {("RCPT", 2): "550 5.1.1 nobody", ("BDAT", 3): "452 4.3.1 full"})
    outcomes = wire.run(whole())
    right(wire, outcomes)
    assert [type(outcome) for outcome in outcomes] == [
        Accepted, Accepted, Refused, Accepted, Refused, Accepted,
    ]  # fmt: skip


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("piece", [0, 500])
def test_a_limit_of_messages_is_learned_and_kept(mode: str, piece: int) -> None:
    wire = Wire(35, mode, limit=10)
    outcomes = wire.run(iter([0, piece] * 9999))
    right(wire, outcomes)
    assert [type(outcome) for outcome in outcomes] == [Accepted] * 35
    assert len(wire.sessions) == 4
    assert wire.queue.limit.messages == 10


@pytest.mark.parametrize("mode", MODES)
def test_an_answer_in_the_middle_of_a_message_is_no_consent(mode: str) -> None:
    for reply, kind in (("250 ok", True), ("552 5.3.4 too big", False), ("354 what", True)):
        queue = Queue(outgoing(1), LATER, lambda: NOW, SessionLimit(), Window())
        session = Session(MODES[mode], queue)
        relay = ModelRelay({}, Counter(), [])
        while b"Subject" not in (data := session.data_to_send()):
            session.sent += len(data)
            session.receive(relay.receive(data))
        session.sent += len(data) - 1
        session.receive(b"250 ok\r\n" * 2 if mode == "chunked" else b"")
        session.receive(f"{reply}\r\n".encode())
        outcome = queue.outcomes()[0]
        assert isinstance(outcome, Refused)
        assert outcome.later is kind
        assert session.over


def test_bytes_that_nobody_asked_for_end_an_idle_session() -> None:
    for words in (b"421 4.4.2 idle\r\n", b"250 ok\r\n", b"\0\0\n"):
        session = Session(
            MODES["pipelined"], Queue([], LATER, lambda: NOW, SessionLimit(), Window())
        )
        assert session.data_to_send() == b""
        assert session.idle
        session.receive(words)
        assert session.over


def test_half_a_word_is_not_idle() -> None:
    session = Session(MODES["pipelined"], Queue([], LATER, lambda: NOW, SessionLimit(), Window()))
    session.receive(b"42")
    assert not session.idle


@pytest.mark.parametrize("mode", MODES)
def test_no_message_leaves_after_the_time(mode: str) -> None:
    for moment in range(12):
        clock = iter([NOW] * moment)
        wire = Wire(4, mode, clock=lambda clock=clock: next(clock, LATER))  # type: ignore[misc]
        outcomes = wire.run(whole())
        right(wire, outcomes)
        assert len(wire.taken) <= moment
        assert not any(isinstance(outcome, Unknown) for outcome in outcomes)
        put_off = [outcome for outcome in outcomes if isinstance(outcome, Refused)]
        assert all(outcome.later and not outcome.tried for outcome in put_off)
