"""What a template looks like, as it comes and goes."""

from typing import Annotated

from pydantic import StringConstraints

from functions.api.shapes.fields import Name, View
from mailtide.domain.content import Template
from mailtide.http import Body, example

Subject = Annotated[str, StringConstraints(max_length=1000)]


class TemplateIn(Body):
    """A template as a whole; without a text part one is made from the HTML."""

    model_config = example(
        name="Welcome",
        subject="Hello {{ contact.name }}",
        html='<p>Hello</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
    )

    name: Name
    subject: Subject
    html: str
    text: str | None = None


class TemplateSummary(View):
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
    return TemplateView.model_validate(template)


def summary(template: Template) -> TemplateSummary:
    """Show a template in a listing."""
    return TemplateSummary.model_validate(template)
