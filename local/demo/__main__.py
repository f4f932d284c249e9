"""The demo: deploy the real template on this machine, mail 2,000 people, compare the books.

`make demo` stays up at the end, to be called, until Ctrl-C; `DEMO_ONCE=1 make demo` ends by itself.
Exit status: 0 when the books agree, 1 when they do not, 128 + the signal when it was stopped early.
"""

import os
import sys
import threading
import time

from rich.console import Console

from local import laptop
from local.audit import audit, mailed_wrongly
from local.demo import people, report
from local.demo.campaign import Audience, add_sending_ips, import_people, start, suppress
from local.demo.progress import progress
from local.laptop import Laptop, Options
from local.stopping import Stopped
from local.watch import Watch, until_quiet

ROWS, BAD, TWICE = 2000, 39, 25
SHARED, STRANGERS = 300, 100  # of the second list
SUPPRESSED = 20
SEED = "mailtide"
# Of each sending IP, by what carries its mail. SES starts small, as in its sandbox; its events come
# one by one, and an emulator is slow at that.
DAILY_LIMITS = {"smtp": 5000, "ses": 100}
CAMPAIGN_SECONDS = 400.0  # far more than it takes; then something is stuck
SCANNER = {"provider": "other", "mx": "mx.gateway.example", "scanner": True}
OPTIONS = Options(
    ses_tags=("ses1",),
    stack={"sender_concurrency": 4},
    receivers={
        "seed": SEED,
        "domains": dict.fromkeys(people.SCANNED, SCANNER),
        # People come when no hit looks like a machine's any more, and soon, for who waits.
        "delays": {"human": (8.0, 12.0), "next": (1.0, 3.0)},
        "behaviour": {"rates": {"complain": 0.005, "open": 0.14}},
    },
)


def main() -> int:
    """Run the demo and return its exit status."""
    console = Console()
    began = time.monotonic()

    def say(step: str) -> None:
        console.print(f"[dim]{time.monotonic() - began:5.1f} s[/] {step}")

    agreed = None
    try:
        with laptop.running(OPTIONS, say) as machine:
            agreed = Demo(console, machine).run()
            say("Done")
            if not os.environ.get("DEMO_ONCE"):
                _stay(console)
    except Stopped as stopped:
        console.print("Stopped; nothing is left behind.")
        return stopped.exit_status if agreed is None else int(not agreed)
    return int(not agreed)


class Demo:
    """One campaign from the file to the books."""

    def __init__(self, console: Console, machine: Laptop) -> None:
        self._console = console
        self._machine = machine
        self._api = machine.api

    def run(self) -> bool:
        """Send the campaign; return whether the books agree."""
        first = people.make(ROWS, seed=SEED, bad=BAD, twice=TWICE)
        second = people.overlapping(first, shared=SHARED, strangers=STRANGERS, seed=SEED)
        audience = Audience(first, second, first.addresses[-SUPPRESSED:])
        lists, problems = self._import(audience)
        campaign_id, quiet = self._send(audience, lists)
        found = audit(self._api, self._machine.receivers, campaign_id)
        if not quiet:
            problems.append(f"after {CAMPAIGN_SECONDS:.0f} seconds numbers still changed")
        problems += found.problems
        problems += mailed_wrongly(
            self._api,
            campaign_id,
            found.ledger,
            expected=audience.expected,
            suppressed=audience.suppressed,
        )
        report.show_insights(self._console, self._api, campaign_id)
        report.show_confusion(self._console, found.confusion)
        report.show_verdict(self._console, found, problems)
        self._show_address(campaign_id)
        return not problems

    def _import(self, audience: Audience) -> tuple[list[str], list[str]]:
        """Import both files; return the lists and what went wrong."""
        lists, problems = [], []
        for name, file in (("Newsletter", audience.first), ("Customers", audience.second)):
            self._console.print(f"Importing {file.rows} rows into the list [b]{name}[/]")
            imported = import_people(self._api, name, file)
            job = imported.job
            self._console.print(
                f"  {job['imported']} imported, {job['merged']} merged, {job['refused']} refused"
            )
            for row in imported.report[:3]:
                refusal = f"  line {row['line']}: {row['reason']}"
                self._console.print(refusal, style="dim", markup=False, soft_wrap=True)
            lists.append(imported.list_id)
            problems += [f"import of {name}: {problem}" for problem in imported.problems]
        return lists, problems

    def _send(self, audience: Audience, lists: list[str]) -> tuple[str, bool]:
        """Send the campaign; return its id and whether it came to rest."""
        self._console.print(f"Suppressing {len(audience.suppressed)} of them")
        suppress(self._api, audience.suppressed)
        ways_out = self._machine.ways_out
        named = ", ".join(f"{way.tag} ({way.transport['kind'].upper()})" for way in ways_out)
        self._console.print(f"Adding the sending IPs {named}")
        for way in ways_out:
            add_sending_ips(self._api, [way], DAILY_LIMITS[way.transport["kind"]])
        count = len(audience.expected)
        self._console.print(f"Starting a campaign to {count} people on both lists")
        campaign_id = start(self._api, lists)
        watch = Watch(self._api, self._machine.receivers, campaign_id)
        with progress(self._console, count) as show:
            quiet = until_quiet(watch.look, count, show, deadline_seconds=CAMPAIGN_SECONDS)
        return campaign_id, quiet

    def _show_address(self, campaign_id: str) -> None:
        self._console.print(f"\nThe API is at {self._machine.url}. Try:")
        self._console.print(
            f"curl -s -H 'Authorization: Bearer {self._machine.owner.key}' "
            f"'{self._machine.url}/api/campaigns/{campaign_id}/insights?group_by=provider'\n",
            soft_wrap=True,
            markup=False,
            highlight=False,
        )


def _stay(console: Console) -> None:
    console.print("It stays up until Ctrl-C.")
    threading.Event().wait()


if __name__ == "__main__":
    sys.exit(main())
