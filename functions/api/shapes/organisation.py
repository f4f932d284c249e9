"""What an organisation looks like, as it comes and goes."""

from datetime import datetime

from functions.api.shapes.fields import Name, View
from mailtide.domain.organisation import Organisation
from mailtide.http import Body, example


class OrganisationChange(Body):
    """What may be changed about an organisation; what is left out stays."""

    model_config = example(name="Acme Ltd")

    name: Name = ""


class OrganisationView(View):
    """An organisation."""

    org_id: str
    name: str
    created_at: datetime


def view(organisation: Organisation) -> OrganisationView:
    """Show an organisation."""
    return OrganisationView.model_validate(organisation)
