"""What a trigger looks like, as it comes and goes."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import Field, StringConstraints

from functions.api.shapes.fields import Name, SomeId, View
from mailtide.domain.trigger import MAX_DELAY_SECONDS, MAX_EVENT, Frequency, Trigger
from mailtide.http import Body, example

Event = Annotated[
    str,
    StringConstraints(min_length=1, max_length=MAX_EVENT),
    Field(description="a type that you post, or one of the events of contacts"),
]
Delay = Annotated[int, Field(ge=0, le=MAX_DELAY_SECONDS, description="from the event")]


class TriggerIn(Body):
    """A trigger to keep."""

    model_config = example(
        name="Welcome",
        event="contact.created",
        template_id="template",
        identity_id="identity",
        delay_seconds=3600,
    )

    name: Name
    event: Event
    template_id: SomeId
    identity_id: SomeId
    delay_seconds: Delay = 0
    frequency: Frequency = Frequency.ONCE
    active: bool = True


class TriggerChange(Body):
    """What may be changed about a trigger; what is left out stays."""

    model_config = example({"template_id": "template", "identity_id": "identity"}, active=False)

    name: Name | None = None
    event: Event | None = None
    template_id: SomeId | None = None
    identity_id: SomeId | None = None
    delay_seconds: Delay | None = None
    frequency: Frequency | None = None
    active: bool | None = None

    def changes(self) -> dict[str, Any]:
        """Return what changes."""
        return self.model_dump(exclude_none=True)


class TriggerView(View):
    """A trigger."""

    trigger_id: str
    name: str
    event: str
    template_id: str
    identity_id: str
    delay_seconds: int
    frequency: Frequency
    active: bool
    created_at: datetime


def view(trigger: Trigger) -> TriggerView:
    """Show a trigger."""
    return TriggerView.model_validate(trigger)
