"""Campaign desk: plan campaigns, say what a start would do, move them between their states.

A start keeps a copy of template and identity with the transition, so that later edits change no
message. Its pointers to the launch may get lost after it: `release` asks for the launch again.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from mailtide.domain.campaign import Campaign, Move, State, moved
from mailtide.domain.content import Identity, Template, started
from mailtide.domain.identifiers import SHARDS
from mailtide.domain.page import Page
from mailtide.domain.suppression import Stream
from mailtide.errors import ConflictError, InvalidInputError, NotFoundError, RetryableError
from mailtide.flows.forecast import Forecast, Forecaster

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

    def start(
        self, campaign: Campaign, template: Template, identity: Identity, at: datetime
    ) -> bool:
        """Start a campaign if it is still what `campaign` says, and keep these copies with it."""
        ...


class Lists(Protocol):
    """The lists."""

    def exists(self, org_id: str, list_id: str) -> bool:
        """Say whether the organisation has this list."""
        ...


class Templates(Protocol):
    """The templates."""

    def get(self, org_id: str, template_id: str) -> Template | None:
        """Return one template."""
        ...


class Identities(Protocol):
    """The identities."""

    def get(self, org_id: str, identity_id: str) -> Identity | None:
        """Return one identity."""
        ...


class Launches(Protocol):
    """The queue `launch`."""

    def launch(self, org_id: str, campaign_id: str, shards: Iterable[str]) -> None:
        """Enqueue pointers to the shards of a launch."""
        ...


@dataclass(frozen=True, slots=True)
class CampaignDesk:
    """The campaigns of all organisations."""

    campaigns: Campaigns
    lists: Lists
    templates: Templates
    identities: Identities
    launches: Launches
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

    def draft(
        self,
        org_id: str,
        *,
        name: str,
        list_ids: Sequence[str],
        template_id: str,
        identity_id: str,
    ) -> Campaign:
        """Create a draft.

        Raises:
            InvalidInputError: when something it names is not there; the error says which field.
        """
        campaign = Campaign(
            org_id=org_id,
            campaign_id=self.new_id(),
            name=name,
            list_ids=tuple(dict.fromkeys(list_ids)),
            template_id=template_id,
            identity_id=identity_id,
            state=State.DRAFT,
            created_at=self.clock(),
        )
        self._content(campaign)
        if not self.campaigns.create(campaign):
            raise RetryableError("The new campaign's id is taken; try again.")
        return campaign

    def revise(self, org_id: str, campaign_id: str, changes: Mapping[str, Any]) -> Campaign:
        """Change a draft.

        Raises:
            NotFoundError, InvalidInputError: as `get` and `draft`.
            ConflictError: when the campaign is no draft any more.
        """
        campaign = replace(self.get(org_id, campaign_id), **changes)
        revised = replace(campaign, list_ids=tuple(dict.fromkeys(campaign.list_ids)))
        if revised.state is not State.DRAFT:
            raise _only_drafts("changed", revised)
        self._content(revised)
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

    def forecast(self, org_id: str, campaign_id: str) -> Forecast:
        """Say what a start would do now; nothing changes.

        Raises:
            NotFoundError, InvalidInputError, ConflictError: as `start`.
        """
        campaign = self.get(org_id, campaign_id)
        moved(campaign.state, Move.START)
        self._content(campaign)
        return self.forecaster.forecast(campaign)

    def start(self, org_id: str, campaign_id: str) -> Campaign:
        """Start a draft and ask for its launch.

        Raises:
            NotFoundError: when the organisation has none such.
            ConflictError: when it is no draft, or no sending IP could carry it.
            InvalidInputError: when something it names is gone.
        """
        campaign = self.get(org_id, campaign_id)
        moved(campaign.state, Move.START)
        template, identity = self._content(campaign)
        if not self.forecaster.sending_ips.active(org_id, Stream.MARKETING):
            raise ConflictError("No sending IP of the stream marketing is active; add one first.")
        copies = started(org_id)
        begun = self.campaigns.start(
            campaign,
            replace(template, org_id=copies, template_id=campaign_id),
            replace(identity, org_id=copies, identity_id=campaign_id),
            self.clock(),
        )
        if not begun:
            raise ConflictError("The campaign was changed or started by another call meanwhile.")
        with suppress(RetryableError):
            self.launches.launch(org_id, campaign_id, SHARDS)
        return self.get(org_id, campaign_id)

    def move(self, org_id: str, campaign_id: str, move: Move) -> Campaign:
        """Pause, resume or cancel a campaign.

        Raises:
            NotFoundError: when the organisation has none such.
            ConflictError: when its state does not allow the move.
        """
        for _ in range(_ROUNDS):
            if self.campaigns.move(self.get(org_id, campaign_id), move, self.clock()):
                return self.get(org_id, campaign_id)
        raise RetryableError("The campaign is being moved by others; try again.")

    def _content(self, campaign: Campaign) -> tuple[Template, Identity]:
        """Return what the campaign sends; all that it names is there, in its organisation."""
        org_id = campaign.org_id
        errors = [
            _missing(f"list_ids.{index}", "list", list_id)
            for index, list_id in enumerate(campaign.list_ids)
            if not self.lists.exists(org_id, list_id)
        ]
        template = self.templates.get(org_id, campaign.template_id)
        if template is None:
            errors.append(_missing("template_id", "template", campaign.template_id))
        identity = self.identities.get(org_id, campaign.identity_id)
        if identity is None:
            errors.append(_missing("identity_id", "identity", campaign.identity_id))
        elif identity.stream is not Stream.MARKETING:
            detail = "a campaign needs an identity of the stream marketing"
            errors.append({"at": "body.identity_id", "detail": detail})
        if errors or template is None or identity is None:
            raise InvalidInputError(f"{errors[0]['at']}: {errors[0]['detail']}", errors=errors)
        return template, identity


def _missing(field: str, what: str, id_: str) -> dict[str, str]:
    return {"at": f"body.{field}", "detail": f"there is no {what} `{id_}`"}


def _only_drafts(done: str, campaign: Campaign) -> ConflictError:
    return ConflictError(f"Only a draft can be {done}; this campaign is {campaign.state.value}.")
