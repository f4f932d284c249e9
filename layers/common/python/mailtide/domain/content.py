"""Content: what a message says and who it is from."""

from dataclasses import dataclass

from mailtide.domain.suppression import Stream


@dataclass(frozen=True, slots=True)
class Template:
    """A message before it is made personal; all three parts are Liquid."""

    org_id: str
    template_id: str
    name: str
    subject: str
    html: str
    text: str | None = None  # made from the HTML when absent


@dataclass(frozen=True, slots=True)
class Identity:
    """Who a message is from, and where its bounces go."""

    org_id: str
    identity_id: str
    name: str
    from_name: str
    from_address: str
    bounce_domain: str
    stream: Stream = Stream.MARKETING
    reply_to: str | None = None


def started(org_id: str) -> str:
    """Return the name under which copies of started campaigns' content are kept.

    It stands where the organisation's id stands for what can be edited; the copy's own id is the
    campaign's.
    """
    return f"{org_id}#started"
