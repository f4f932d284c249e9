"""What an event looks like, as it is posted."""

from typing import Self

from pydantic import BaseModel, Field, model_validator

from functions.api.shapes.fields import Email, SomeId
from functions.api.shapes.messages import Variables
from functions.api.shapes.triggers import Event
from mailtide.http import Body, example


class EventIn(Body):
    """Something that happened to a contact, who is named by id or by address."""

    model_config = example(
        event="order.paid", contact_id="contact", properties={"order": "4711", "total": "12.50"}
    )

    event: Event
    contact_id: SomeId | None = None
    email: Email | None = None
    event_name: SomeId | None = Field(
        None, description="your own name of it: the same name again is the same event"
    )
    properties: Variables = Field(default_factory=dict)

    @model_validator(mode="after")
    def _names_one_contact(self) -> Self:
        if (self.contact_id is None) == (self.email is None):
            raise ValueError("give either `contact_id` or `email`")
        return self

    def who(self) -> dict[str, str]:
        """Return how the contact is named."""
        return {"email": self.email} if self.email else {"contact_id": self.contact_id or ""}


class EventView(BaseModel):
    """An event that was taken, and what it made triggers send."""

    event_name: str
    message_ids: list[str]
