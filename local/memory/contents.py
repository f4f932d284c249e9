"""Templates and identities in memory."""

from dataclasses import dataclass, field
from datetime import datetime

from local.memory.pages import page
from mailtide.domain.content import Identity, Template
from mailtide.domain.page import Page


@dataclass(slots=True)
class Templates:
    """Stands in for `store.templates.Templates`."""

    items: dict[tuple[str, str], Template] = field(default_factory=dict)

    def get(self, org_id: str, template_id: str) -> Template | None:
        """Return one template."""
        return self.items.get((org_id, template_id))

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Template]:
        """Return the organisation's templates by id."""
        return page({id_: t for (o, id_), t in self.items.items() if o == org_id}, limit, after)

    def create(self, template: Template, at: datetime) -> None:
        """Write a template under a fresh id."""
        self.items.setdefault((template.org_id, template.template_id), template)

    def replace(self, template: Template, at: datetime) -> bool:
        """Write all parts of a template anew; False when it is not there."""
        key = (template.org_id, template.template_id)
        found = key in self.items
        if found:
            self.items[key] = template
        return found

    def delete(self, org_id: str, template_id: str) -> bool:
        """Delete a template; False when it is not there."""
        return self.items.pop((org_id, template_id), None) is not None


@dataclass(slots=True)
class Identities:
    """Stands in for `store.identities.Identities`."""

    items: dict[tuple[str, str], Identity] = field(default_factory=dict)

    def get(self, org_id: str, identity_id: str) -> Identity | None:
        """Return one identity."""
        return self.items.get((org_id, identity_id))

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Identity]:
        """Return the organisation's identities by id."""
        return page({id_: i for (o, id_), i in self.items.items() if o == org_id}, limit, after)

    def create(self, identity: Identity, at: datetime) -> None:
        """Write an identity under a fresh id."""
        self.items.setdefault((identity.org_id, identity.identity_id), identity)

    def replace(self, identity: Identity) -> bool:
        """Write all fields of an identity anew; False when it is not there."""
        key = (identity.org_id, identity.identity_id)
        found = key in self.items
        if found:
            self.items[key] = identity
        return found

    def delete(self, org_id: str, identity_id: str) -> bool:
        """Delete an identity; False when it is not there."""
        return self.items.pop((org_id, identity_id), None) is not None
