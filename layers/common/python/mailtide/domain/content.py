"""Content: what a message says and who it is from."""

from dataclasses import dataclass
from enum import StrEnum

from mailtide.domain.sending_rate import RateLimit
from mailtide.domain.suppression import Stream
from mailtide.domain.utm import Utm


class Format(StrEnum):
    """The language a template's body is written in."""

    HTML = "html"
    MJML = "mjml"


@dataclass(frozen=True, slots=True)
class Template:
    """A message before it is made personal; all its parts are Liquid.

    It is written in HTML or in MJML. `compiled` is the HTML that messages are made from: without
    MJML, and with its styles where every mail program reads them. Templates that were saved before
    there was any are sent as they were written.
    """

    org_id: str
    template_id: str
    name: str
    subject: str
    html: str = ""  # empty when it is written in MJML
    text: str | None = None  # made from the HTML when absent
    mjml: str | None = None
    preheader: str | None = None  # what inboxes show behind the subject; text, no markup
    utm: Utm | None = None
    compiled: str | None = None

    @property
    def format(self) -> Format:
        """The language that the author wrote it in."""
        return Format.HTML if self.mjml is None else Format.MJML

    @property
    def source(self) -> str:
        """What the author wrote, the part that is named as the format is."""
        return self.html if self.mjml is None else self.mjml

    @property
    def body(self) -> str:
        """The HTML that messages are made from."""
        return self.html if self.compiled is None else self.compiled


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
    rate_limits: tuple[RateLimit, ...] = ()


def started(org_id: str) -> str:
    """Return the name under which copies of started campaigns' content are kept.

    It stands where the organisation's id stands for what can be edited; the copy's own id is the
    campaign's.
    """
    return f"{org_id}#started"
