"""Play one large life and judge it: `python -m local.world.large 1000000`.

`--moves` pauses and resumes it eight times on the way, and `--cancel` calls it off in the middle;
senders die, freeze and lose replies meanwhile. Nothing is heard of the mail once it has left: what
is played is the launch, the sending and its counters. Result: docs/domain/sending.md.
"""

import argparse
import resource
import time
from collections import Counter

from local.world.case import Case
from local.world.faults import Fault
from local.world.judge import judge
from local.world.world import World
from mailtide.domain.campaign import Move

STEPS_EACH = 1.3  # of a message, about: its hand-over, and its share of a block's calls
PAUSES = 8
FAULTS = 40


def case(contacts: int, *, moves: bool, cancel: bool) -> Case:
    """Return the life: limits that make nobody wait, ten senders, a silent and a moody relay."""
    steps = int(contacts * STEPS_EACH)
    at = [steps * (n + 1) // (PAUSES + 2) for n in range(PAUSES)]
    acts = dict.fromkeys(at, Move.PAUSE) | {step + 2000: Move.RESUME for step in at}
    kinds = list(Fault)
    faults = {steps * (n + 1) // (FAULTS + 1): kinds[n % len(kinds)] for n in range(FAULTS)}
    return Case(
        contacts=contacts,
        shards="0123456789abcdef",
        senders=10,
        batch_size=1000,
        block_size=100,
        readers=0.0,
        stream_cut=1000,
        moves=(acts if moves else {}) | ({steps // 2: Move.CANCEL} if cancel else {}),
        faults=faults if moves or cancel else {},
    )


def main() -> None:
    """Play the life that the command line asks for; print what it came to."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("contacts", type=int)
    parser.add_argument("--moves", action="store_true")
    parser.add_argument("--cancel", action="store_true")
    asked = parser.parse_args()
    world = World(case(asked.contacts, moves=asked.moves, cancel=asked.cancel))
    began, cpu = time.perf_counter(), time.process_time()
    world.run()
    seconds, cpu = time.perf_counter() - began, time.process_time() - cpu
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    judge(world)
    left = len(world.relay.ledger)
    told = Counter(str(row.data.get("state", row.event_key)) for row in world.table.all())
    print(f"{left:,} messages left, each once; every invariant holds")
    print(f"rows: {dict(told)}; {world.mishaps} invocations died, failed or froze")
    print(f"{seconds:.0f} s, {cpu:.0f} s of CPU: {cpu / max(left, 1) * 1e6:.0f} µs a message")
    print(f"{memory:,.0f} MB at most; {world.scheduler.steps:,} steps, {world.runs:,} invocations")


if __name__ == "__main__":
    main()
