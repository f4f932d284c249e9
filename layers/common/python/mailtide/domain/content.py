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
    """Who a message is from, where its bounces and replies go, and where its links lead."""

    org_id: str
    identity_id: str
    name: str
    from_name: str
    from_address: str
    bounce_domain: str
    stream: Stream = Stream.MARKETING
    reply_to: str | None = None  # a mailbox of the owner's; never beside `reply_domain`
    reply_domain: str | None = None  # replies come to us, at an address that names the message
    tracking_domain: str | None = None  # host of its links; else the stack's public URL
    dkim_selectors: tuple[str, ...] = ()  # under which its signing keys lie in the DNS
    pool_id: str | None = None  # only these sending IPs; else every active one of its stream


def started(org_id: str) -> str:
    """Return the name under which copies of started campaigns' content are kept.

    It stands where the organisation's id stands for what can be edited; the copy's own id is the
    campaign's.
    """
    return f"{org_id}#started"
