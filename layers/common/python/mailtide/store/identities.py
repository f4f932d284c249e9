"""Sender identities."""

from datetime import datetime

from mailtide.domain import sending_rate
from mailtide.domain.content import Identity
from mailtide.domain.page import Page
from mailtide.domain.suppression import Stream
from mailtide.store import dynamo
from mailtide.store.paging import page
from mailtide.store.row import assign
from mailtide.store.tables import IdentityRow


class Identities:
    """The table `identities`."""

    def get(self, org_id: str, identity_id: str) -> Identity | None:
        """Return one identity."""
        row = dynamo.get(IdentityRow, org_id, identity_id)
        return _read(row) if row else None

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Identity]:
        """Return the organisation's identities by id."""
        return page(IdentityRow, org_id, limit, after, _read)

    def create(self, identity: Identity, at: datetime) -> None:
        """Write an identity under a fresh id; a repeat of the same write changes nothing."""
        dynamo.put(identity_row(identity, at), IdentityRow.org_id.does_not_exist())

    def replace(self, identity: Identity) -> bool:
        """Write all fields of an identity anew; False when it is not there."""
        actions = [
            IdentityRow.name.set(identity.name),
            IdentityRow.from_name.set(identity.from_name),
            IdentityRow.from_address.set(identity.from_address),
            assign(IdentityRow.reply_to, identity.reply_to),
            IdentityRow.bounce_domain.set(identity.bounce_domain),
            IdentityRow.stream_.set(identity.stream.value),
            assign(IdentityRow.reply_domain, identity.reply_domain),
            assign(IdentityRow.tracking_domain, identity.tracking_domain),
            assign(IdentityRow.dkim_selectors, list(identity.dkim_selectors) or None),
            assign(IdentityRow.pool_id, identity.pool_id),
            assign(IdentityRow.rate_limits, sending_rate.written(identity.rate_limits) or None),
        ]
        row = IdentityRow(identity.org_id, identity.identity_id)
        return dynamo.update(row, actions, IdentityRow.org_id.exists()) is None

    def delete(self, org_id: str, identity_id: str) -> bool:
        """Delete an identity; False when it is not there."""
        row = IdentityRow(org_id, identity_id)
        return dynamo.delete(row, IdentityRow.org_id.exists()) is None


def identity_row(identity: Identity, at: datetime) -> IdentityRow:
    """Return the row of a new identity."""
    return IdentityRow(
        identity.org_id,
        identity.identity_id,
        name=identity.name,
        from_name=identity.from_name,
        from_address=identity.from_address,
        reply_to=identity.reply_to,
        bounce_domain=identity.bounce_domain,
        stream_=identity.stream.value,
        reply_domain=identity.reply_domain,
        tracking_domain=identity.tracking_domain,
        dkim_selectors=list(identity.dkim_selectors) or None,
        pool_id=identity.pool_id,
        rate_limits=sending_rate.written(identity.rate_limits) or None,
        created_at=at,
    )


def _read(row: IdentityRow) -> Identity:
    return Identity(
        org_id=row.org_id,
        identity_id=row.identity_id,
        name=row.name,
        from_name=row.from_name,
        from_address=row.from_address,
        reply_to=row.reply_to,
        bounce_domain=row.bounce_domain,
        stream=Stream(row.stream_),
        reply_domain=row.reply_domain,
        tracking_domain=row.tracking_domain,
        dkim_selectors=tuple(row.dkim_selectors or ()),
        pool_id=row.pool_id,
        rate_limits=sending_rate.kept(row.rate_limits or ()),
    )
