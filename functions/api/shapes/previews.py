"""What a preview of a template is asked with, and what it shows."""

from datetime import datetime
from typing import Self

from pydantic import BaseModel, Field, JsonValue, model_validator

from functions.api.shapes.fields import Email, SomeId
from functions.api.shapes.templates import Remark, remarks
from mailtide.domain import address
from mailtide.domain.contact import Contact
from mailtide.domain.contact_fields import check_attributes
from mailtide.flows.preview import Preview
from mailtide.http import Body, example


class SampleContact(Body):
    """A contact that need not exist."""

    email: Email = "sample@example.com"
    attributes: dict[str, JsonValue] = Field(default_factory=dict)


class PreviewIn(Body):
    """Whom the message is for: a contact of yours, or a sample; and who it is from."""

    model_config = example(
        {"contact_id": "contact", "identity_id": "identity"},
        contact={"attributes": {"name": "Anna"}},
    )

    contact_id: SomeId | None = None
    contact: SampleContact | None = None
    identity_id: SomeId | None = Field(None, description="a stand-in when absent")

    @model_validator(mode="after")
    def _names_one_contact(self) -> Self:
        if self.contact_id is not None and self.contact is not None:
            raise ValueError("give `contact_id` or `contact`, not both")
        return self

    def sample(self, org_id: str, at: datetime) -> Contact:
        """Return the sample contact.

        Raises:
            InvalidInputError: `invalid_address`, or attributes that are too large.
        """
        given = self.contact or SampleContact()
        check_attributes(given.attributes)
        read = address.normalize(given.email)
        return Contact(org_id, "sample", read.email, "", at, given.attributes)


class PreviewView(BaseModel):
    """The message as the contact would receive it."""

    subject: str
    html: str
    text: str
    source: str = Field(description="the whole message (RFC 5322)")
    size: int = Field(description="bytes of the whole message")
    warnings: list[Remark]


def preview_of(preview: Preview) -> PreviewView:
    """Show a preview."""
    return PreviewView(
        subject=preview.content.subject,
        html=preview.content.html,
        text=preview.content.text,
        source=preview.source.decode(),
        size=len(preview.source),
        warnings=remarks(preview.warnings),
    )
