"""SES account: what SES lets the stack send, and what is wrong with it."""

from functions.api.shapes.ses_account import SesAccountView, view
from mailtide import app
from mailtide.domain.organisation import Scope
from mailtide.resource import Resource

resource = Resource("sending IPs")


@resource.get("/api/ses-account", Scope.READ, "Show the SES account")
def get_ses_account() -> SesAccountView:
    """Show the account that every sending IP over SES shares, as SES said within a minute."""
    return view(app.ses_account().read(), app.settings().ses_topic)
