"""Contacts' engagement: when each last opened, clicked and answered, as a person."""

from datetime import datetime

from pynamodb.attributes import Attribute

from mailtide.store import dynamo
from mailtide.store.contacts import shard_key
from mailtide.store.tables import ContactRow


class Engagement:
    """The last human open, click and reply of contacts."""

    def engaged(
        self,
        org_id: str,
        contact_id: str,
        opened_at: datetime | None,
        clicked_at: datetime | None,
        replied_at: datetime | None = None,
    ) -> bool:
        """Set the last open, click and reply where they are later than what stands there.

        Says whether anything changed; a contact that is gone stays gone.
        """
        row = ContactRow(shard_key(org_id, contact_id), contact_id)
        opened = _set_later(row, ContactRow.last_open_at, opened_at)
        clicked = _set_later(row, ContactRow.last_click_at, clicked_at)
        replied = _set_later(row, ContactRow.last_reply_at, replied_at)
        return opened or clicked or replied


def _set_later(row: ContactRow, attribute: Attribute[datetime], at: datetime | None) -> bool:
    if at is None:
        return False
    earlier = attribute.does_not_exist() | (attribute < at)
    condition = ContactRow.email.exists() & earlier
    return dynamo.update(row, [attribute.set(at)], condition) is None
