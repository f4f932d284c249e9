"""What a contact looks like, as it comes and goes."""

from datetime import datetime
from typing import Annotated

from pydantic import Field, JsonValue

from functions.api.shapes.fields import Email, View
from mailtide.domain.contact import Contact
from mailtide.http import Body, example

Attributes = Annotated[
    dict[str, JsonValue], Field(description="changed key by key; null removes a key; 8 KB in all")
]


class ContactChange(Body):
    """What may be changed about a contact; what is left out stays."""

    model_config = example(attributes={"city": "Bonn", "plan": None}, timezone="Europe/Berlin")

    attributes: Attributes | None = None
    timezone: str | None = Field(None, max_length=64, description="IANA name")


class ContactIn(ContactChange):
    """A contact to create, or to change when the address is known."""

    model_config = example(
        email="bob@example.com", attributes={"name": "Bob", "orders": 3}, timezone="Europe/Paris"
    )

    email: Email


class ContactView(View):
    """A contact."""

    contact_id: str
    email: str
    attributes: dict[str, JsonValue]
    timezone: str | None
    provider: str
    created_at: datetime
    last_open_at: datetime | None
    last_click_at: datetime | None
    last_reply_at: datetime | None


def view(contact: Contact) -> ContactView:
    """Show a contact."""
    return ContactView.model_validate(contact)
