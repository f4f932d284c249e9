"""What a list looks like, as it comes and goes."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from functions.api.shapes.fields import Name, SomeId, View
from mailtide.domain.contact_list import ContactList
from mailtide.http import Body, example


class ListIn(Body):
    """What a list is called."""

    model_config = example(name="Newsletter")

    name: Name


class MembersIn(Body):
    """Contacts to put on a list."""

    model_config = example(contact_ids=["contact"])

    contact_ids: Annotated[list[SomeId], Field(min_length=1, max_length=1000)]


class MembersView(BaseModel):
    """How many of the contacts are on the list now, and which ids are nobody's."""

    added: int
    not_found: list[str]


class ListView(View):
    """A list."""

    list_id: str
    name: str
    created_at: datetime
    last_sent: datetime | None


def view(contact_list: ContactList) -> ListView:
    """Show a list."""
    return ListView.model_validate(contact_list)
