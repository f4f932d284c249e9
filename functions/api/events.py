"""Events: what an organisation tells of its contacts; triggers fire on it."""

from functions.api.shapes.events import EventIn, EventView
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.resource import Resource

resource = Resource("triggers")


@resource.post(
    "/api/events",
    Scope.SEND,
    "Post an event",
    status=202,
    problems=("invalid_address",),
)
def post_event(event: EventIn) -> EventView:
    """Tell that something happened to a contact, and let triggers fire.

    The same `event_name`, or the same `Idempotency-Key`, is the same event: nothing is sent twice.
    """
    name = event.event_name or app.new_id()
    desk = app.messages().events
    taken = desk.take(resource.org_id, event.event, event.who(), name, event.properties)
    return EventView(event_name=name, message_ids=taken)
