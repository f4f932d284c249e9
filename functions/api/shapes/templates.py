"""What a template looks like, as it comes and goes."""

from dataclasses import asdict
from typing import Annotated, Self

from pydantic import BaseModel, Field, StringConstraints, model_validator

from functions.api.shapes.fields import Name, Subject, View
from mailtide.domain import template_check, template_compiler
from mailtide.domain.content import Format, Template
from mailtide.domain.faults import Fault
from mailtide.domain.preheader import MAX_LENGTH
from mailtide.domain.utm import Utm
from mailtide.http import Body, example

Value = Annotated[str | None, StringConstraints(max_length=200)]


class UtmIn(Body):
    """What is appended to every link that has it not yet, as `utm_source` and so on."""

    source: Value = None
    medium: Value = None
    campaign: Value = None
    term: Value = None
    content: Value = None


class TemplateIn(Body):
    """A template as a whole: in HTML or in MJML; all its parts are Liquid."""

    model_config = example(
        name="Welcome",
        subject="Hello {{ contact.name }}",
        preheader="Good to have you with us",
        html='<p>Hello</p><p><a href="{{ unsubscribe_url }}">Unsubscribe</a></p>',
        utm={"source": "newsletter", "medium": "email"},
    )

    name: Name
    subject: Subject
    format: Format = Format.HTML
    html: str | None = Field(None, description="the body when `format` is `html`")
    mjml: str | None = Field(None, description="the body when `format` is `mjml`")
    text: str | None = Field(None, description="made from the body when absent")
    preheader: str | None = Field(
        None, max_length=MAX_LENGTH, description="text that inboxes show behind the subject"
    )
    utm: UtmIn | None = None

    @model_validator(mode="after")
    def _has_the_body_of_its_format(self) -> Self:
        other = Format.MJML if self.format is Format.HTML else Format.HTML
        if getattr(self, self.format) is None:
            raise ValueError(f"`{self.format}` is missing: the format is {self.format}")
        if getattr(self, other) is not None:
            raise ValueError(f"`{other}` has no place: the format is {self.format}")
        return self


class Remark(BaseModel):
    """Something that deserves a second look."""

    at: str = Field(description="part:line:column")
    detail: str


class TemplateSummary(View):
    """A template, without its parts."""

    template_id: str
    name: str
    subject: str
    format: Format


class UtmView(View):
    """The parameters of its links."""

    source: str | None
    medium: str | None
    campaign: str | None
    term: str | None
    content: str | None


class TemplateView(TemplateSummary):
    """A template, with what its readers may stumble over."""

    html: str | None
    mjml: str | None
    text: str | None
    preheader: str | None
    utm: UtmView | None
    size: int = Field(description="bytes of the HTML that messages are made from")
    warnings: list[Remark]


def template_of(org_id: str, template_id: str, given: TemplateIn) -> Template:
    """Return the template that was given, ready to be sent.

    Raises:
        InvalidInputError: `template_error`, with every place.
    """
    fields = given.model_dump(exclude={"format", "html", "utm"})
    utm = None if given.utm is None else Utm(**given.utm.model_dump())
    return template_compiler.compiled(
        Template(org_id, template_id, html=given.html or "", utm=utm, **fields)
    )


def view(template: Template) -> TemplateView:
    """Show a template."""
    return TemplateView(
        **summary(template).model_dump(),
        html=template.html if template.format is Format.HTML else None,
        mjml=template.mjml,
        text=template.text,
        preheader=template.preheader,
        utm=None if template.utm is None else UtmView(**asdict(template.utm)),
        size=len(template.body.encode()),
        warnings=remarks(template_check.warnings(template)),
    )


def remarks(faults: list[Fault]) -> list[Remark]:
    """Show faults."""
    return [Remark(**fault.place()) for fault in faults]


def summary(template: Template) -> TemplateSummary:
    """Show a template in a listing."""
    return TemplateSummary.model_validate(template)
