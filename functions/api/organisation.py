"""The organisation that a key belongs to."""

from functions.api.shapes.organisation import OrganisationChange, OrganisationView, view
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.resource import Resource, found

resource = Resource("organisation")


@resource.get("/api/organisation", Scope.READ, "Get the organisation")
def get_organisation() -> OrganisationView:
    """Show the organisation that the key belongs to."""
    return view(found(app.api().organisations.get(resource.org_id), "organisation"))


@resource.patch("/api/organisation", Scope.ADMIN, "Rename the organisation")
def change_organisation(change: OrganisationChange) -> OrganisationView:
    """Give the organisation another name; its id stays."""
    if change.name:
        renamed = app.api().organisations.rename(resource.org_id, change.name)
        found(renamed, "organisation")
    return get_organisation()
