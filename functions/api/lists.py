"""Lists: named sets of contacts, and their members."""

from aws_lambda_powertools.event_handler import Response

from functions.api.shapes import contacts
from functions.api.shapes.contacts import ContactView
from functions.api.shapes.lists import ListIn, ListView, MembersIn, MembersView, view
from mailtide import app
from mailtide.domain.contact import Contact
from mailtide.domain.contact_list import ContactList
from mailtide.domain.job import JobKind
from mailtide.domain.organisation import Scope
from mailtide.domain.page import Page
from mailtide.flows.list_deletion import task_of
from mailtide.http import After, Id, Limit, Listing, no_content
from mailtide.resource import Resource, found

resource = Resource("lists")


@resource.get("/api/lists", Scope.READ, "List lists")
def list_lists(limit: Limit = 50, after: After = None) -> Listing[ListView]:
    """List the lists, page by page."""
    return resource.listed("lists", app.api().lists.page, limit, after, view)


@resource.post("/api/lists", Scope.SEND, "Create a list", status=201)
def create_list(contact_list: ListIn) -> ListView:
    """Create an empty list."""
    new = ContactList(resource.org_id, app.new_id(), contact_list.name, app.now())
    app.api().lists.create(new)
    return view(new)


@resource.get("/api/lists/<list_id>", Scope.READ, "Get a list")
def get_list(list_id: Id) -> ListView:
    """Show one list."""
    return view(_find(list_id))


@resource.patch("/api/lists/<list_id>", Scope.SEND, "Rename a list")
def rename_list(list_id: Id, change: ListIn) -> ListView:
    """Give a list another name."""
    _find(list_id)
    app.api().lists.rename(resource.org_id, list_id, change.name)
    return view(_find(list_id))


@resource.delete("/api/lists/<list_id>", Scope.SEND, "Delete a list")
def delete_list(list_id: Id) -> Response[None]:
    """Delete a list; its contacts stay. A job takes them off it, a large list's in minutes."""
    _find(list_id)
    app.api().jobs.start(resource.org_id, JobKind.LIST_DELETION, task_of(list_id))
    app.api().lists.delete(resource.org_id, list_id)
    return no_content()


@resource.get("/api/lists/<list_id>/members", Scope.READ, "List members")
def list_members(list_id: Id, limit: Limit = 50, after: After = None) -> Listing[ContactView]:
    """List the contacts of a list, page by page."""
    _find(list_id)

    def read(org_id: str, limit: int, after: str | None) -> Page[Contact]:
        page = app.api().lists.member_page(list_id, limit, after)
        known = app.api().contacts.get_many(org_id, page.items)
        return Page([known[one] for one in page.items if one in known], page.after)

    return resource.listed(f"lists/{list_id}", read, limit, after, contacts.view)


@resource.post("/api/lists/<list_id>/members", Scope.SEND, "Add up to 1,000 members")
def add_members(list_id: Id, members: MembersIn) -> MembersView:
    """Put contacts on a list; those that are on it stay so, ids of nobody are named."""
    _find(list_id)
    named = list(dict.fromkeys(members.contact_ids))
    known = app.api().contacts.get_many(resource.org_id, named)
    app.api().lists.add_members(list_id, list(known), app.now())
    app.messages().news.joined(resource.org_id, list_id, known.values())
    return MembersView(added=len(known), not_found=[one for one in named if one not in known])


@resource.put("/api/lists/<list_id>/members/<contact_id>", Scope.SEND, "Add a member", status=204)
def add_member(list_id: Id, contact_id: Id) -> Response[None]:
    """Put a contact on a list; one that is on it stays so."""
    _find(list_id)
    contact = app.api().contact_book.get(resource.org_id, contact_id)
    app.api().lists.add_members(list_id, [contact.contact_id], app.now())
    app.messages().news.joined(resource.org_id, list_id, [contact])
    return no_content()


@resource.delete("/api/lists/<list_id>/members/<contact_id>", Scope.SEND, "Remove a member")
def remove_member(list_id: Id, contact_id: Id) -> Response[None]:
    """Take a contact off a list."""
    _find(list_id)
    contact = app.api().contact_book.get(resource.org_id, contact_id)
    app.api().lists.remove_member(list_id, contact.contact_id)
    return no_content()


def _find(list_id: str) -> ContactList:
    return found(app.api().lists.get(resource.org_id, list_id), "list")
