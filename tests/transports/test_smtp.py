"""The SMTP transport against a relay that misbehaves at every stage: never a wrong outcome."""

import errno
import os
import socket
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mailtide.domain.handover import Accepted, Outcome, Outgoing, Refused, Unknown
from mailtide.domain.rendering import RenderError
from mailtide.domain.sending_ip import Relay, Tls
from mailtide.errors import RetryableError
from mailtide.transports.smtp import SmtpTransport
from tests.transports import scripted_relay as script
from tests.transports.scripted_relay import LATER, NOW, ScriptedRelay, handed_over, reaching

MESSAGE = b"Subject: x\r\n\r\nHello\r\n"
# Where a connection can be lost before the relay has the whole message.
BEFORE_THE_END = ["mail", "rcpt", "data", "body"]


def transport(port: int, host: str = "127.0.0.1", **changes: Any) -> SmtpTransport:
    return reaching(Relay(host, port, Tls.NONE), **changes)


def message(name: str, render: Callable[[], bytes] = lambda: MESSAGE) -> Outgoing:
    return Outgoing(name, f"{name}@example.net", f"b-ip1-{name}@bounce.example", render)


def messages(number: int) -> list[Outgoing]:
    return [message(f"r{i}") for i in range(number)]


def deliver(relay: ScriptedRelay, number: int, **changes: Any) -> list[Outcome]:
    return handed_over(transport(relay.port, **changes), messages(number))


def kinds(outcomes: list[Outcome]) -> list[str]:
    names = {Accepted: "accepted", Unknown: "unknown"}
    return [names.get(type(o)) or ("later" if o.later else "never") for o in outcomes]  # type: ignore[union-attr]


def test_hands_over_in_order_on_one_connection() -> None:
    with ScriptedRelay() as relay:
        outcomes = deliver(relay, 3)
    assert outcomes == [Accepted("250 2.0.0 Message queued with id 1f")] * 3
    assert relay.taken == [
        (f"b-ip1-r{i}@bounce.example", f"r{i}@example.net", MESSAGE) for i in range(3)
    ]
    assert relay.connections == 1
    assert relay.commands[0] == "EHLO [127.0.0.1]"
    assert relay.commands[-1] == "QUIT"


def test_each_message_is_rendered_when_its_turn_comes() -> None:
    events: list[str] = []

    def render(name: str) -> bytes:
        events.append(f"{name} behind {len(relay.taken)}")
        return MESSAGE

    with ScriptedRelay() as relay:
        outgoing = [message(name, partial(render, name)) for name in ("a", "b", "c")]
        handed_over(transport(relay.port), outgoing)
    assert events == ["a behind 0", "b behind 1", "c behind 2"]


@pytest.mark.parametrize("body", [b".\r\n..\r\n.x\n\r.\rend", b"\r\n.\r\nMAIL FROM:<x>\r\n", b""])
def test_a_message_cannot_end_early_or_smuggle_another(body: bytes) -> None:
    with ScriptedRelay() as relay:
        outcomes = handed_over(transport(relay.port), [message("r", lambda: body), message("s")])
    assert kinds(outcomes) == ["accepted", "accepted"]
    assert relay.recipients() == ["r@example.net", "s@example.net"]
    lines = body.replace(b"\r\n", b"\n").replace(b"\r", b"\n").splitlines()
    assert relay.taken[0][2].split(b"\r\n")[:-1] == (lines or [b""])


def test_a_message_that_is_ready_leaves_as_it_is() -> None:
    with ScriptedRelay() as relay:
        handed_over(transport(relay.port), [replace(message("r"), ready=True)])
    assert relay.taken == [("b-ip1-r@bounce.example", "r@example.net", MESSAGE)]


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "end"])
@pytest.mark.parametrize(
    ("reply", "kind"), [("451 4.3.0 later", "later"), ("550 5.1.1 no", "never")]
)
def test_a_refusal_is_for_its_message_only(stage: str, reply: str, kind: str) -> None:
    with ScriptedRelay({(stage, 1): reply}) as relay:
        outcomes = deliver(relay, 3)
    assert kinds(outcomes) == ["accepted", kind, "accepted"]
    assert outcomes[1] == Refused(kind == "later", int(reply[:3]), reply)
    assert relay.recipients() == ["r0@example.net", "r2@example.net"]
    assert relay.connections == 1


@pytest.mark.parametrize(("stage", "reply"), [("mail", "354 what?"), ("data", "250 what?")])
def test_a_reply_that_means_nothing_here_puts_off_and_starts_anew(stage: str, reply: str) -> None:
    with ScriptedRelay({(stage, 1): reply}) as relay:
        assert kinds(deliver(relay, 3)) == ["accepted", "later", "accepted"]
    assert relay.recipients() == ["r0@example.net", "r2@example.net"]
    assert relay.connections == 2


@pytest.mark.parametrize("reply", ["421 bye", "500 what?", script.DROP])
def test_a_session_that_cannot_be_cleared_is_given_up_not_the_outcome(reply: str) -> None:
    with ScriptedRelay({("rcpt", 0): "550 5.1.1 no", ("rset", 0): reply}) as relay:
        assert kinds(deliver(relay, 2)) == ["never", "accepted"]
    assert relay.connections == 2


@pytest.mark.parametrize("how", [script.DROP, script.RESET, script.FREEZE])
@pytest.mark.parametrize("stage", BEFORE_THE_END)
def test_a_connection_lost_before_the_end_was_not_a_hand_over(stage: str, how: str) -> None:
    with ScriptedRelay({(stage, 1): how}) as relay:
        outcomes = handed_over(
            transport(relay.port, reply_seconds=0.3),
            [message("r0"), message("r1", lambda: b"x\r\n" * 2_000_000), message("r2")],
        )
    assert kinds(outcomes) == ["accepted", "later", "accepted"]
    assert relay.recipients() == ["r0@example.net", "r2@example.net"]
    assert relay.connections == 2


@pytest.mark.parametrize(
    ("action", "taken"),
    [
        (script.DROP, False),
        (script.RESET, False),
        (script.FREEZE, False),
        (script.TAKE_AND_DROP, True),
        (script.TAKE_AND_FREEZE, True),
        ("354 what?", False),
        ("25", True),
        ("hello", False),
    ],
)
def test_no_answer_to_a_whole_message_is_in_doubt(action: str, taken: bool) -> None:
    with ScriptedRelay({("end", 1): action}) as relay:
        outcomes = deliver(relay, 3, reply_seconds=0.3)
    assert kinds(outcomes) == ["accepted", "unknown", "accepted"]
    assert ("r1@example.net" in relay.recipients()) is taken
    assert relay.recipients().count("r1@example.net") <= 1


@pytest.mark.parametrize("stage", ["mail", "rcpt", "data", "end"])
@pytest.mark.parametrize("reply", ["421 4.3.2 closing", "452 4.4.5 too many messages"])
def test_the_end_of_a_session_is_no_refusal_of_the_message(stage: str, reply: str) -> None:
    with ScriptedRelay({(stage, 2): reply}) as relay:
        outcomes = deliver(relay, 4)
    assert kinds(outcomes) == ["accepted"] * 4
    assert relay.recipients() == [f"r{i}@example.net" for i in range(4)]
    assert relay.connections == 2


def test_a_relay_that_takes_few_messages_per_session_says_so_once() -> None:
    with ScriptedRelay({("data", 2): "452 4.4.5 too many messages"}) as relay:
        assert kinds(deliver(relay, 8)) == ["accepted"] * 8
    assert relay.connections == 4  # of two messages each
    assert relay.commands.count("DATA") == 9


def test_a_full_mailbox_does_not_end_the_session() -> None:
    with ScriptedRelay({("rcpt", 0): "452 4.2.2 mailbox full"}) as relay:
        assert kinds(deliver(relay, 2)) == ["later", "accepted"]
    assert relay.connections == 1


def test_a_session_that_ends_twice_for_a_message_puts_it_off() -> None:
    with ScriptedRelay({("mail", 0): "421 busy", ("mail", 1): "421 busy"}) as relay:
        outcomes = deliver(relay, 2)
    assert outcomes[0] == Refused(later=True, code=421, response="421 busy")
    assert kinds(outcomes) == ["later", "accepted"]


@pytest.mark.parametrize("stage", ["greeting", "ehlo"])
@pytest.mark.parametrize("reply", ["421 busy", "454 no", "554 5.7.1 go away", script.DROP])
def test_a_relay_that_lets_nobody_in_puts_all_off_after_three_tries(stage: str, reply: str) -> None:
    with ScriptedRelay({(stage, n): reply for n in range(9)}) as relay:
        outcomes = deliver(relay, 20)
    assert kinds(outcomes) == ["later"] * 20
    assert relay.connections == 3
    code = int(reply[:3]) if reply[0].isdigit() else None
    assert [o.code for o in outcomes[:3] if isinstance(o, Refused)] == [code] * 3
    assert isinstance(outcomes[19], Refused)
    assert outcomes[19].response.startswith("not tried any more: ")


def test_a_relay_that_is_not_there_puts_all_off() -> None:
    with socket.create_server(("127.0.0.1", 0)) as unused:
        port = unused.getsockname()[1]
    outcomes = handed_over(transport(port), messages(5))
    assert kinds(outcomes) == ["later"] * 5


def test_a_process_that_may_open_no_more_files_puts_all_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def exhausted(*_: object) -> socket.socket:
        raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    with monkeypatch.context() as patch:
        patch.setattr(socket, "socket", exhausted)
        outcomes = handed_over(transport(1), messages(3))
    assert kinds(outcomes) == ["later"] * 3
    assert "Too many open files" in str(outcomes[0])


def test_a_relay_that_always_freezes_leaves_few_in_doubt() -> None:
    with ScriptedRelay({("end", n): script.FREEZE for n in range(9)}) as relay:
        outcomes = deliver(relay, 9, reply_seconds=0.2)
    assert kinds(outcomes) == ["unknown"] * 3 + ["later"] * 6


def test_a_relay_that_keeps_losing_connections_soon_costs_one_doubt_each_time() -> None:
    each_second_end = {("end", i): script.TAKE_AND_DROP for i in range(1, 99, 2)}
    extensions = ("PIPELINING", "CHUNKING")
    with ScriptedRelay(each_second_end, extensions=extensions) as relay:
        way = transport(relay.port)
        found = kinds(handed_over(way, messages(40)))
    assert way.window.messages == 1
    # Behind the losses that taught it (of 8, 4 and 2 at most) one is taken, one is in doubt.
    assert found[-20:].count("accepted") == found[-20:].count("unknown") == 10
    taken = relay.recipients()
    assert len(set(taken)) == len(taken)
    assert all(f"r{i}@example.net" in taken for i, one in enumerate(found) if one == "accepted")


def test_a_relay_that_comes_back_gets_the_rest() -> None:
    with ScriptedRelay({("greeting", 0): script.DROP, ("greeting", 1): "421 no"}) as relay:
        assert kinds(deliver(relay, 4)) == ["later", "later", "accepted", "accepted"]


def test_nothing_is_handed_over_when_the_time_has_come() -> None:
    with ScriptedRelay() as relay:
        # The time ends between the second envelope and its bytes.
        second = "RCPT TO:<r1@example.net>"
        outcomes = deliver(relay, 3, clock=lambda: LATER if second in relay.commands else NOW)
    assert kinds(outcomes) == ["accepted", "later", "later"]
    assert relay.recipients() == ["r0@example.net"]
    assert relay.commands.count("DATA") == 1
    assert relay.commands[-2:] == [second, "QUIT"]


def test_no_connection_is_opened_after_the_time() -> None:
    with ScriptedRelay() as relay:
        outcomes = deliver(relay, 3, clock=lambda: LATER)
    assert kinds(outcomes) == ["later"] * 3
    assert relay.connections == 0


def test_a_message_that_cannot_be_rendered_fails_alone_with_its_reason() -> None:
    def fail() -> bytes:
        raise RenderError("html: line 3: it fails")

    with ScriptedRelay() as relay:
        outcomes = handed_over(
            transport(relay.port), [message("a"), message("b", fail), message("c")]
        )
    assert kinds(outcomes) == ["accepted", "never", "accepted"]
    assert outcomes[1] == Refused(later=False, code=None, response="html: line 3: it fails")


def test_a_message_that_may_be_made_later_is_put_off_alone() -> None:
    def fail() -> bytes:
        raise RetryableError("a fault of ours")

    with ScriptedRelay() as relay:
        outcomes = handed_over(transport(relay.port), [message("a", fail), message("b")])
    assert kinds(outcomes) == ["later", "accepted"]


def test_a_delivery_that_breaks_off_closes_its_connection() -> None:
    def fail() -> bytes:
        raise RuntimeError("out of memory")

    with ScriptedRelay() as relay:
        to = transport(relay.port)
        with pytest.raises(RuntimeError, match="out of memory"):
            to.deliver([message("a"), message("b", fail)], LATER)
        assert to.kept == []
    assert relay.recipients() == ["a@example.net"]


ACTIONS = st.sampled_from(
    [script.DROP, script.RESET, script.FREEZE, "421 bye", "451 later", "550 no", "452 4.4.5 limit"]
)
ENDS = ACTIONS | st.sampled_from([script.TAKE_AND_DROP, script.TAKE_AND_FREEZE, "354 what", "2"])
SCRIPTS = st.dictionaries(
    st.tuples(st.sampled_from([s for s in script.STAGES if s != "end"]), st.integers(0, 3)),
    ACTIONS,
    max_size=4,
)
ENDINGS = st.dictionaries(st.tuples(st.just("end"), st.integers(0, 3)), ENDS, max_size=2)


@pytest.mark.thorough
@settings(max_examples=40)
@given(SCRIPTS, ENDINGS)
def test_whatever_the_relay_does_no_outcome_is_wrong(
    actions: dict[tuple[str, int], str], endings: dict[tuple[str, int], str]
) -> None:
    with ScriptedRelay({**actions, **endings}) as relay:
        outcomes = deliver(relay, 5, reply_seconds=0.05)
    assert len(outcomes) == 5
    for number, kind in enumerate(kinds(outcomes)):
        taken = relay.recipients().count(f"r{number}@example.net")
        allowed = {"accepted": {1}, "later": {0}, "never": {0}, "unknown": {0, 1}}
        assert taken in allowed[kind]
