"""What a source looks like, as it comes and goes."""

from datetime import datetime

from pydantic import BaseModel

from functions.api.shapes.fields import Name
from mailtide.domain.organisation import Source, SourceKind
from mailtide.domain.signing import Keyring
from mailtide.http import Body, example


class SourceIn(Body):
    """A source to create."""

    model_config = example(name="Our Stalwart")

    kind: SourceKind = SourceKind.STALWART
    name: Name


class SourceView(BaseModel):
    """A source, with what its mail system has to be told."""

    source_id: str
    kind: SourceKind
    name: str
    created_at: datetime
    webhook_url: str
    inbound_url: str
    signature_key: str
    inbound_token: str


def view(source: Source, base_url: str, keyring: Keyring) -> SourceView:
    """Show a source below a base URL, with its keys, which are derived from its id."""
    return SourceView(
        source_id=source.source_id,
        kind=source.kind,
        name=source.name,
        created_at=source.created_at,
        webhook_url=f"{base_url}/webhooks/{source.kind.value}/{source.source_id}",
        inbound_url=f"{base_url}/webhooks/inbound/{source.source_id}",
        signature_key=keyring.source_key(source.source_id),
        inbound_token=keyring.inbound_token(source.source_id),
    )
