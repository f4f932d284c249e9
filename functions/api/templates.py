"""Templates: what messages say, in Liquid; checked when they are saved."""

from aws_lambda_powertools.event_handler import Response

from functions.api.shapes.previews import PreviewIn, PreviewView, preview_of
from functions.api.shapes.templates import (
    TemplateIn,
    TemplateSummary,
    TemplateView,
    summary,
    template_of,
    view,
)
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.http import After, Id, Limit, Listing, no_content
from mailtide.resource import Resource, found

resource = Resource("templates")


@resource.get("/api/templates", Scope.READ, "List templates")
def list_templates(limit: Limit = 50, after: After = None) -> Listing[TemplateSummary]:
    """List the templates, page by page."""
    return resource.listed("templates", app.api().templates.page, limit, after, summary)


@resource.post(
    "/api/templates", Scope.SEND, "Create a template", status=201, problems=("template_error",)
)
def create_template(template: TemplateIn) -> TemplateView:
    """Check and keep a new template."""
    new = template_of(resource.org_id, app.new_id(), template)
    app.api().templates.create(new, app.now())
    return view(new)


@resource.get("/api/templates/<template_id>", Scope.READ, "Get a template")
def get_template(template_id: Id) -> TemplateView:
    """Show one template."""
    return view(found(app.api().templates.get(resource.org_id, template_id), "template"))


@resource.put(
    "/api/templates/<template_id>", Scope.SEND, "Replace a template", problems=("template_error",)
)
def replace_template(template_id: Id, template: TemplateIn) -> TemplateView:
    """Check a template and put it in the place of the one that is there.

    Campaigns that were started keep the content they were started with.
    """
    new = template_of(resource.org_id, template_id, template)
    found(app.api().templates.replace(new, app.now()), "template")
    return view(new)


@resource.delete("/api/templates/<template_id>", Scope.SEND, "Delete a template")
def delete_template(template_id: Id) -> Response[None]:
    """Delete a template; campaigns that were started with it go on."""
    found(app.api().templates.delete(resource.org_id, template_id), "template")
    return no_content()


@resource.post("/api/templates/<template_id>/preview", Scope.SEND, "Preview a template")
def preview_template(template_id: Id, given: PreviewIn) -> PreviewView:
    """Show the message that a contact would receive; nothing is sent."""
    resources = app.api()
    if given.contact_id is None:
        contact = given.sample(resource.org_id, app.now())
    else:
        contact = resources.contact_book.get(resource.org_id, given.contact_id)
    return preview_of(resources.previewer.preview(template_id, contact, given.identity_id))
