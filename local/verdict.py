"""Verdict: play something that judges itself, tell each step with its time, then what is wrong."""

import time
from collections.abc import Callable

from local.stopping import Stopped

SHOWN_PROBLEMS = 40

Say = Callable[[str], None]


def told(play: Callable[[Say], list[str]]) -> int:
    """Play, print, and return the exit status.

    It is 0 when nothing is wrong, 1 when something is, 128 + the signal when it was stopped early.
    """
    began = time.monotonic()

    def say(step: str) -> None:
        print(f"{time.monotonic() - began:6.1f} s {step}", flush=True)

    try:
        problems = play(say)
    except Stopped as stopped:
        return stopped.exit_status
    for problem in problems[:SHOWN_PROBLEMS]:
        print(problem)
    say(f"{len(problems)} things are wrong" if problems else "The books agree")
    return int(bool(problems))
