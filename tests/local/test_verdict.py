"""What a command that judges itself prints at its end, and how it ends."""

import signal

import pytest

from local.stopping import Stopped
from local.verdict import SHOWN_PROBLEMS, Say, told


def test_books_that_agree_end_with_zero(capsys: pytest.CaptureFixture[str]) -> None:
    assert told(lambda say: []) == 0
    assert capsys.readouterr().out.endswith(" s The books agree\n")


def test_what_is_wrong_is_told_and_ends_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    problems = [f"problem {n}" for n in range(SHOWN_PROBLEMS + 1)]
    assert told(lambda say: problems) == 1
    *shown, end = capsys.readouterr().out.splitlines()
    assert shown == problems[:SHOWN_PROBLEMS]
    assert end.endswith(f" s {SHOWN_PROBLEMS + 1} things are wrong")


def test_command_that_is_stopped_ends_as_a_shell_says_it() -> None:
    def play(say: Say) -> list[str]:
        raise Stopped(signal.SIGTERM)

    assert told(play) == 128 + signal.SIGTERM
