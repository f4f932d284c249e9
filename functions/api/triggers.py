"""Triggers: which event sends which template, and after how long; they fire by themselves."""

from aws_lambda_powertools.event_handler import Response

from functions.api.shapes.triggers import TriggerChange, TriggerIn, TriggerView, view
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.domain.trigger import Trigger
from mailtide.http import After, Id, Limit, Listing, no_content
from mailtide.resource import Resource

resource = Resource("triggers")


@resource.get("/api/triggers", Scope.READ, "List triggers")
def list_triggers(limit: Limit = 50, after: After = None) -> Listing[TriggerView]:
    """List the triggers, page by page."""
    return resource.listed("triggers", app.api().triggers.triggers.page, limit, after, view)


@resource.post(
    "/api/triggers",
    Scope.SEND,
    "Create a trigger",
    status=201,
    problems=("too_many_triggers",),
)
def create_trigger(trigger: TriggerIn) -> TriggerView:
    """Keep the definition of a trigger, whose template and identity have to be there."""
    given = trigger.model_dump()
    new = Trigger(resource.org_id, app.new_id(), created_at=app.now(), **given)
    return view(app.api().triggers.create(new))


@resource.get("/api/triggers/<trigger_id>", Scope.READ, "Get a trigger")
def get_trigger(trigger_id: Id) -> TriggerView:
    """Show one trigger."""
    return view(app.api().triggers.get(resource.org_id, trigger_id))


@resource.patch("/api/triggers/<trigger_id>", Scope.SEND, "Change a trigger")
def change_trigger(trigger_id: Id, change: TriggerChange) -> TriggerView:
    """Change a trigger, or stop it with `active`."""
    return view(app.api().triggers.change(resource.org_id, trigger_id, change.changes()))


@resource.delete("/api/triggers/<trigger_id>", Scope.SEND, "Delete a trigger")
def delete_trigger(trigger_id: Id) -> Response[None]:
    """Delete a trigger."""
    app.api().triggers.delete(resource.org_id, trigger_id)
    return no_content()
