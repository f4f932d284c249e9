"""Triggers, as they were saved."""

from datetime import datetime

from mailtide.domain.page import Page
from mailtide.domain.trigger import Frequency, Trigger
from mailtide.store import dynamo
from mailtide.store.campaign_tables import TriggerRow
from mailtide.store.paging import page


class Triggers:
    """The table `triggers`."""

    def get(self, org_id: str, trigger_id: str) -> Trigger | None:
        """Return one trigger."""
        row = dynamo.get(TriggerRow, org_id, trigger_id)
        return _read(row) if row else None

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Trigger]:
        """Return the organisation's triggers by id."""
        return page(TriggerRow, org_id, limit, after, _read)

    def create(self, trigger: Trigger) -> None:
        """Write a trigger under a fresh id; a repeat of the same write changes nothing."""
        dynamo.put(_row(trigger), TriggerRow.org_id.does_not_exist())

    def replace(self, trigger: Trigger, at: datetime) -> bool:
        """Write all of a trigger anew; False when it is not there."""
        row = _row(trigger)
        row.updated_at = at
        return dynamo.put(row, TriggerRow.org_id.exists()) is None

    def delete(self, org_id: str, trigger_id: str) -> bool:
        """Delete a trigger; False when it is not there."""
        return dynamo.delete(TriggerRow(org_id, trigger_id), TriggerRow.org_id.exists()) is None


def _row(trigger: Trigger) -> TriggerRow:
    return TriggerRow(
        trigger.org_id,
        trigger.trigger_id,
        name=trigger.name,
        event=trigger.event,
        template_id=trigger.template_id,
        identity_id=trigger.identity_id,
        delay_seconds=trigger.delay_seconds,
        frequency=trigger.frequency.value,
        active=trigger.active,
        created_at=trigger.created_at,
    )


def _read(row: TriggerRow) -> Trigger:
    return Trigger(
        org_id=row.org_id,
        trigger_id=row.trigger_id,
        name=row.name,
        event=row.event,
        template_id=row.template_id,
        identity_id=row.identity_id,
        created_at=row.created_at,
        delay_seconds=int(row.delay_seconds),
        frequency=Frequency(row.frequency),
        active=row.active,
    )
