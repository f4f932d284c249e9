"""What a contact looks like, as it comes and goes."""

from collections.abc import Iterable
from datetime import datetime
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Query
from pydantic import BaseModel, Field, JsonValue

from functions.api.shapes.fields import Email, View
from mailtide.domain.contact import Contact
from mailtide.errors import InvalidInputError
from mailtide.http import Body, example

WithAddress = Annotated[
    str | None, Query(max_length=320, description="only the contact with this address")
]

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

    def change(self) -> dict[str, Any]:
        """Return what the request changes about the contact."""
        return self.model_dump(exclude_unset=True, exclude={"email"})


class ContactBatchIn(Body):
    """Contacts to create or to change; of two with one address the later is applied last."""

    model_config = example(
        contacts=[
            {"email": "bob@example.com", "attributes": {"name": "Bob"}},
            {"email": "eve@example.com", "timezone": "Europe/Berlin"},
        ]
    )

    contacts: Annotated[list[ContactIn], Field(min_length=1, max_length=500)]


class ContactResult(BaseModel):
    """What became of one contact of a batch; a refused one has no id, but a code and its words."""

    index: int
    contact_id: str | None
    code: str | None = Field(description="of a problem, such as `invalid_address`")
    detail: str | None


class ContactBatchView(BaseModel):
    """What became of each contact of a batch, in the batch's order."""

    saved: int
    refused: int
    results: list[ContactResult]


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


def batch_view(results: Iterable[Contact | InvalidInputError]) -> ContactBatchView:
    """Show what became of each contact of a batch."""
    shown = [_result(index, result) for index, result in enumerate(results)]
    refused = sum(one.code is not None for one in shown)
    return ContactBatchView(saved=len(shown) - refused, refused=refused, results=shown)


def _result(index: int, result: Contact | InvalidInputError) -> ContactResult:
    if isinstance(result, Contact):
        return ContactResult(index=index, contact_id=result.contact_id, code=None, detail=None)
    return ContactResult(index=index, contact_id=None, code=result.code, detail=result.detail)


def view(contact: Contact) -> ContactView:
    """Show a contact."""
    return ContactView.model_validate(contact)
