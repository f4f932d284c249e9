"""A connection in use, as its event loop sees it when it was away for long."""

import socket
from collections.abc import Iterator
from time import monotonic

import pytest

from mailtide.domain.handover import Accepted, Outcome, Outgoing, Unknown
from mailtide.transports.smtp_link import Link
from mailtide.transports.smtp_patience import LAST_SECONDS, Patience
from mailtide.transports.smtp_poll import Poll
from mailtide.transports.smtp_queue import Queue
from mailtide.transports.smtp_session import Session
from mailtide.transports.smtp_window import Window
from mailtide.transports.smtp_work import SessionLimit
from tests.transports.scripted_relay import LATER, NOW

OPEN = {"PIPELINING": "", "CHUNKING": ""}


class Stage:
    """A link that has sent a message whole, and whose time is over."""

    def __init__(self, poll: Poll, patience: Patience) -> None:
        ours, self.relay = socket.socketpair()
        ours.setblocking(False)
        one = Outgoing("m", "r@example.net", "b-m@bounce.example", lambda: b"x\r\n")
        self.queue = Queue([one], LATER, lambda: NOW, SessionLimit(), Window())
        self.link = Link(ours, Session(OPEN, self.queue))
        self.over = 0
        self.link.attach(poll, patience, self._over)
        self.link.go_on()

    def _over(self, link: Link) -> None:
        self.over += 1
        link.close()

    def close(self) -> None:
        if not self.over:
            self.link.close()
        self.relay.close()

    def outcome(self) -> Outcome:
        return self.queue.outcomes()[0]


@pytest.fixture
def poll() -> Iterator[Poll]:
    with Poll() as poll:
        yield poll


def test_an_answer_that_came_while_nobody_looked_counts(poll: Poll) -> None:
    stage = Stage(poll, Patience(0, 0, monotonic() + 60))
    stage.relay.sendall(b"250 ok\r\n250 ok\r\n250 taken\r\n")
    stage.link.expire()
    assert stage.outcome() == Accepted("250 taken")
    assert not stage.over
    stage.close()


@pytest.mark.parametrize("came", [b"", b"250 ok\r\n"])
def test_without_an_answer_in_time_the_message_is_in_doubt(poll: Poll, came: bytes) -> None:
    stage = Stage(poll, Patience(0, 60, monotonic() - LAST_SECONDS))
    stage.relay.sendall(came)
    stage.link.expire()
    assert stage.outcome() == Unknown("no answer to the end of the message: timed out")
    assert stage.over == 1
    stage.close()


def test_a_relay_that_is_still_talking_has_its_time_anew(poll: Poll) -> None:
    stage = Stage(poll, Patience(0, 60, monotonic() + 60))
    stage.relay.sendall(b"250 ok\r\n")
    stage.link.expire()
    assert not stage.over
    assert stage.link.deadline > monotonic()
    stage.close()
