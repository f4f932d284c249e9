"""Run the benchmarks and write `benchmarks/RESULTS.md`.

python -m benchmarks            # all of them; the file is written anew
python -m benchmarks rendering  # some of them; only shown
"""

import sys
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

from benchmarks import machine
from benchmarks.promise import HEAD, Promise, measured

MODULES: tuple[str, ...] = (  # of this package, in the order of the table; each has `run`
    "rendering",
    "cold_start",
    "launch",
    "smtp",
    "sender",
    "ses",
    "life",
    "coming_back",
    "transactional",
)
RESULTS = Path(__file__).parent / "RESULTS.md"
INTRODUCTION = """# Results

`make bench` writes this file. Each line is a ratio or a count taken in one run on one machine; the
absolute figures are this machine's.
"""


def main(names: list[str]) -> int:
    """Run benchmarks; return 1 when a promise is not kept."""
    promises: list[Promise] = []
    print(HEAD)
    spawned = get_context("spawn")  # a process for each: none finds what another has loaded
    with ProcessPoolExecutor(1, spawned, max_tasks_per_child=1) as pool:
        for found in pool.map(measured, names or MODULES):
            print("\n".join(promise.row() for promise in found), flush=True)
            promises += found
    if not names:
        rows = "\n".join(promise.row() for promise in promises)
        RESULTS.write_text(f"{INTRODUCTION}\n{machine.facts()}\n\n{HEAD}\n{rows}\n")
    return 0 if all(promise.kept for promise in promises) else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
