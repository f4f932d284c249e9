"""Request counts: one number per organisation and window, raised in one write.

A write that is repeated because its reply was lost counts a request twice: that is one request less
for somebody whose requests fail anyway.
"""

from datetime import datetime, timedelta

from pynamodb.expressions.update import Action

from mailtide.domain.rate_limit import WINDOW
from mailtide.store import dynamo
from mailtide.store.call_tables import RequestCountRow

_KEPT = timedelta(hours=1)


class RequestCounts:
    """The table `request_counts`."""

    def add(self, org_id: str, window: datetime) -> int:
        """Count one request more and return how many there were in the window."""
        row = RequestCountRow(org_id, window.isoformat())
        actions: list[Action] = [
            RequestCountRow.id.set(row.key_text()),
            RequestCountRow.requests.add(1),
            RequestCountRow.expires_at.set(window + WINDOW + _KEPT),
        ]
        arguments = row.get_update_kwargs_from_instance(actions) | {"ReturnValues": "UPDATED_NEW"}
        answer = dynamo.call("UpdateItem", **arguments)
        return int(answer["Attributes"]["requests"]["N"])
