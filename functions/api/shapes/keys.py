"""What a key looks like, as it comes and goes."""

from datetime import datetime
from typing import Annotated

from pydantic import BaseModel, Field

from functions.api.shapes.fields import Name
from mailtide.domain.organisation import ApiKey, Scope
from mailtide.http import Body, example

Scopes = Annotated[set[Scope], Field(min_length=1, description="read < send < admin")]


class KeyIn(Body):
    """A key to create."""

    model_config = example(name="Shop", scopes=["send"])

    name: Name
    scopes: Scopes


class KeyView(BaseModel):
    """An API key; its text is shown once, when it is created."""

    key_id: str
    name: str
    scopes: list[Scope]
    created_at: datetime
    revoked_at: datetime | None


class NewKeyView(KeyView):
    """A new API key with its text, which is kept nowhere."""

    key: str


def view(key: ApiKey) -> KeyView:
    """Show a key without its text."""
    return KeyView(
        key_id=key.key_id,
        name=key.name,
        scopes=[scope for scope in Scope if scope in key.scopes],
        created_at=key.created_at,
        revoked_at=key.revoked_at,
    )
