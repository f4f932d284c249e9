"""Moves: pause, resume and cancel campaigns while the deployed functions send them.

    python -m local.moves --people 5000 --moves 6

One campaign is paused and resumed at moments that chance chooses, and finishes; a second one to the
same people is cancelled in the middle. Every other pause is short, and resumed while senders still
work. The others and the cancel are long: once no sender works any more, the receivers' ledger must
not grow. Then the ledger, the rows of all messages and the counters have to agree.

So that nobody waits for the minute of the schedule, its function is invoked every few seconds, also
while a campaign stands still.
Exit status: 0 when the books agree, 1 when they do not, 128 + the signal when it was stopped early.
"""

import argparse
import json
import random
import sys
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from local import laptop
from local.audit import audit
from local.books import people_problems, unmailed
from local.demo import people as demo_people
from local.demo.campaign import add_sending_ips, import_people, start
from local.deployed import Deployed
from local.laptop import Laptop, Options
from local.receivers_process import QUIET_RATES
from local.verdict import told
from local.watch import Watch, until_quiet
from mailtide.domain.batch import BLOCK_SIZE
from mailtide.domain.campaign import Move, State
from mailtide.domain.message import SENT, SentState

SENDERS = 4
STILL_SECONDS = 5.0  # that a long pause lasts once no sender works
SHORT_SECONDS = 1.5  # that a short one lasts at most
LAST_MOMENT = 0.6  # of the people; the rest is left for who resumes
LOOK_SECONDS = 5.0  # between two looks of the schedule
POLL_SECONDS = 0.2
PATIENCE_SECONDS = 400.0  # more than a lease; whatever takes longer is stuck
RECEIVERS: dict[str, Any] = {
    "seed": "moves",
    # A relay that answers at once leaves hardly anything in hands when a pause comes.
    "delays": {"take": [0.1, 0.3], "deliver": [0.05, 0.4], "retry": [1.0, 2.0]},
    "behaviour": {"rates": QUIET_RATES},  # nobody may be suppressed before the second campaign
}


@dataclass(frozen=True, slots=True)
class Stop:
    """A pause or a cancel, and what left then: messages in the receivers' ledger."""

    move: Move
    mailed: int  # when it was answered
    in_hands: int = 0  # from then on, until no sender worked
    still: int = 0  # after that

    def __str__(self) -> str:
        return (
            f"{self.move}, {self.mailed} mailed: {self.in_hands} more that senders had in hands, "
            f"{self.still} after that"
        )

    def problems(self, people: int) -> list[str]:
        """Say what is wrong with it in a campaign to so many people.

        A sender reads the campaign before each block, so it may finish the one it has.
        """
        found = []
        if self.mailed + self.in_hands >= people:
            found.append("it stopped nothing: everybody was mailed")
        if self.in_hands > SENDERS * BLOCK_SIZE:
            found.append(f"{self.in_hands} left after it, more than a block for each sender")
        if self.still:
            found.append(f"{self.still} left when no sender had anything in hands")
        return [f"{self.move}, {self.mailed} mailed: {one}" for one in found]


def row_problems(rows: Mapping[str, str], ledger: Mapping[str, Any]) -> list[str]:
    """Say whose `sent` rows do not fit the ledger; `rows` has their states by message."""
    told = {message for message, state in rows.items() if state == SentState.SENT}
    taken = {message["message_id"] for message in ledger["messages"]}
    return [
        *(f"{one} was taken, and no row says `sent`" for one in sorted(taken - told)),
        *(f"{one} was never taken, and a row says `sent`" for one in sorted(told - taken)),
    ]


class Player:
    """Plays campaigns to one list, and judges them: `problems` says what is wrong."""

    def __init__(
        self, machine: Laptop, list_id: str, people: Collection[str], say: Callable[[str], None]
    ) -> None:
        self.problems: list[str] = []
        self._machine = machine
        self._deployed = Deployed(machine)
        self._list_id = list_id
        self._people = people
        self._say = say
        self._looked_at = 0.0

    def pausing(self, moments: Sequence[int], dice: random.Random) -> None:
        """Play a campaign that is paused whenever so many are mailed, and finishes."""
        campaign_id = self._started()
        began, paused = time.monotonic(), 0.0
        for n, mailed in enumerate(moments):
            self._until_mailed(campaign_id, mailed)
            stopped_at = time.monotonic()
            self._stop(campaign_id, Move.PAUSE, None if n % 2 == 0 else dice.random())
            self._move(campaign_id, Move.RESUME)
            paused += time.monotonic() - stopped_at
        self._until_mailed(campaign_id, len(self._people))
        seconds = time.monotonic() - began - paused
        self._say(f"everybody mailed, {len(self._people) / seconds:.0f}/s but for the pauses")
        self._wait("it is finished", lambda: self._state(campaign_id) == State.SENT)
        self._judge(campaign_id, State.SENT)

    def cancelling(self, mailed: int) -> None:
        """Play a campaign that is cancelled when so many are mailed."""
        campaign_id = self._started()
        self._until_mailed(campaign_id, mailed)
        self._stop(campaign_id, Move.CANCEL)
        left = self._mailed(campaign_id)
        self._judge(campaign_id, State.CANCELLED)
        if more := self._mailed(campaign_id) - left:
            self.problems.append(f"{more} left long after the cancel")

    def _started(self) -> str:
        self._say(f"Campaign to {len(self._people)} people")
        campaign_id = start(self._machine.api, [self._list_id])
        self._until_mailed(campaign_id, 1)
        return campaign_id

    def _stop(self, campaign_id: str, move: Move, share: float | None = None) -> None:
        """Stop a campaign, until it stands still or for a share of a short pause."""
        self._move(campaign_id, move)
        mailed = self._mailed(campaign_id)
        if share is not None:
            stop = Stop(move, mailed)
            self._say(f"{move}, {mailed} mailed: for {share * SHORT_SECONDS:.1f} s")
            time.sleep(share * SHORT_SECONDS)
        else:
            self._wait("no sender works", lambda: not self._deployed.waiting("SendingQueue"))
            drained = self._mailed(campaign_id)
            self._look()
            time.sleep(STILL_SECONDS)
            stop = Stop(move, mailed, drained - mailed, self._mailed(campaign_id) - drained)
            self._say(str(stop))
        self.problems += stop.problems(len(self._people))

    def _judge(self, campaign_id: str, state: State) -> None:
        """Wait until all is told of what left, and compare the books."""
        api, receivers = self._machine.api, self._machine.receivers
        watch = Watch(api, receivers, campaign_id)
        mailed = self._mailed(campaign_id)
        quiet = until_quiet(watch.look, mailed, lambda _: None, deadline_seconds=PATIENCE_SECONDS)
        found = audit(api, receivers, campaign_id)
        spared = unmailed(found.ledger, self._people) if state is State.CANCELLED else set()
        self._say(f"{len(found.ledger['messages'])} mailed, {len(spared)} spared by a cancel")
        if not quiet:
            self.problems.append(f"numbers still changed after {PATIENCE_SECONDS:.0f} s")
        self.problems += found.problems
        expected = set(self._people) - spared
        self.problems += people_problems(found.ledger, expected=expected, suppressed=())
        self.problems += row_problems(self._rows(campaign_id), found.ledger)
        campaign = api.get(f"/api/campaigns/{campaign_id}")
        told, right = (campaign["state"], campaign["recipients"]), (state, len(self._people))
        if told != right:
            self.problems.append(f"the campaign says {told}, and not {right}")

    def _rows(self, campaign_id: str) -> dict[str, str]:
        """Return the states of a campaign's `sent` rows by message."""
        return {
            row["message_id"]["S"]: json.loads(row["data"]["S"])["state"]
            for row in self._deployed.event_rows()
            if row["event_key"]["S"] == SENT and row["campaign_id"]["S"] == campaign_id
        }

    def _move(self, campaign_id: str, move: Move) -> None:
        self._machine.api.post(f"/api/campaigns/{campaign_id}/{move}")

    def _state(self, campaign_id: str) -> str:
        return str(self._machine.api.get(f"/api/campaigns/{campaign_id}")["state"])

    def _mailed(self, campaign_id: str) -> int:
        return int(self._machine.receivers.summary(campaign_id)["totals"].get("accepted", 0))

    def _until_mailed(self, campaign_id: str, count: int) -> None:
        self._wait(f"{count} are mailed", lambda: self._mailed(campaign_id) >= count)

    def _wait(self, what: str, done: Callable[[], bool]) -> None:
        """Wait until something is so, and let the schedule look meanwhile.

        Raises:
            TimeoutError: it is not so in time.
        """
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not done():
            now = time.monotonic()
            if now >= deadline:
                raise TimeoutError(f"{PATIENCE_SECONDS:.0f} s were not enough until {what}")
            if now >= self._looked_at + LOOK_SECONDS:
                self._look()
            time.sleep(POLL_SECONDS)

    def _look(self) -> None:
        self._deployed.invoke("release", {})
        self._looked_at = time.monotonic()


def play(people: int, moves: int, seed: int, say: Callable[[str], None]) -> list[str]:
    """Play both campaigns on a laptop that is put up for it; return what is wrong."""
    dice = random.Random(seed)  # noqa: S311 - a repeatable run, as far as a machine repeats
    file = demo_people.make(people, seed=str(seed), bad=0, twice=0)
    moments = sorted(dice.sample(range(1, int(people * LAST_MOMENT)), moves))
    options = Options(stack={"sender_concurrency": SENDERS}, receivers=RECEIVERS)
    with laptop.running(options, say) as machine:
        say(f"Importing {people} people")
        imported = import_people(machine.api, "Everybody", file)
        add_sending_ips(machine.api, machine.ways_out, daily_limit=2 * people)
        player = Player(machine, imported.list_id, file.addresses, say)
        player.problems += imported.problems
        try:
            player.pausing(moments, dice)
            player.cancelling(dice.randrange(people // 5, people // 2))
        except TimeoutError as late:
            player.problems.append(str(late))
    return player.problems


def main() -> int:
    """Play, tell, and return the exit status."""
    parser = argparse.ArgumentParser(prog="python -m local.moves")
    parser.add_argument("--people", type=int, default=5000)
    parser.add_argument("--moves", type=int, default=6, help="pauses of the first campaign")
    parser.add_argument("--seed", type=int, default=1)
    asked = parser.parse_args()
    return told(lambda say: play(asked.people, asked.moves, asked.seed, say))


if __name__ == "__main__":
    sys.exit(main())
