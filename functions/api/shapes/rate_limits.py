"""What a rate limit looks like, as it comes and goes."""

from typing import Annotated

from pydantic import BaseModel, Field, StringConstraints

from functions.api.shapes.fields import View
from mailtide.domain.sending_rate import MOST, Per

Messages = Annotated[int, Field(ge=1, le=1_000_000_000, description="in each window, at most")]
Provider = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=260)] | None,
    Field(description="mailbox provider, as contacts have it; null: all mail"),
]


class RateLimitIn(BaseModel, extra="forbid"):
    """At most so many messages in each minute, hour or day (UTC)."""

    messages: Messages
    per: Per
    provider: Provider = None


class RateLimitView(View):
    """At most so many messages in each minute, hour or day (UTC)."""

    messages: int
    per: Per
    provider: str | None


RateLimits = Annotated[
    list[RateLimitIn],
    Field(max_length=MOST, description="all hold together; messages over one wait for its turn"),
]
