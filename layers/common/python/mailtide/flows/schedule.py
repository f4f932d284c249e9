"""Schedule: start the campaigns whose time has come, as a call of the API would.

Two looks may meet the same campaign: the start is one conditional transaction, so one of them
starts it. What cannot start goes back to the drafts and says why; our own trouble changes nothing,
and the next look tries again.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from mailtide.domain.campaign import Campaign
from mailtide.errors import ConflictError, InvalidInputError, RetryableError
from mailtide.flows.start import Starter

AT_ONCE = 20  # campaigns that one look starts; more wait for the next, a minute later


class Campaigns(Protocol):
    """The campaigns."""

    def due(self, now: datetime, limit: int) -> Sequence[Campaign]:
        """Return up to `limit` scheduled campaigns whose time has come, the earliest first."""
        ...

    def give_up(self, campaign: Campaign, reason: str, at: datetime) -> bool:
        """Make a campaign a draft that says why, if it is still what `campaign` says."""
        ...


@dataclass(frozen=True, slots=True)
class Schedule:
    """The scheduled campaigns of all organisations."""

    campaigns: Campaigns
    starter: Starter

    def run(self, now: datetime) -> int:
        """Take one look; return how many campaigns it started."""
        return sum(self._start(campaign, now) for campaign in self.campaigns.due(now, AT_ONCE))

    def _start(self, campaign: Campaign, now: datetime) -> bool:
        try:
            self.starter.start(campaign)
        except RetryableError:
            return False
        except (ConflictError, InvalidInputError) as error:
            self.campaigns.give_up(campaign, error.detail, now)
            return False
        return True
