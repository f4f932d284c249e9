"""Lists: named sets of contacts, their members, and imports into them."""

from datetime import datetime

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel

from functions.api import contacts
from functions.api.contacts import ContactView
from functions.api.fields import Name
from mailtide import app
from mailtide.domain.contact_list import ContactList
from mailtide.domain.organisation import Scope
from mailtide.domain.page import Page
from mailtide.errors import NotFoundError
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
TAGS = ["lists"]


class ListIn(Body):
    """What a list is called."""

    name: Name


class ListView(BaseModel):
    """A list."""

    list_id: str
    name: str
    created_at: datetime
    last_sent: datetime | None


def view(contact_list: ContactList) -> ListView:
    """Show a list."""
    return ListView(
        list_id=contact_list.list_id,
        name=contact_list.name,
        created_at=contact_list.created_at,
        last_sent=contact_list.last_sent,
    )


def find(list_id: str) -> ContactList:
    """Return a list of the caller's organisation.

    Raises:
        NotFoundError: when there is none such.
    """
    found = app.api().lists.get(caller(router).org_id, list_id)
    if found is None:
        raise NotFoundError("There is no list with this id.")
    return found


@router.get("/api/lists", summary="List lists", tags=TAGS, **scoped(Scope.READ))
def list_lists(limit: Limit = 50, after: After = None) -> Listing[ListView]:
    """List the lists, page by page."""
    name = f"{caller(router).org_id}/lists"
    page = app.api().lists.page(caller(router).org_id, limit, position(name, after))
    return listing(name, page, view)


@router.post(
    "/api/lists", summary="Create a list", status_code=201, tags=TAGS, **scoped(Scope.SEND)
)
def create_list(contact_list: ListIn) -> ListView:
    """Create an empty list."""
    new = ContactList(caller(router).org_id, app.new_id(), contact_list.name, app.now())
    app.api().lists.create(new)
    return view(new)


@router.get("/api/lists/<list_id>", summary="Get a list", tags=TAGS, **scoped(Scope.READ))
def get_list(list_id: Id) -> ListView:
    """Show one list."""
    return view(find(list_id))


@router.patch("/api/lists/<list_id>", summary="Rename a list", tags=TAGS, **scoped(Scope.SEND))
def rename_list(list_id: Id, change: ListIn) -> ListView:
    """Give a list another name."""
    find(list_id)
    app.api().lists.rename(caller(router).org_id, list_id, change.name)
    return view(find(list_id))


@router.delete(
    "/api/lists/<list_id>",
    summary="Delete a list",
    status_code=204,
    tags=TAGS,
    **scoped(Scope.SEND),
)
def delete_list(list_id: Id) -> Response[None]:
    """Delete a list; its contacts stay."""
    find(list_id)
    app.api().lists.delete(caller(router).org_id, list_id)
    return no_content()


@router.get("/api/lists/<list_id>/members", summary="List members", tags=TAGS, **scoped(Scope.READ))
def list_members(list_id: Id, limit: Limit = 50, after: After = None) -> Listing[ContactView]:
    """List the contacts of a list, page by page."""
    org_id = find(list_id).org_id
    name = f"{org_id}/lists/{list_id}"
    page = app.api().lists.member_page(list_id, limit, position(name, after))
    known = app.api().contacts.get_many(org_id, page.items)
    members = [known[contact_id] for contact_id in page.items if contact_id in known]
    return listing(name, Page(members, page.after), contacts.view)


@router.put(
    "/api/lists/<list_id>/members/<contact_id>",
    summary="Add a member",
    status_code=204,
    tags=TAGS,
    **scoped(Scope.SEND),
)
def add_member(list_id: Id, contact_id: Id) -> Response[None]:
    """Put a contact on a list; one that is on it stays so."""
    find(list_id)
    contact = app.api().contact_book.get(caller(router).org_id, contact_id)
    app.api().lists.add_members(list_id, [contact.contact_id], app.now())
    return no_content()


@router.delete(
    "/api/lists/<list_id>/members/<contact_id>",
    summary="Remove a member",
    status_code=204,
    tags=TAGS,
    **scoped(Scope.SEND),
)
def remove_member(list_id: Id, contact_id: Id) -> Response[None]:
    """Take a contact off a list."""
    find(list_id)
    contact = app.api().contact_book.get(caller(router).org_id, contact_id)
    app.api().lists.remove_member(list_id, contact.contact_id)
    return no_content()
