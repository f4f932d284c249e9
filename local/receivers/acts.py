"""What happens to a delivered message: the acts of its reader and of the machines before it.

Pure. Units: delays are seconds, already scaled.
"""

import hashlib
from dataclasses import dataclass
from enum import StrEnum

from local.receivers.config import Delays, Window
from local.receivers.providers import Provider

BROWSERS = (
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) "
    "Version/17.5 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) "
    "Chrome/126.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:127.0) Gecko/20100101 Firefox/127.0",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 17_5 like Mac OS X) AppleWebKit/605.1.15 "
    "(KHTML, like Gecko) Version/17.5 Mobile/15E148 Safari/604.1",
)
APPLE_PROXY = "Mozilla/5.0"
SCANNERS = (
    "Mozilla/5.0 (compatible; MimecastScanner/1.0; +https://www.mimecast.com/)",
    "BarracudaCentral-LinkScanner/2.1",
    "python-requests/2.32.3",
)
HEAD_SHARE = 0.3  # of the scanned addresses, the rest is fetched with GET


@dataclass(frozen=True, slots=True)
class Dice:
    """Chance that repeats: the same seed and words give the same number."""

    seed: str
    scale: float

    def roll(self, *words: str) -> float:
        """Draw from [0, 1)."""
        text = "\0".join((self.seed, *words)).lower()
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=6).digest()) / 2**48

    def pick(self, window: Window, *words: str) -> float:
        """Draw a delay from a window, scaled."""
        earliest, latest = window
        return self.scale * (earliest + (latest - earliest) * self.roll(*words, "delay"))

    def one_of(self, choices: tuple[str, ...], *words: str) -> str:
        """Draw one of several."""
        return choices[int(self.roll(*words) * len(choices))]


class ActKind(StrEnum):
    """One thing that will happen."""

    DEFER = "defer"
    DELIVER = "deliver"
    BOUNCE = "bounce"
    GIVE_UP = "give_up"
    OPEN = "open"
    CLICK = "click"
    SCAN = "scan"  # the pixel and every link at once
    UNSUBSCRIBE = "unsubscribe"
    UNSUBSCRIBE_BY_MAIL = "unsubscribe_by_mail"
    REPLY = "reply"
    AUTO_REPLY = "auto_reply"
    LATE_BOUNCE = "late_bounce"  # the receiver took the message and gives it back
    COMPLAIN = "complain"


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that will happen, `after` seconds from acceptance or, for readers, delivery."""

    kind: ActKind
    after: float
    machine: bool = False
    agent: str = ""
    address: str = ""  # of the client, for X-Forwarded-For
    method: str = "GET"
    choice: float = 0.0  # in [0, 1): which link, which form of body


@dataclass(frozen=True, slots=True)
class Habits:
    """What the reader, and the machines before it, will do with one delivered message."""

    open: bool = False
    reopen: bool = False
    click: bool = False
    unsubscribe: bool = False
    by_mail: bool = False  # how to unsubscribe
    reply: bool = False
    auto_reply: bool = False
    late: bool = False
    complain: bool = False
    machine: bool = False
    proxy: bool = False


def reader_acts(
    dice: Dice, delays: Delays, recipient: str, subject: str, provider: Provider, habits: Habits
) -> tuple[Act, ...]:
    """Plan what follows delivery; `after` counts from it."""
    machines = _machine_acts(
        dice, dice.pick(delays.machine, recipient, "machine"), recipient, habits
    )
    return *machines, *_human_acts(dice, delays, recipient, subject, provider, habits)


def _machine_acts(dice: Dice, after: float, recipient: str, habits: Habits) -> list[Act]:
    acts = []
    if habits.machine:
        scanner = dice.one_of(SCANNERS, recipient.rpartition("@")[2], "scanner")
        acts.append(
            Act(
                ActKind.SCAN,
                after,
                machine=True,
                agent=scanner,
                address=f"198.51.100.{10 + SCANNERS.index(scanner)}",
                method="HEAD" if dice.roll(recipient, "method") < HEAD_SHARE else "GET",
            )
        )
    if habits.proxy:
        address = f"17.58.0.{int(dice.roll(recipient, 'exit') * 254) + 1}"
        acts.append(Act(ActKind.OPEN, after, machine=True, agent=APPLE_PROXY, address=address))
    choice = dice.roll(recipient, "away")
    if habits.auto_reply:
        acts.append(Act(ActKind.AUTO_REPLY, after, machine=True, choice=choice))
    if habits.late:
        acts.append(Act(ActKind.LATE_BOUNCE, after, machine=True, choice=choice))
    return acts


def _human_acts(
    dice: Dice, delays: Delays, recipient: str, subject: str, provider: Provider, habits: Habits
) -> list[Act]:
    browser = dice.one_of(BROWSERS, recipient, "browser")
    home = int(dice.roll(recipient, "home") * 2**17)  # in 198.18.0.0/15, set aside for tests
    address = f"198.{18 + (home >> 16)}.{home >> 8 & 255}.{home & 255}"
    choice = dice.roll(recipient, subject, "choice")
    opened = dice.pick(delays.human, recipient, subject, "opened")

    def act(kind: ActKind, agent: str, what: str | None = None) -> Act:
        later = dice.pick(delays.next, recipient, subject, what) if what else 0.0
        return Act(kind, opened + later, agent=agent, address=address, choice=choice)

    viewer = provider.agent or browser
    way_out = ActKind.UNSUBSCRIBE_BY_MAIL if habits.by_mail else ActKind.UNSUBSCRIBE
    wanted = (
        (habits.open, act(ActKind.OPEN, viewer)),
        (habits.reopen, act(ActKind.OPEN, viewer, "reopen")),
        (habits.click, act(ActKind.CLICK, browser, "click")),
        (habits.unsubscribe, act(way_out, browser, "unsubscribe")),
        (habits.reply, act(ActKind.REPLY, browser, "reply")),
        (habits.complain, act(ActKind.COMPLAIN, browser, "complain")),
    )
    return [planned for happens, planned in wanted if happens]
