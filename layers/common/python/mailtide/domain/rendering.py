"""Rendering: from a template and a contact to the finished message.

`prepare` reads a template once per campaign: links are collected and signed, Liquid is parsed.
`Variant.render` then fills it for one contact: the plain way, one Liquid run and one MIME build per
message. What is wrong with a template was found when it was saved (`template_check`), and what is
costly was done then (`template_compiler`).
Source: docs/domain/rendering.md.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from mailtide.domain import links, mail, markup, plain_text, ways_back
from mailtide.domain import liquid_language as liquid
from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity, Template
from mailtide.domain.faults import fault_at, refusal
from mailtide.domain.host import ascii_domain
from mailtide.domain.liquid_language import BIND, NOW, TAG, Program, RenderError
from mailtide.domain.mail import Mail
from mailtide.domain.tracking import MAX_URL, Link, Tracker, is_http
from mailtide.domain.utm import Utm, tagged

__all__ = ["Content", "RenderError", "Variant", "prepare"]


@dataclass(frozen=True, slots=True)
class Content:
    """The parts of a message, filled for one contact."""

    subject: str
    html: str
    text: str


@dataclass(frozen=True, slots=True)
class Variant:
    """A campaign's content, ready to be made personal."""

    identity: Identity
    campaign: Campaign
    tracker: Tracker
    subject: Program
    html: Program
    text: Program
    utm: Utm | None = None
    text_is_made: bool = False  # from the HTML
    ready: ClassVar[bool] = False  # the library lets lines begin with dots

    def fill(self, contact: Contact, message_id: str, at: datetime) -> Content:
        """Return the parts of one contact's message, dated `at`.

        Raises:
            RenderError: when the template fails for this contact.
        """
        data = self.data(contact, message_id, at)
        subject = titled(self.subject.fill(data))
        html, text = self.html.fill(data), self.text.fill(data)
        return Content(subject, html, plain_text.settled(text) if self.text_is_made else text)

    def render(self, contact: Contact, message_id: str, at: datetime) -> bytes:
        """Return the finished message (RFC 5322) of one contact, dated `at`.

        Raises:
            RenderError: when the template fails for this contact.
        """
        content = self.fill(contact, message_id, at)
        try:
            return mail.build(
                Mail(
                    message_id=message_id,
                    date=at,
                    from_name=self.identity.from_name,
                    from_address=ascii_domain(self.identity.from_address),
                    to=ascii_domain(contact.email),
                    subject=content.subject,
                    text=content.text,
                    html=content.html,
                    reply_to=ways_back.reply_to(self.identity, self.tracker, message_id),
                    headers=ways_back.headers(
                        self.identity, self.campaign, self.tracker, message_id
                    ),
                )
            )
        except ValueError as error:
            raise RenderError(f"headers: {error}") from error

    def data(self, contact: Contact, message_id: str, at: datetime) -> dict[str, Any]:
        """Return what the names in the template stand for, in one contact's message."""

        def bind(url: str, index: int) -> str:
            target = tagged(url, self.utm)
            if not is_http(target):
                detail = f"html: a link is over {MAX_URL} characters for this contact"
                raise RenderError(detail, part="html")
            link = Link(self.campaign.campaign_id, index, target)
            return self.tracker.link(link, message_id)

        return {
            "contact": {**contact.attributes, "email": contact.email},
            "campaign": {"name": self.campaign.name},
            "unsubscribe_url": self.tracker.unsubscribe_url(message_id),
            "mt_click": self.tracker.click_base(message_id),
            "mt_open": self.tracker.open_url(message_id),
            BIND: bind,
            TAG: lambda url: tagged(url, self.utm),
            NOW: at,
        }


def titled(subject: str) -> str:
    """Return a filled subject as it stands in the header.

    Raises:
        RenderError: when nothing is left of it.
    """
    subject = subject.strip()
    if not subject:
        raise RenderError("subject: it is empty for this contact", part="subject")
    return subject


def prepare(
    template: Template, campaign: Campaign, identity: Identity, tracker: Tracker
) -> Variant:
    """Read a template once for all messages of a campaign.

    Raises:
        InvalidInputError: `template_error`, when no message at all can be made from it.
    """
    masked = markup.set_aside(template.body)
    text_is_made = template.text is None
    try:
        html = links.lead(masked, campaign.campaign_id, tracker, template.utm)
        text = text_of(masked, template.utm) if template.text is None else template.text
    except ValueError as error:
        raise refusal([fault_at(template.format, "", 0, str(error))]) from error
    return Variant(
        identity=identity,
        campaign=campaign,
        tracker=tracker,
        subject=liquid.read("subject", template.subject),
        html=liquid.read("html", html, liquid.Use.HTML),
        text=liquid.read("text", text, liquid.Use.MADE if text_is_made else liquid.Use.PLAIN),
        utm=template.utm,
        text_is_made=text_is_made,
    )


def text_of(masked: markup.Masked, utm: Utm | None) -> str:
    """Make the text part's Liquid from the HTML's.

    Raises:
        ValueError: when a link in it is one that must not be sent.
    """

    def shown(address: str, marked: bool) -> str:
        return links.shown(masked, address, None if marked else utm)

    return plain_text.plain_text(masked, shown)
