"""Bulk campaign: many people mailed by the deployed functions, and what that takes.

    python -m local.bulk_campaign --people 100000

One campaign over two relays, whose receivers answer at once and report each delivery. The rate is
told as it goes; at the end the books have to agree, and each kind of process tells the CPU it took
and the most memory it held: so one sees what limits it.
Units: seconds; memory in MB, all processes of one kind together.
Exit status: 0 when the books agree, 1 when they do not, 128 + the signal when it was stopped early.
"""

import argparse
import os
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from local import laptop
from local.audit import audit, mailed_wrongly
from local.demo import people as demo_people
from local.demo.campaign import add_sending_ips, import_people, start
from local.laptop import Options
from local.receivers_process import QUIET_RATES
from local.verdict import told
from local.watch import Look, Watch, until_quiet

SENDERS = 4
HOURS = 2 * 3600.0  # in which each step has to end
TOLD_EVERY = 30.0
LOOK_EVERY = 2.0
RECEIVERS: dict[str, Any] = {
    "seed": "bulk",
    "delays": {"deliver": [0.0, 0.1], "retry": [1.0, 2.0]},
    "behaviour": {"rates": QUIET_RATES},
}


@dataclass
class Load:
    """CPU and memory of this process's descendants, by what they are."""

    seconds: Counter[str] = field(default_factory=Counter)  # of CPU, of those that have ended too
    most: Counter[str] = field(default_factory=Counter)  # MB at one look
    _taken: dict[int, int] = field(default_factory=dict)

    def look(self) -> None:
        """Look at the processes once; what one took since the last look before its end is lost."""
        held: Counter[str] = Counter()
        for pid, rss, seconds, args in _descendants():
            kind = _kind(args)
            held[kind] += rss // 1024
            self.seconds[kind] += seconds - self._taken.get(pid, 0)
            self._taken[pid] = seconds
        self.most |= held

    @contextmanager
    def watched(self) -> Iterator[None]:
        """Look every two seconds."""
        ended = threading.Event()

        def looks() -> None:
            while not ended.wait(LOOK_EVERY):
                self.look()

        thread = threading.Thread(target=looks)
        thread.start()
        try:
            yield
        finally:
            ended.set()
            thread.join()

    def __str__(self) -> str:
        return ", ".join(
            f"{kind} {seconds} s of CPU, {self.most[kind]} MB"
            for kind, seconds in self.seconds.most_common()
        )


@dataclass
class Progress:
    """Tells now and then how many have been mailed."""

    people: int
    say: Callable[[str], None]
    began: float = field(default_factory=time.monotonic)
    left_at: float = 0.0  # the last look at which somebody was still to be mailed
    _told_at: float = 0.0

    def show(self, look: Look) -> None:
        """Take one look."""
        now, mailed = time.monotonic(), look.seen.get("accepted", 0)
        if mailed < self.people:
            self.left_at = now
        if now >= self._told_at + TOLD_EVERY:
            self._told_at = now
            counted = look.counted.get("delivered", 0)
            self.say(f"{mailed} mailed, {counted} counted as delivered")


def _descendants() -> Iterator[tuple[int, int, int, str]]:
    """Yield number, memory in KB, seconds of CPU and command of each process below this one."""
    command = ["ps", "-ww", "-eo", "pid=,ppid=,rss=,cputimes=,args=", "--sort=start_time"]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    family = {os.getpid()}
    for line in listed.splitlines():
        pid, parent, rss, seconds, args = line.split(maxsplit=4)
        if int(parent) in family:
            family.add(int(pid))
            yield int(pid), int(rss), int(seconds), args


def _kind(args: str) -> str:
    kinds = {"-m ministack": "emulator", "ministack-lambda": "functions", "receivers": "receivers"}
    return next((kind for part, kind in kinds.items() if part in args), "others")


def play(people: int, say: Callable[[str], None]) -> list[str]:
    """Play one campaign on a laptop that is put up for it; return what is wrong."""
    file = demo_people.make(people, seed="bulk", bad=0, twice=0)
    options = Options(stack={"sender_concurrency": SENDERS}, receivers=RECEIVERS)
    load = Load()
    with laptop.running(options, say) as machine, load.watched():
        say(f"Importing {people} people")
        imported = import_people(machine.api, "Everybody", file, seconds=HOURS)
        add_sending_ips(machine.api, machine.ways_out, daily_limit=2 * people)
        say("Starting the campaign")
        progress = Progress(people, say)
        campaign_id = start(machine.api, [imported.list_id])
        watch = Watch(machine.api, machine.receivers, campaign_id)
        quiet = until_quiet(watch.look, people, progress.show, deadline_seconds=HOURS)
        seconds = progress.left_at - progress.began
        say(f"all mailed after {seconds:.0f} s: {people / seconds:.0f}/s")
        found = audit(machine.api, machine.receivers, campaign_id)
        wrong = mailed_wrongly(
            machine.api, campaign_id, found.ledger, expected=file.addresses, suppressed=()
        )
        say(str(load))
    return [
        *imported.problems,
        *found.problems,
        *wrong,
        *([] if quiet else ["the numbers still change"]),
    ]


def main() -> int:
    """Play, tell, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.bulk_campaign")
    parser.add_argument("--people", type=int, default=100_000)
    asked = parser.parse_args()
    return told(lambda say: play(asked.people, say))


if __name__ == "__main__":
    sys.exit(main())
