"""Campaign desk: plan campaigns, say what a start would do, move them between their states."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from mailtide.domain.campaign import Campaign, Move, State, checked_send_at, moved
from mailtide.domain.page import Page
from mailtide.errors import ConflictError, NotFoundError, RetryableError
from mailtide.flows.forecast import Forecast, Forecaster
from mailtide.flows.start import Starter

_ROUNDS = 3  # of a move; each but the first means that others moved the campaign meanwhile


class Campaigns(Protocol):
    """The campaigns."""

    def get(self, org_id: str, campaign_id: str) -> Campaign | None:
        """Read one campaign consistently."""
        ...

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Campaign]:
        """Return the organisation's campaigns by id."""
        ...

    def create(self, campaign: Campaign) -> bool:
        """Write a draft under a fresh id; False when the id is taken."""
        ...

    def revise(self, campaign: Campaign) -> bool:
        """Write what a draft plans anew; False when it is no draft any more, or gone."""
        ...

    def delete_draft(self, campaign: Campaign) -> bool:
        """Delete a draft; False when it is no draft any more, or gone."""
        ...

    def move(self, campaign: Campaign, move: Move, at: datetime) -> bool:
        """Write a transition if the state is still what `campaign` says."""
        ...

    def schedule(self, campaign: Campaign, send_at: datetime, at: datetime) -> bool:
        """Let a campaign wait for its time if it is still what `campaign` says."""
        ...


@dataclass(frozen=True, slots=True)
class CampaignDesk:
    """The campaigns of all organisations."""

    campaigns: Campaigns
    starter: Starter
    forecaster: Forecaster
    new_id: Callable[[], str]
    clock: Callable[[], datetime]

    def get(self, org_id: str, campaign_id: str) -> Campaign:
        """Return one campaign.

        Raises:
            NotFoundError: when the organisation has none such.
        """
        campaign = self.campaigns.get(org_id, campaign_id)
        if campaign is None:
            raise NotFoundError("There is no campaign with this id.")
        return campaign

    def draft(self, org_id: str, plan: Mapping[str, Any]) -> Campaign:
        """Create a draft; `plan` has the fields of a campaign that a customer decides.

        Raises:
            InvalidInputError: when something it names is not there; the error says which field.
        """
        blank = Campaign(org_id, self.new_id(), "", (), "", "", State.DRAFT, self.clock())
        campaign = _planned(blank, plan)
        self.starter.content(campaign)
        if not self.campaigns.create(campaign):
            raise RetryableError("The new campaign's id is taken; try again.")
        return campaign

    def revise(self, org_id: str, campaign_id: str, changes: Mapping[str, Any]) -> Campaign:
        """Change a draft.

        Raises:
            NotFoundError, InvalidInputError: as `get` and `draft`.
            ConflictError: when the campaign is no draft any more.
        """
        revised = _planned(self.get(org_id, campaign_id), changes)
        if revised.state is not State.DRAFT:
            raise _only_drafts("changed", revised)
        self.starter.content(revised)
        if not self.campaigns.revise(revised):
            raise _only_drafts("changed", self.get(org_id, campaign_id))
        return revised

    def delete(self, org_id: str, campaign_id: str) -> None:
        """Delete a draft; what was started stays, with its figures.

        Raises:
            NotFoundError: when the organisation has none such.
            ConflictError: when the campaign is no draft any more.
        """
        campaign = self.get(org_id, campaign_id)
        if not self.campaigns.delete_draft(campaign):
            raise _only_drafts("deleted", self.get(org_id, campaign_id))

    def forecast(self, org_id: str, campaign_id: str, send_at: datetime | None = None) -> Forecast:
        """Say what a start would do now, or whether it could be scheduled; nothing changes.

        Raises:
            NotFoundError, InvalidInputError, ConflictError: as `start`, or `schedule`.
        """
        campaign = self.get(org_id, campaign_id)
        if send_at is not None:
            checked_send_at(send_at, self.clock())
        moved(campaign.state, Move.START if send_at is None else Move.SCHEDULE)
        return self.forecaster.forecast(campaign, self.starter.content(campaign))

    def start(self, org_id: str, campaign_id: str) -> Campaign:
        """Start a campaign and ask for its launch.

        Raises:
            NotFoundError: when the organisation has none such.
            ConflictError, InvalidInputError: as `Starter.start`.
        """
        self.starter.start(self.get(org_id, campaign_id))
        return self.get(org_id, campaign_id)

    def schedule(self, org_id: str, campaign_id: str, send_at: datetime) -> Campaign:
        """Let a campaign start by itself at an instant, or at another one than before.

        Raises:
            NotFoundError, ConflictError, InvalidInputError: as `start`; and when the instant is
                not in the future, or too far.
        """
        at = checked_send_at(send_at, self.clock())
        self.starter.content(self.get(org_id, campaign_id))
        return self._moved(
            org_id, campaign_id, lambda found: self.campaigns.schedule(found, at, self.clock())
        )

    def move(self, org_id: str, campaign_id: str, move: Move) -> Campaign:
        """Unschedule, pause, resume or cancel a campaign.

        Raises:
            NotFoundError: when the organisation has none such.
            ConflictError: when its state does not allow the move.
        """
        return self._moved(
            org_id, campaign_id, lambda found: self.campaigns.move(found, move, self.clock())
        )

    def _moved(self, org_id: str, campaign_id: str, write: Callable[[Campaign], bool]) -> Campaign:
        """Write a move, decided anew when others were faster."""
        for _ in range(_ROUNDS):
            if write(self.get(org_id, campaign_id)):
                return self.get(org_id, campaign_id)
        raise RetryableError("The campaign is being moved by others; try again.")


def _planned(campaign: Campaign, plan: Mapping[str, Any]) -> Campaign:
    """Return a campaign with other plans; it names each list and segment once."""
    once: dict[str, Any] = {
        name: tuple(dict.fromkeys(value)) if name.endswith("_ids") else value
        for name, value in plan.items()
    }
    return replace(campaign, **once)


def _only_drafts(done: str, campaign: Campaign) -> ConflictError:
    return ConflictError(f"Only a draft can be {done}; this campaign is {campaign.state.value}.")
