"""Templates: what messages say, in Liquid; checked when they are saved."""

from typing import Annotated

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.router import APIGatewayHttpRouter
from pydantic import BaseModel, StringConstraints

from functions.api.fields import Name
from mailtide import app
from mailtide.domain import rendering
from mailtide.domain.content import Template
from mailtide.domain.organisation import Scope
from mailtide.errors import NotFoundError
from mailtide.http import (
    After,
    Body,
    Id,
    Limit,
    Listing,
    caller,
    listing,
    no_content,
    position,
    scoped,
)

router = APIGatewayHttpRouter()
TAGS = ["templates"]

Subject = Annotated[str, StringConstraints(max_length=1000)]


class TemplateIn(Body):
    """A template as a whole; without a text part one is made from the HTML."""

    name: Name
    subject: Subject
    html: str
    text: str | None = None


class TemplateSummary(BaseModel):
    """A template, without its parts."""

    template_id: str
    name: str
    subject: str


class TemplateView(TemplateSummary):
    """A template."""

    html: str
    text: str | None


def view(template: Template) -> TemplateView:
    """Show a template."""
    return TemplateView(
        template_id=template.template_id,
        name=template.name,
        subject=template.subject,
        html=template.html,
        text=template.text,
    )


def summary(template: Template) -> TemplateSummary:
    """Show a template in a listing."""
    return TemplateSummary(
        template_id=template.template_id, name=template.name, subject=template.subject
    )


def checked(template_id: str, given: TemplateIn) -> Template:
    """Return a template of the caller's that can be rendered.

    Raises:
        InvalidInputError: `template_error`, with every place.
    """
    template = Template(
        org_id=caller(router).org_id,
        template_id=template_id,
        name=given.name,
        subject=given.subject,
        html=given.html,
        text=given.text,
    )
    rendering.check(template)
    return template


@router.get("/api/templates", summary="List templates", tags=TAGS, **scoped(Scope.READ))
def list_templates(limit: Limit = 50, after: After = None) -> Listing[TemplateSummary]:
    """List the templates, page by page."""
    name = f"{caller(router).org_id}/templates"
    page = app.api().templates.page(caller(router).org_id, limit, position(name, after))
    return listing(name, page, summary)


@router.post(
    "/api/templates", summary="Create a template", status_code=201, tags=TAGS, **scoped(Scope.SEND)
)
def create_template(template: TemplateIn) -> TemplateView:
    """Check and keep a new template."""
    new = checked(app.new_id(), template)
    app.api().templates.create(new, app.now())
    return view(new)


@router.get(
    "/api/templates/<template_id>", summary="Get a template", tags=TAGS, **scoped(Scope.READ)
)
def get_template(template_id: Id) -> TemplateView:
    """Show one template."""
    found = app.api().templates.get(caller(router).org_id, template_id)
    if found is None:
        raise _missing()
    return view(found)


@router.put(
    "/api/templates/<template_id>", summary="Replace a template", tags=TAGS, **scoped(Scope.SEND)
)
def replace_template(template_id: Id, template: TemplateIn) -> TemplateView:
    """Check a template and put it in the place of the one that is there.

    Campaigns that were started keep the content they were started with.
    """
    new = checked(template_id, template)
    if not app.api().templates.replace(new, app.now()):
        raise _missing()
    return view(new)


@router.delete(
    "/api/templates/<template_id>",
    summary="Delete a template",
    status_code=204,
    tags=TAGS,
    **scoped(Scope.SEND),
)
def delete_template(template_id: Id) -> Response[None]:
    """Delete a template; campaigns that were started with it go on."""
    if not app.api().templates.delete(caller(router).org_id, template_id):
        raise _missing()
    return no_content()


def _missing() -> NotFoundError:
    return NotFoundError("There is no template with this id.")
