"""Watch a campaign from outside: what the receivers saw beside what the product counts."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from cli.api import Api
from local.receivers_process import Receivers

QUIET_SECONDS = 10.0
LOOK_EVERY_SECONDS = 2.0


@dataclass(frozen=True, slots=True)
class Look:
    """One look at both books."""

    state: str  # of the campaign
    seen: Mapping[str, int]  # the receivers' sums
    counted: Mapping[str, int]  # the product's
    settled: bool  # the receivers have nothing more to do or to tell

    @property
    def books(self) -> tuple[Mapping[str, int], Mapping[str, int]]:
        """Return what has to stay the same for the campaign to be over."""
        return self.seen, self.counted


@dataclass(frozen=True, slots=True)
class Watch:
    """Looks at one campaign."""

    api: Api
    receivers: Receivers
    campaign_id: str

    def look(self) -> Look:
        """Look once."""
        settled = self.receivers.is_settled()  # first: what comes later is the next look's
        summary = self.receivers.summary(self.campaign_id)
        refused = sum(n for code, n in summary["refused_by_relay"].items() if code >= "5")
        return Look(
            state=self.api.get(f"/api/campaigns/{self.campaign_id}")["state"],
            seen={**summary["totals"], "refused": refused},
            counted=totals(self.api, self.campaign_id),
            settled=settled,
        )


@dataclass(frozen=True, slots=True)
class Clock:
    """The time in seconds, and a way to let it pass."""

    now: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep


def until_quiet(
    looks: Callable[[], Look],
    people: int,
    show: Callable[[Look], None],
    *,
    deadline_seconds: float,
    clock: Clock = Clock(),
) -> bool:
    """Look every two seconds until nothing has changed for ten; False when that took too long.

    Args:
        looks: looks once.
        people: how many are to be mailed; before that nothing is over.
        show: is given every look.
        deadline_seconds: after which to give up.
        clock: the time.
    """
    started = changed = clock.now()
    before: Look | None = None
    while (now := clock.now()) < started + deadline_seconds:
        look = looks()
        show(look)
        if before is None or look.books != before.books or not _is_over(look, people):
            before, changed = look, now
        elif now - changed >= QUIET_SECONDS:
            return True
        clock.sleep(LOOK_EVERY_SECONDS)
    return False


def _is_over(look: Look, people: int) -> bool:
    # Nobody sends again what may have arrived: once the receivers are settled, a doubt is the end.
    ended = look.seen.get("accepted", 0) + look.seen["refused"] + look.counted.get("in_doubt", 0)
    return look.settled and ended >= people


def totals(api: Api, campaign_id: str) -> dict[str, int]:
    """Read what the product counts of a campaign."""
    answer = api.get(f"/api/campaigns/{campaign_id}/insights")
    return {metric: int(count) for metric, count in answer["totals"]["counts"].items()}
