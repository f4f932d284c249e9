"""The world's rules: what becomes of one message, and what its reader does with it.

Pure: everything follows from (seed, address, sending IP, subject) and the behaviour in force.
Units: delays are seconds, already scaled.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import TypeVar

from local.receivers.acts import Act, ActKind, Dice, Habits, reader_acts
from local.receivers.config import Behaviour, Delays, Domain, Rates
from local.receivers.providers import Provider, Reply, provider_of

Outcome = TypeVar("Outcome")


class Reception(StrEnum):
    """What the relay itself does with a message."""

    TAKEN = "taken"
    REFUSED_FOR_NOW = "relay4xx"
    REFUSED_FOR_GOOD = "relay5xx"
    TAKEN_IN_SILENCE = "drop"  # queued, but the connection dies before the reply


class Fate(StrEnum):
    """What the receiving side does with a message."""

    DELIVERED = "delivered"
    DEFERRED = "deferred"  # then delivered
    HARD = "hard"
    SOFT = "soft"
    BLOCKED = "blocked"
    KEPT_BACK = "kept_back"  # by the carrier, which asked no receiver


@dataclass(frozen=True, slots=True)
class Plan:
    """The life of one accepted message: relay acts from acceptance, reader acts from delivery."""

    fate: Fate
    provider: Provider
    reply: Reply | None  # of the refusal or deferral
    relay: tuple[Act, ...]
    reader: tuple[Act, ...]


_FORCED: dict[str, tuple[Reception, Fate, Habits]] = {
    "hard": (Reception.TAKEN, Fate.HARD, Habits()),
    "soft": (Reception.TAKEN, Fate.SOFT, Habits()),
    "block": (Reception.TAKEN, Fate.BLOCKED, Habits()),
    "defer": (Reception.TAKEN, Fate.DEFERRED, Habits()),
    "complain": (Reception.TAKEN, Fate.DELIVERED, Habits(complain=True)),
    "open": (Reception.TAKEN, Fate.DELIVERED, Habits(open=True)),
    "click": (Reception.TAKEN, Fate.DELIVERED, Habits(open=True, click=True)),
    "unsub": (Reception.TAKEN, Fate.DELIVERED, Habits(open=True, unsubscribe=True)),
    "unsubmail": (
        Reception.TAKEN,
        Fate.DELIVERED,
        Habits(open=True, unsubscribe=True, by_mail=True),
    ),
    "reply": (Reception.TAKEN, Fate.DELIVERED, Habits(open=True, reply=True)),
    "ooo": (Reception.TAKEN, Fate.DELIVERED, Habits(auto_reply=True)),
    "late": (Reception.TAKEN, Fate.DELIVERED, Habits(late=True)),
    "machine": (Reception.TAKEN, Fate.DELIVERED, Habits(machine=True)),
    "proxy": (Reception.TAKEN, Fate.DELIVERED, Habits(proxy=True)),
    "quiet": (Reception.TAKEN, Fate.DELIVERED, Habits()),
    "relay4xx": (Reception.REFUSED_FOR_NOW, Fate.DELIVERED, Habits()),
    "relay5xx": (Reception.REFUSED_FOR_GOOD, Fate.DELIVERED, Habits()),
    "drop": (Reception.TAKEN_IN_SILENCE, Fate.DELIVERED, Habits()),
}


@dataclass(frozen=True, slots=True)
class World:
    """The rules with everything they depend on; replace it to change the behaviour."""

    dice: Dice
    delays: Delays
    domains: dict[str, Domain]
    behaviour: Behaviour

    def reception(self, recipient: str, ip: str) -> Reception:
        """Decide what the relay does at RCPT, before it has seen the message."""
        forced = self._forced(recipient)
        if forced:
            return forced[0]
        rates = self._rates(recipient, ip, None)
        shares = (
            (Reception.REFUSED_FOR_NOW, rates.relay_4xx),
            (Reception.REFUSED_FOR_GOOD, rates.relay_5xx),
            (Reception.TAKEN_IN_SILENCE, rates.drop),
        )
        return _drawn(self.dice.roll(recipient, "relay"), shares) or Reception.TAKEN

    def taking(self, recipient: str) -> float:
        """Say how many seconds the relay needs for a message before it answers."""
        return self.dice.pick(self.delays.take, recipient, "take")

    def plan(self, recipient: str, ip: str, subject: str) -> Plan:
        """Decide the life of one accepted message."""
        recipient = recipient.lower()
        provider = self.provider(recipient)
        rates = self._rates(recipient, ip, subject)
        forced = self._forced(recipient)
        fate = forced[1] if forced else self._fate(recipient, ip, rates)
        delivered = fate in (Fate.DELIVERED, Fate.DEFERRED)
        habits = forced[2] if forced else self._habits(recipient, subject, provider, rates)
        replies = {
            Fate.HARD: provider.hard,
            Fate.SOFT: provider.full,
            Fate.BLOCKED: provider.blocked,
            Fate.DEFERRED: provider.greylisted,
        }
        reply = replies.get(fate)
        return Plan(
            fate=fate,
            provider=provider,
            reply=reply,
            relay=self._relay_acts(recipient, fate, reply),
            reader=(
                reader_acts(self.dice, self.delays, recipient, subject, provider, habits)
                if delivered
                else ()
            ),
        )

    def kept_back(self, recipient: str) -> Plan:
        """Return the life of a message that its carrier will not try to deliver."""
        return Plan(Fate.KEPT_BACK, self.provider(recipient), reply=None, relay=(), reader=())

    def provider(self, recipient: str) -> Provider:
        """Find who receives for an address."""
        return provider_of(recipient.rpartition("@")[2], self.domains)

    def _forced(self, recipient: str) -> tuple[Reception, Fate, Habits] | None:
        recipient = recipient.lower()
        word, plus, _ = recipient.partition("+")
        word = self.behaviour.addresses.get(recipient, word if plus else "")
        return _FORCED.get(word)

    def _rates(self, recipient: str, ip: str, subject: str | None) -> Rates:
        rates = self.behaviour.rates.model_dump()
        for override in self.behaviour.overrides:
            conditions = (
                override.ip in (None, ip),
                override.provider in (None, self.provider(recipient).name),
                override.domain in (None, recipient.lower().rpartition("@")[2]),
                override.subject is None or override.subject in (subject or ""),
            )
            if all(conditions):
                rates |= override.rates
        return Rates.model_validate(rates)

    def _fate(self, recipient: str, ip: str, rates: Rates) -> Fate:
        if self.dice.roll(recipient, ip, "block") < rates.block:
            return Fate.BLOCKED
        shares = (
            (Fate.HARD, rates.hard),
            (Fate.SOFT, rates.soft),
            (Fate.DEFERRED, rates.defer),
        )
        return _drawn(self.dice.roll(recipient, "fate"), shares) or Fate.DELIVERED

    def _habits(self, recipient: str, subject: str, provider: Provider, rates: Rates) -> Habits:
        def happens(what: str, share: float, *of: str) -> bool:
            return self.dice.roll(recipient, what, *of) < share

        machine = rates.machine if rates.machine is not None else 0.95 * provider.scanner
        proxy = rates.proxy if rates.proxy is not None else 0.5 * provider.proxy
        if happens("late", rates.late):
            return Habits(late=True)  # nobody is there to read it
        opens = happens("open", rates.open, subject)
        return Habits(
            open=opens,
            reopen=opens and happens("reopen", rates.reopen, subject),
            click=opens and happens("click", rates.click, subject),
            unsubscribe=opens and happens("unsubscribe", rates.unsubscribe, subject),
            by_mail=happens("by_mail", rates.by_mail),
            reply=opens and happens("reply", rates.reply, subject),
            auto_reply=happens("auto_reply", rates.auto_reply, subject),
            complain=provider.reports_complaints and happens("complain", rates.complain, subject),
            machine=happens("machine", machine),  # a gateway scans every message or none
            proxy=happens("proxy", proxy),
        )

    def _relay_acts(self, recipient: str, fate: Fate, reply: Reply | None) -> tuple[Act, ...]:
        first = self.dice.pick(self.delays.deliver, recipient, "deliver")
        if reply is None:
            return (Act(ActKind.DELIVER, first),)
        if fate is not Fate.DEFERRED and reply.code >= 500:
            return (Act(ActKind.BOUNCE, first),)
        again = first + self.dice.pick(self.delays.retry, recipient, "retry")
        last = ActKind.DELIVER if fate is Fate.DEFERRED else ActKind.GIVE_UP
        return Act(ActKind.DEFER, first), Act(last, again)


def _drawn(roll: float, shares: Iterable[tuple[Outcome, float]]) -> Outcome | None:
    """Return the outcome that a roll in [0, 1) falls on; None behind the last share."""
    for outcome, share in shares:
        if roll < share:
            return outcome
        roll -= share
    return None
