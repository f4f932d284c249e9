"""Templates, as they were saved, with the HTML that was made from them."""

from dataclasses import asdict
from datetime import datetime
from typing import Any

from mailtide.domain.content import Template
from mailtide.domain.page import Page
from mailtide.domain.utm import Utm
from mailtide.store import dynamo
from mailtide.store.paging import page
from mailtide.store.row import assign
from mailtide.store.tables import TemplateRow


class Templates:
    """The table `templates`."""

    def get(self, org_id: str, template_id: str) -> Template | None:
        """Return one template."""
        row = dynamo.get(TemplateRow, org_id, template_id)
        return _read(row) if row else None

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Template]:
        """Return the organisation's templates by id."""
        return page(TemplateRow, org_id, limit, after, _read)

    def create(self, template: Template, at: datetime) -> None:
        """Write a template under a fresh id; a repeat of the same write changes nothing."""
        dynamo.put(template_row(template, at), TemplateRow.org_id.does_not_exist())

    def replace(self, template: Template, at: datetime) -> bool:
        """Write all parts of a template anew; False when it is not there."""
        actions = [
            TemplateRow.name.set(template.name),
            TemplateRow.subject.set(template.subject),
            TemplateRow.html.set(template.html),
            assign(TemplateRow.text, template.text),
            assign(TemplateRow.mjml, template.mjml),
            assign(TemplateRow.preheader, template.preheader),
            assign(TemplateRow.utm, _written(template.utm)),
            assign(TemplateRow.compiled, template.compiled),
            TemplateRow.updated_at.set(at),
        ]
        row = TemplateRow(template.org_id, template.template_id)
        return dynamo.update(row, actions, TemplateRow.org_id.exists()) is None

    def delete(self, org_id: str, template_id: str) -> bool:
        """Delete a template; False when it is not there."""
        row = TemplateRow(org_id, template_id)
        return dynamo.delete(row, TemplateRow.org_id.exists()) is None


def template_row(template: Template, at: datetime) -> TemplateRow:
    """Return the row of a new template."""
    return TemplateRow(
        template.org_id,
        template.template_id,
        name=template.name,
        subject=template.subject,
        html=template.html,
        text=template.text,
        mjml=template.mjml,
        preheader=template.preheader,
        utm=_written(template.utm),
        compiled=template.compiled,
        created_at=at,
    )


def _written(utm: Utm | None) -> dict[str, Any] | None:
    return None if utm is None else asdict(utm)


def _read(row: TemplateRow) -> Template:
    return Template(
        org_id=row.org_id,
        template_id=row.template_id,
        name=row.name,
        subject=row.subject,
        html=row.html,
        text=row.text,
        mjml=row.mjml,
        preheader=row.preheader,
        utm=None if row.utm is None else Utm(**row.utm),
        compiled=row.compiled,
    )
