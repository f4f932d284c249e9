"""Contacts: people, by address."""

from datetime import datetime
from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, Field, JsonValue

from functions.api.fields import Email
from mailtide import app
from mailtide.domain.contact import Contact
from mailtide.domain.organisation import Scope
from mailtide.http import (
    After,
    Body,
    Id,
    Limit,
    Listing,
    caller,
    listing,
    no_content,
    position,
    scoped,
)

router = APIGatewayHttpRouter()
TAGS = ["contacts"]

Attributes = Annotated[
    dict[str, JsonValue], Field(description="changed key by key; null removes a key; 8 KB in all")
]


class ContactChange(Body):
    """What may be changed about a contact; what is left out stays."""

    attributes: Attributes | None = None
    timezone: str | None = Field(None, max_length=64, description="IANA name")


class ContactIn(ContactChange):
    """A contact to create, or to change when the address is known."""

    email: Email


class ContactView(BaseModel):
    """A contact."""

    contact_id: str
    email: str
    attributes: dict[str, JsonValue]
    timezone: str | None
    provider: str
    created_at: datetime
    last_open_at: datetime | None
    last_click_at: datetime | None


def view(contact: Contact) -> ContactView:
    """Show a contact."""
    return ContactView(
        contact_id=contact.contact_id,
        email=contact.email,
        attributes=dict(contact.attributes),
        timezone=contact.timezone,
        provider=contact.provider,
        created_at=contact.created_at,
        last_open_at=contact.last_open_at,
        last_click_at=contact.last_click_at,
    )


@router.get("/api/contacts", summary="List contacts", tags=TAGS, **scoped(Scope.READ))
def list_contacts(limit: Limit = 50, after: After = None) -> Listing[ContactView]:
    """List contacts, page by page."""
    name = f"{caller(router).org_id}/contacts"
    page = app.api().contacts.page(caller(router).org_id, limit, position(name, after))
    return listing(name, page, view)


@router.post("/api/contacts", summary="Create or change a contact", tags=TAGS, **scoped(Scope.SEND))
def save_contact(contact: ContactIn) -> ContactView:
    """Create the contact of an address, or change it."""
    change = contact.model_dump(exclude_unset=True, exclude={"email"})
    return view(app.api().contact_book.save(caller(router).org_id, contact.email, change))


@router.get("/api/contacts/<contact_id>", summary="Get a contact", tags=TAGS, **scoped(Scope.READ))
def get_contact(contact_id: Id) -> ContactView:
    """Show one contact."""
    return view(app.api().contact_book.get(caller(router).org_id, contact_id))


@router.patch(
    "/api/contacts/<contact_id>", summary="Change a contact", tags=TAGS, **scoped(Scope.SEND)
)
def change_contact(contact_id: Id, change: ContactChange) -> ContactView:
    """Change one contact."""
    changes = change.model_dump(exclude_unset=True)
    return view(app.api().contact_book.change(caller(router).org_id, contact_id, changes))


@router.delete(
    "/api/contacts/<contact_id>",
    summary="Erase a contact",
    status_code=204,
    tags=TAGS,
    **scoped(Scope.SEND),
)
def erase_contact(contact_id: Id) -> Response[None]:
    """Erase a person: the contact, its memberships, the address of a suppression."""
    app.api().contact_book.erase(caller(router).org_id, contact_id)
    return no_content()
