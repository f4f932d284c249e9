"""Trigger desk: keep the definitions of triggers; whatever they name has to be there.

Source: docs/domain/triggers.md.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Protocol

from mailtide.domain.page import Page
from mailtide.domain.trigger import MAX_TRIGGERS, Trigger, check_event
from mailtide.errors import ConflictError, InvalidInputError, NotFoundError


class Triggers(Protocol):
    """The triggers."""

    def get(self, org_id: str, trigger_id: str) -> Trigger | None:
        """Return one trigger."""
        ...

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Trigger]:
        """Return the organisation's triggers by id."""
        ...

    def create(self, trigger: Trigger) -> None:
        """Write a trigger under a fresh id; a repeat of the same write changes nothing."""
        ...

    def replace(self, trigger: Trigger, at: datetime) -> bool:
        """Write all of a trigger anew; False when it is not there."""
        ...

    def delete(self, org_id: str, trigger_id: str) -> bool:
        """Delete a trigger; False when it is not there."""
        ...


class Named(Protocol):
    """Things of an organisation that a trigger names: templates, identities."""

    def get(self, org_id: str, id_: str, /) -> object | None:
        """Return one of them; None when the organisation has none such."""
        ...


@dataclass(frozen=True, slots=True)
class TriggerDesk:
    """The triggers of all organisations."""

    triggers: Triggers
    templates: Named
    identities: Named
    clock: Callable[[], datetime]

    def get(self, org_id: str, trigger_id: str) -> Trigger:
        """Return one trigger.

        Raises:
            NotFoundError: when the organisation has none such.
        """
        trigger = self.triggers.get(org_id, trigger_id)
        if trigger is None:
            raise _missing()
        return trigger

    def create(self, trigger: Trigger) -> Trigger:
        """Keep a new trigger.

        Calls at the same time may keep a few more than the limit, which is one of cost.

        Raises:
            InvalidInputError: for what it names and is not there.
            ConflictError: `too_many_triggers`, when the organisation has as many as it may.
        """
        self._check(trigger)
        if len(self.triggers.page(trigger.org_id, MAX_TRIGGERS, None).items) >= MAX_TRIGGERS:
            raise ConflictError(
                f"The organisation has {MAX_TRIGGERS} triggers, the most that it may; delete one.",
                code="too_many_triggers",
            )
        self.triggers.create(trigger)
        return trigger

    def change(self, org_id: str, trigger_id: str, changes: Mapping[str, Any]) -> Trigger:
        """Change what is given of a trigger.

        Raises:
            NotFoundError, InvalidInputError: as `get` and `create`.
        """
        trigger = replace(self.get(org_id, trigger_id), **changes)
        self._check(trigger)
        if not self.triggers.replace(trigger, self.clock()):
            raise _missing()
        return trigger

    def delete(self, org_id: str, trigger_id: str) -> None:
        """Delete a trigger.

        Raises:
            NotFoundError: when the organisation has none such.
        """
        if not self.triggers.delete(org_id, trigger_id):
            raise _missing()

    def _check(self, trigger: Trigger) -> None:
        check_event(trigger.event)
        named = {
            "template": self.templates.get(trigger.org_id, trigger.template_id),
            "identity": self.identities.get(trigger.org_id, trigger.identity_id),
        }
        errors = [
            {"at": f"body.{what}_id", "detail": f"there is no {what} with this id"}
            for what, found in named.items()
            if found is None
        ]
        if errors:
            first = errors[0]
            raise InvalidInputError(f"{first['at']}: {first['detail']}", errors=errors)


def _missing() -> NotFoundError:
    return NotFoundError("There is no trigger with this id.")
