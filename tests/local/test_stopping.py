"""What is up is taken down once and in full, whatever signals come."""

import os
import signal

import pytest

from local.stopping import Stopped, stoppable


def hit(number: int) -> None:
    """Send ourselves a signal; it is delivered before this returns."""
    os.kill(os.getpid(), number)


def run(down: list[str], *, taking_down: tuple[int, ...] = (), ends_by: int | None = None) -> None:
    """Run a block with two things to take down, and signals while that is done."""
    with stoppable() as stack:
        stack.callback(down.append, "first")
        for number in taking_down:
            stack.callback(hit, number)
        stack.callback(down.append, "second")
        if ends_by:
            hit(ends_by)
            down.append("never")


@pytest.mark.parametrize(("number", "status"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signal_ends_the_block_and_takes_everything_down(number: int, status: int) -> None:
    down: list[str] = []
    with pytest.raises(Stopped) as stopped:
        run(down, ends_by=number)
    assert down == ["second", "first"]
    assert stopped.value.exit_status == status


def test_second_signal_does_not_interrupt_what_takes_things_down() -> None:
    down: list[str] = []
    with pytest.raises(Stopped):
        run(down, taking_down=(signal.SIGINT, signal.SIGTERM), ends_by=signal.SIGINT)
    assert down == ["second", "first"]


def test_signal_while_a_finished_block_is_taken_down_is_ignored() -> None:
    down: list[str] = []
    run(down, taking_down=(signal.SIGINT,))
    assert down == ["second", "first"]


def test_handlers_are_as_before_in_the_end() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with stoppable():
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signal.getsignal(signal.SIGTERM) is before
