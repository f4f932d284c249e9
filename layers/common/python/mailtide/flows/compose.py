"""Compose: a campaign's content, read and prepared once for all blocks that a sender works on.

A campaign sends what its template and identity were when it was started: start keeps a copy of
both (`domain/content.py`), so that a later edit or deletion changes no message.
"""

from dataclasses import dataclass, field, replace
from typing import Protocol

from mailtide.domain import rendering
from mailtide.domain.campaign import Campaign
from mailtide.domain.compiled import Compiled, compiled
from mailtide.domain.content import Identity, Template, started
from mailtide.domain.rendering import Variant
from mailtide.domain.tracking import Tracker
from mailtide.errors import NotFoundError

KEPT = 8  # campaigns that one process keeps prepared


class Templates(Protocol):
    """The organisation's templates."""

    def get(self, org_id: str, template_id: str) -> Template | None:
        """Read one template."""
        ...


class Identities(Protocol):
    """The organisation's identities."""

    def get(self, org_id: str, identity_id: str) -> Identity | None:
        """Read one identity."""
        ...


@dataclass(frozen=True, slots=True)
class Composer:
    """Prepares campaigns and keeps the latest few."""

    templates: Templates
    identities: Identities
    tracker: Tracker
    prepared: dict[tuple[str, str], Compiled | Variant] = field(default_factory=dict)

    def compose(self, campaign: Campaign) -> Compiled | Variant:
        """Return the campaign's content.

        Raises:
            NotFoundError: the campaign was not started properly: no copy was kept.
            InvalidInputError: `template_error`, when the template cannot be rendered at all.
        """
        key = campaign.org_id, campaign.campaign_id
        found = self.prepared.get(key)
        if found is None:
            found = self._prepare(campaign)
            if len(self.prepared) >= KEPT:
                self.prepared.pop(next(iter(self.prepared)))
            self.prepared[key] = found
        return found

    def _prepare(self, campaign: Campaign) -> Compiled | Variant:
        kept = started(campaign.org_id)
        template = self.templates.get(kept, campaign.campaign_id)
        identity = self.identities.get(kept, campaign.campaign_id)
        if template is None or identity is None:
            raise NotFoundError(f"no content was kept for campaign {campaign.campaign_id}")
        template = replace(template, org_id=campaign.org_id, template_id=campaign.template_id)
        identity = replace(identity, org_id=campaign.org_id, identity_id=campaign.identity_id)
        tracker = self.tracker.under(identity.tracking_domain)
        return compiled(rendering.prepare(template, campaign, identity, tracker))
