"""What a list looks like, as it comes and goes."""

from datetime import datetime

from functions.api.shapes.fields import Name, View
from mailtide.domain.contact_list import ContactList
from mailtide.http import Body, example


class ListIn(Body):
    """What a list is called."""

    model_config = example(name="Newsletter")

    name: Name


class ListView(View):
    """A list."""

    list_id: str
    name: str
    created_at: datetime
    last_sent: datetime | None


def view(contact_list: ContactList) -> ListView:
    """Show a list."""
    return ListView.model_validate(contact_list)
