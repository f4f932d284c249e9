"""Triggers in memory."""

from dataclasses import dataclass, field
from datetime import datetime

from local.memory.pages import page
from mailtide.domain.page import Page
from mailtide.domain.trigger import Trigger


@dataclass(slots=True)
class Triggers:
    """Stands in for `store.triggers.Triggers`."""

    rows: dict[tuple[str, str], Trigger] = field(default_factory=dict)

    def get(self, org_id: str, trigger_id: str) -> Trigger | None:
        """Return one trigger."""
        return self.rows.get((org_id, trigger_id))

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Trigger]:
        """Return the organisation's triggers by id."""
        return page({one: t for (org, one), t in self.rows.items() if org == org_id}, limit, after)

    def create(self, trigger: Trigger) -> None:
        """Write a trigger under a fresh id; a repeat of the same write changes nothing."""
        self.rows.setdefault((trigger.org_id, trigger.trigger_id), trigger)

    def replace(self, trigger: Trigger, at: datetime) -> bool:
        """Write all of a trigger anew; False when it is not there."""
        key = trigger.org_id, trigger.trigger_id
        found = key in self.rows
        if found:
            self.rows[key] = trigger
        return found

    def delete(self, org_id: str, trigger_id: str) -> bool:
        """Delete a trigger; False when it is not there."""
        return self.rows.pop((org_id, trigger_id), None) is not None
