"""What an identity looks like, as it comes and goes."""

from typing import Annotated

from pydantic import Field, StringConstraints

from functions.api.shapes.fields import Email, Line, Name, SomeId, Trimmed, View
from functions.api.shapes.rate_limits import RateLimits, RateLimitView
from mailtide.domain.content import Identity
from mailtide.domain.suppression import Stream
from mailtide.http import Body, example

FromName = Annotated[str, StringConstraints(max_length=200), Trimmed, Line]
Domain = Annotated[str, StringConstraints(max_length=255)]
ReplyTo = Annotated[
    Email | None, Field(description="where replies go; null where there is a `reply_domain`")
]
ReplyDomain = Annotated[
    Domain | None,
    Field(description="replies come to addresses at it, and are counted; null with a `reply_to`"),
]
Selectors = Annotated[list[Annotated[str, StringConstraints(max_length=64)]], Field(max_length=50)]


class IdentityIn(Body):
    """Who messages are from."""

    model_config = example(
        name="Newsletter",
        from_name="Acme",
        from_address="letters@example.com",
        bounce_domain="b.example.com",
        pool_id="pool",
    )

    name: Name
    from_name: FromName
    from_address: Email
    bounce_domain: Domain
    stream: Stream = Stream.MARKETING
    reply_to: ReplyTo = None
    reply_domain: ReplyDomain = None
    tracking_domain: Domain | None = None
    dkim_selectors: Selectors = Field(default_factory=list)
    pool_id: SomeId | None = None
    rate_limits: RateLimits = Field(default_factory=list)


class IdentityChange(Body):
    """What may be changed about an identity; what is left out stays."""

    model_config = example(
        {"pool_id": "pool"},
        from_name="Acme News",
        reply_to="support@example.com",
        rate_limits=[{"messages": 5000, "per": "hour", "provider": "gmail"}],
    )

    name: Name = ""
    from_name: FromName = ""
    from_address: Email = ""
    bounce_domain: Domain = ""
    stream: Stream = Stream.MARKETING
    reply_to: ReplyTo = None
    reply_domain: ReplyDomain = None
    tracking_domain: Domain | None = None
    dkim_selectors: Selectors = Field(default_factory=list)
    pool_id: SomeId | None = None
    rate_limits: RateLimits = Field(default_factory=list)


class IdentityView(View):
    """A sender identity."""

    identity_id: str
    name: str
    from_name: str
    from_address: str
    bounce_domain: str
    stream: Stream
    reply_to: str | None
    reply_domain: str | None
    tracking_domain: str | None
    dkim_selectors: list[str]
    pool_id: str | None
    rate_limits: list[RateLimitView]


def view(identity: Identity) -> IdentityView:
    """Show an identity."""
    return IdentityView.model_validate(identity)
