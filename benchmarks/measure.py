"""Measure: CPU time of cases taken in turns, so that a noisy machine is as noisy to each.

Units: CPU seconds (user and system) of this process, unless a name says otherwise.
"""

import gc
import time
from collections.abc import Callable, Mapping
from contextlib import redirect_stdout
from io import StringIO
from statistics import median

ROUNDS = 7
ROUND_SECONDS = 0.2


def cpu_per_call(
    cases: Mapping[str, Callable[[], object]],
    rounds: int = ROUNDS,
    round_seconds: float = ROUND_SECONDS,
) -> dict[str, float]:
    """Return the CPU seconds of one call of each case: the median over rounds taken in turns."""
    calls = {name: _calls(case, round_seconds) for name, case in cases.items()}
    found: dict[str, list[float]] = {name: [] for name in cases}
    for _ in range(rounds):
        for name, case in cases.items():
            found[name].append(_cpu(case, calls[name]) / calls[name])
    return {name: median(seconds) for name, seconds in found.items()}


def cpu(work: Callable[[], object]) -> float:
    """Return the CPU seconds of work that can be done once; what it prints is not shown."""
    began = time.process_time()
    with redirect_stdout(StringIO()):  # where handlers write metrics
        work()
    return time.process_time() - began


def _calls(case: Callable[[], object], round_seconds: float) -> int:
    """Return how many calls fill a round."""
    calls = 1
    while True:
        seconds = _cpu(case, calls)
        if seconds >= round_seconds / 4:
            return max(1, round(calls * round_seconds / seconds))
        calls *= 4


def _cpu(case: Callable[[], object], calls: int) -> float:
    gc.collect()
    began = time.process_time()
    for _ in range(calls):
        case()
    return time.process_time() - began
