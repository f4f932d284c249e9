"""Submission mail: from a submission and its contact to the finished message.

What campaigns are made with, one message at a time: a template is prepared once and kept as long as
it says the same. Marketing that a trigger sends has the ways out of bulk mail; transactional mail
has none, and is followed only where its sender asks for it.
Source: docs/domain/messages.md.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar

from mailtide.domain import identifiers, links, mail, markup, plain_text, rendering, ways_back
from mailtide.domain import liquid_language as liquid
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity, Template
from mailtide.domain.faults import fault_at, refusal
from mailtide.domain.host import ascii_domain
from mailtide.domain.links import Tracked
from mailtide.domain.liquid_language import BIND, NOW, TAG, Program, RenderError
from mailtide.domain.mail import File, Mail
from mailtide.domain.submission import Submission
from mailtide.domain.suppression import Stream
from mailtide.domain.tracking import MAX_URL, Link, Tracker, is_http
from mailtide.domain.utm import tagged


@dataclass(frozen=True, slots=True)
class Programs:
    """A content, read and ready to be filled."""

    subject: Program
    html: Program
    text: Program
    text_is_made: bool  # from the HTML


@dataclass(frozen=True, slots=True)
class NoMail:
    """Stands for a message that cannot be made."""

    trouble: str
    identity: Identity
    ready: ClassVar[bool] = False

    def render(self, contact: Contact, message_id: str, at: datetime) -> bytes:
        """Say why it cannot be made.

        Raises:
            RenderError: always.
        """
        raise RenderError(self.trouble)


@dataclass(frozen=True, slots=True)
class SubmissionMail:
    """The message of one submission, as the steps of a block want it."""

    submission: Submission
    identity: Identity
    tracker: Tracker
    template: Template
    programs: Programs
    files: tuple[File, ...] = ()
    ready: ClassVar[bool] = False  # the library lets lines begin with dots

    def render(self, contact: Contact, message_id: str, at: datetime) -> bytes:
        """Return the finished message (RFC 5322), dated `at`.

        Raises:
            RenderError: when it cannot be made; it says why.
        """
        subject, html, text = self._parts(contact, at)
        try:
            return mail.build(
                Mail(
                    message_id=message_id,
                    date=at,
                    from_name=self.identity.from_name,
                    from_address=ascii_domain(self.identity.from_address),
                    to=ascii_domain(contact.email),
                    subject=subject,
                    text=text,
                    html=html,
                    reply_to=self._reply_to(message_id),
                    headers=self._headers(message_id),
                    to_name=self.submission.to_name,
                    files=self.files,
                )
            )
        except ValueError as error:
            raise RenderError(f"headers: {error}") from error

    def _parts(self, contact: Contact, at: datetime) -> tuple[str, str, str]:
        programs, data = self.programs, self._data(contact, at)
        subject = programs.subject.fill(data).strip()
        if not subject:
            raise RenderError("subject: it is empty for this contact", part="subject")
        html, text = programs.html.fill(data), programs.text.fill(data)
        return subject, html, plain_text.settled(text) if programs.text_is_made else text

    def _reply_to(self, message_id: str) -> str | None:
        if self.submission.reply_to:
            return ascii_domain(self.submission.reply_to)
        return ways_back.reply_to(self.identity, self.tracker, message_id)

    def _headers(self, message_id: str) -> dict[str, str]:
        bulk = ways_back.headers(self.identity, self._as_campaign(), self.tracker, message_id)
        if self.submission.stream is Stream.MARKETING:
            return bulk
        return {"Feedback-ID": bulk["Feedback-ID"]}

    @property
    def _campaign(self) -> str:
        return identifiers.campaign_of(self.submission.message_id)

    def _as_campaign(self) -> Campaign:
        one = self.submission
        return Campaign(
            one.org_id,
            self._campaign,
            "",
            (),
            one.template_id,
            one.identity_id,
            State.SENDING,
            one.created_at,
        )

    def _data(self, contact: Contact, at: datetime) -> dict[str, Any]:
        message_id, utm = self.submission.message_id, self.template.utm

        def bind(url: str, index: int) -> str:
            target = tagged(url, utm)
            if not is_http(target):
                raise RenderError(f"html: a link is over {MAX_URL} characters", part="html")
            return self.tracker.link(Link(self._campaign, index, target), message_id)

        return {
            "contact": {**contact.attributes, "email": contact.email},
            "campaign": {"name": self.template.name},
            "variables": self.submission.variables,
            "unsubscribe_url": self.tracker.unsubscribe_url(message_id),
            "mt_click": self.tracker.click_base(message_id),
            "mt_open": self.tracker.open_url(message_id),
            BIND: bind,
            TAG: lambda url: tagged(url, utm),
            NOW: at,
        }


def prepare(template: Template, campaign_id: str, tracker: Tracker, tracked: Tracked) -> Programs:
    """Read a content once.

    Raises:
        InvalidInputError: `template_error`, when no message at all can be made from it.
    """
    masked = markup.set_aside(template.body)
    is_made = template.text is None
    try:
        html = links.lead(masked, campaign_id, tracker, template.utm, tracked)
        text = rendering.text_of(masked, template.utm) if template.text is None else template.text
    except ValueError as error:
        raise refusal([fault_at(template.format, "", 0, str(error))]) from error
    return Programs(
        subject=liquid.read("subject", template.subject),
        html=liquid.read("html", html, liquid.Use.HTML),
        text=liquid.read("text", text, liquid.Use.MADE if is_made else liquid.Use.PLAIN),
        text_is_made=is_made,
    )
