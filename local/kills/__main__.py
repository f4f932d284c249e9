"""Kill real senders while they send, and compare what they say with what the relay took.

    python -m local.kills --people 3200 --kills 20

Two workers send at once; whichever the relay is reading from is killed (SIGKILL), and another
takes its place. Pointers come again, leases run out after seconds. Then the relay tells what it
delivered, and everybody has to be accounted for: nobody twice, in doubt nobody whom it knows.
"""

import argparse
import random
import subprocess
import sys
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from local import stage
from local.kills.relay import Relay
from local.stage import Stage
from mailtide.domain import verp
from mailtide.domain.batch import BLOCK_SIZE

WORKERS = 2
SETTINGS = {"SENDER_TIMEOUT_SECONDS": "6", "LEASE_SECONDS": "8"}
DEADLINE_SECONDS = 480.0  # a sender that met a dead connection comes back after minutes
LOOK_SECONDS = 0.5  # of the schedule: a minute would take too long


@dataclass
class Workers:
    """The senders that are alive."""

    kills_left: int
    alive: list[subprocess.Popen[bytes]] = field(default_factory=list)
    killed: int = 0

    def fill(self) -> None:
        """Start senders until there are two."""
        self.alive = [one for one in self.alive if one.poll() is None]
        while len(self.alive) < WORKERS:
            command = [sys.executable, "-m", "local.kills.worker"]
            self.alive.append(subprocess.Popen(command, stdout=subprocess.DEVNULL))

    def strike(self, port: int) -> bool:
        """Kill the worker that a connection belongs to, and say whether one was killed."""
        for one in self.alive:
            if self.kills_left and port in _ports(one.pid):
                one.kill()
                one.wait()
                self.kills_left -= 1
                self.killed += 1
                return True
        return False

    def end(self) -> None:
        """Kill all that is left."""
        for one in self.alive:
            one.kill()
            one.wait()


@dataclass(frozen=True, slots=True)
class Books:
    """What the relay took, and what the product says, when all is over."""

    taken: Mapping[str, int]  # hand-overs by message
    states: Mapping[str, str]  # sent, refused, failed or in doubt, by message
    killed: int
    struck: Mapping[str, int]
    finished: bool

    def problems(self, messages: list[str]) -> list[str]:
        """Say what is wrong."""
        found = [] if self.finished else ["the campaign did not finish"]
        doubts = sum(state == "in doubt" for state in self.states.values())
        if doubts > self.killed * BLOCK_SIZE:
            found.append(f"{doubts} are in doubt, more than a block for each kill")
        found += [f"{one} was handed over {n} times" for one, n in self.taken.items() if n > 1]
        for one in messages:
            state, taken = self.states.get(one, "nothing"), one in self.taken
            if taken and state != "sent":
                found.append(f"{one} was taken, and its row says {state}")
            if not taken and state not in ("in doubt", "failed"):
                found.append(f"{one} was never taken, and its row says {state}")
        return found


def play(people: int, kills: int, seed: int, *, pipelining: bool = True) -> tuple[Books, list[str]]:
    """Send a campaign under kills; return the books and all messages."""
    chance = random.Random(seed)  # noqa: S311 - a repeatable run
    with stage.standing(**SETTINGS) as standing:
        from local import newsletter, reports

        workers = Workers(kills)
        extensions = ("PIPELINING", "CHUNKING") if pipelining else ()
        relay = Relay(workers.strike, chance, extensions)
        with relay.listening() as port:
            newsletter.add_people(people)
            newsletter.start(newsletter.relay(port))
            _launch(standing)
            relay.strike_every(people / (kills * 4))
            try:
                finished = _drive(workers)
            finally:
                workers.end()
        taken = {_named(sender): n for sender, n in relay.ledger.items()}
        messages = reports.message_ids(people)
        _tell(sorted(taken))
        return Books(taken, _states(messages), workers.killed, relay.strikes, finished), messages


def _named(sender: str) -> str:
    found = verp.read(sender)
    return found.message_id if found else ""


def _launch(standing: Stage) -> None:
    from functions.launch.handler import lambda_handler as launch

    launch(stage.sqs_event(standing.bodies("launch")), stage.Context())


def _drive(workers: Workers) -> bool:
    """Let senders and schedule run until the campaign is over; say whether it is."""
    from functions.release.handler import lambda_handler as release
    from local import newsletter
    from mailtide.domain.campaign import State
    from mailtide.store.campaigns import Campaigns

    deadline = time.monotonic() + DEADLINE_SECONDS
    while time.monotonic() < deadline:
        workers.fill()
        release({}, stage.Context())
        campaign = Campaigns().get(newsletter.ORG, newsletter.CAMPAIGN)
        if campaign is not None and campaign.state is State.SENT:
            return True
        time.sleep(LOOK_SECONDS)
    return False


def _tell(taken: list[str]) -> None:
    """Let the relay report what it took as delivered."""
    from functions.ingest.handler import lambda_handler as ingest
    from local import reports
    from mailtide import app

    reports.add_source()
    for body in reports.deliveries(taken, app.now()):
        ingest(stage.sqs_event([body]), stage.Context())


def _states(messages: list[str]) -> dict[str, str]:
    """Return what the rows say of each message."""
    from mailtide.domain.message import DOUBT, SENT
    from mailtide.store.messages import Messages

    found = {}
    for message, rows in Messages().of_messages(messages).items():
        by_key = {row.event_key: row for row in rows}
        doubt = by_key.get(DOUBT)
        if doubt is not None and not doubt.data.get("settled"):
            found[message] = "in doubt"
        elif SENT in by_key:
            found[message] = str(by_key[SENT].data["state"])
    return found


def _ports(pid: int) -> set[int]:
    """Return the local ports of a process's TCP connections (Linux)."""
    inodes = set()
    with suppress(OSError):
        for file in Path(f"/proc/{pid}/fd").iterdir():
            with suppress(OSError):
                name = str(file.readlink())
                if name.startswith("socket:["):
                    inodes.add(name[8:-1])
    lines = Path("/proc/net/tcp").read_text().splitlines()[1:]
    columns = [line.split() for line in lines]
    return {int(one[1].rpartition(":")[2], 16) for one in columns if one[9] in inodes}


def main() -> None:
    """Play once and tell."""
    parser = argparse.ArgumentParser(prog="python -m local.kills")
    parser.add_argument("--people", type=int, default=3200)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--plain", action="store_true", help="a relay without PIPELINING")
    options = parser.parse_args()
    began = time.monotonic()
    books, messages = play(
        options.people, options.kills, options.seed, pipelining=not options.plain
    )
    doubts = sum(state == "in doubt" for state in books.states.values())
    print(
        f"{time.monotonic() - began:.0f} s; {len(messages)} messages, {sum(books.taken.values())} "
        f"hand-overs, {books.killed} senders killed ({dict(books.struck)}), {doubts} left in doubt"
    )
    wrong = books.problems(messages)
    print("\n".join(wrong) or "everybody is accounted for, and nobody was written to twice")
    sys.exit(bool(wrong))


if __name__ == "__main__":
    main()
