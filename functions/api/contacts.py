"""Contacts: people, by address."""

from aws_lambda_powertools.event_handler import Response

from functions.api.shapes.contacts import (
    ContactBatchIn,
    ContactBatchView,
    ContactChange,
    ContactIn,
    ContactView,
    WithAddress,
    batch_view,
    view,
)
from mailtide import app
from mailtide.domain.contact import Contact
from mailtide.domain.organisation import Scope
from mailtide.domain.page import Page
from mailtide.http import After, Id, Limit, Listing, listing, no_content
from mailtide.resource import Resource

resource = Resource("contacts")


@resource.get("/api/contacts", Scope.READ, "List contacts", problems=("invalid_address",))
def list_contacts(
    limit: Limit = 50, after: After = None, email: WithAddress = None
) -> Listing[ContactView]:
    """List contacts, page by page, or look one up by its address."""
    if email is not None:
        one = app.api().contact_book.find(resource.org_id, email)
        return listing("contacts", Page([one] if one else []), view)
    return resource.listed("contacts", app.api().contacts.page, limit, after, view)


@resource.post(
    "/api/contacts", Scope.SEND, "Create or change a contact", problems=("invalid_address",)
)
def save_contact(contact: ContactIn) -> ContactView:
    """Create the contact of an address, or change it."""
    saved = app.api().contact_book.save(resource.org_id, contact.email, contact.change())
    app.messages().news.saved(resource.org_id, [saved])
    return view(saved)


@resource.post("/api/contacts/batch", Scope.SEND, "Create or change up to 500 contacts")
def save_contacts(batch: ContactBatchIn) -> ContactBatchView:
    """Save contacts in their order; each has a result of its own, and a refused one stops none."""
    given = [(one.email, one.change()) for one in batch.contacts]
    results = list(app.api().contact_book.save_many(resource.org_id, given))
    saved = [one for one in results if isinstance(one, Contact)]
    app.messages().news.saved(resource.org_id, saved)
    return batch_view(results)


@resource.get("/api/contacts/<contact_id>", Scope.READ, "Get a contact")
def get_contact(contact_id: Id) -> ContactView:
    """Show one contact."""
    return view(app.api().contact_book.get(resource.org_id, contact_id))


@resource.patch("/api/contacts/<contact_id>", Scope.SEND, "Change a contact")
def change_contact(contact_id: Id, change: ContactChange) -> ContactView:
    """Change one contact."""
    changes = change.model_dump(exclude_unset=True)
    return view(app.api().contact_book.change(resource.org_id, contact_id, changes))


@resource.delete("/api/contacts/<contact_id>", Scope.SEND, "Erase a contact")
def erase_contact(contact_id: Id) -> Response[None]:
    """Erase a person: the contact, its memberships, the address of a suppression or in a filter.

    Who is suppressed without being a contact is erased by the suppression's `contact_id`. Exports
    and reports of imports are removed too, whoever is in them. Reasons not to write to the person
    stay known, counters stay as they are.
    """
    app.api().erasure.run(resource.org_id, contact_id)
    return no_content()
