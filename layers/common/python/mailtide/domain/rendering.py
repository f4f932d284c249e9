"""Rendering: from a template and a contact to the finished message.

`check` reports what is wrong with a template when it is saved. `prepare` reads a checked template
once per campaign: links are collected and signed, Liquid is parsed. `Variant.render` then fills it
for one contact: the plain way, one Liquid run and one MIME build per message.
Source: docs/domain/rendering.md; the Liquid language as Shopify documents it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from dateutil import parser as dates  # type: ignore[import-untyped]
from liquid import BoundTemplate, Environment, Markup, RenderContext
from liquid.exceptions import LiquidError
from liquid.filter import liquid_filter, with_context
from liquid.parser import get_parser
from liquid.stream import TokenStream
from liquid.token import Token

from mailtide.domain import links, mail, markup, ways_back
from mailtide.domain.campaign import Campaign
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity, Template
from mailtide.domain.host import ascii_domain
from mailtide.domain.mail import Mail
from mailtide.domain.tracking import MAX_URL, Link, Tracker, is_http
from mailtide.errors import InvalidInputError, PermanentError

MAX_SOURCE = 300_000  # characters of all parts; a row of the table holds 400 KB
MAX_REASON = 300  # characters; it is kept in the message's row
NAMES = frozenset({"contact", "campaign", "unsubscribe_url"})
_NOW = "mt now"  # no template can spell these two
_BIND = "mt bind"
_UNIX_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
# What filters raise on values they were not made for, beside Liquid's own errors.
_FAILURES = (LiquidError, ArithmeticError, LookupError, TypeError, ValueError, RecursionError)


class RenderError(PermanentError):
    """The template fails for this one contact; `detail` says where and why."""

    code = "template_error"


class _Liquid(Environment):
    """Liquid with limits: a template must not be able to use up a sender."""

    loop_iteration_limit = 10_000
    local_namespace_limit = 200_000  # bytes
    output_stream_limit = 1_000_000  # bytes

    def __init__(self, *, autoescape: bool) -> None:
        super().__init__(autoescape=autoescape)
        for tag in ("include", "render"):  # there is nothing to include
            del self.tags[tag]
        del self.filters["safe"]  # it would let a contact's own words be markup
        self.add_filter("date", _date)
        self.add_filter("mt_field", _field)
        self.add_filter("mt_bind", _bind)


@with_context
@liquid_filter
def _date(value: object, form: object = "", *, context: RenderContext) -> object:
    """Liquid's `date`, with the message's time as "now" and UTC where none is named."""
    now: datetime = context.resolve(_NOW)
    if value in ("now", "today"):
        at = now
    elif isinstance(value, int) or (isinstance(value, str) and value.isdecimal()):
        at = _UNIX_EPOCH + timedelta(seconds=int(value))
    elif isinstance(value, str) and value.strip():
        try:
            midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
            at = dates.parse(value, default=midnight, tzinfos=_offset)
        except dates.ParserError:
            return value
    else:
        return ""
    return at.strftime(str(form)) if form else str(value)


def _offset(_name: str | None, seconds: int | None) -> int | None:
    """Take a numeric offset; a time zone's name that is not known is ignored without a warning."""
    return seconds


@liquid_filter
def _field(value: object) -> str:
    """Encode a value for a place inside a URL, where it can change neither host nor path depth."""
    return Markup(quote("" if value is None else str(value), safe=""))


@with_context
@liquid_filter
def _bind(url: object, index: int, *, context: RenderContext) -> str:
    """Sign a link that was made for this one message; answer its token."""
    return Markup(context.resolve(_BIND)(str(url), index))


_HTML = _Liquid(autoescape=True)
_PLAIN = _Liquid(autoescape=False)


@dataclass(frozen=True, slots=True)
class Variant:
    """A campaign's content, ready to be made personal."""

    identity: Identity
    campaign: Campaign
    tracker: Tracker
    subject: BoundTemplate
    html: BoundTemplate
    text: BoundTemplate

    def render(self, contact: Contact, message_id: str, at: datetime) -> bytes:
        """Return the finished message (RFC 5322) of one contact, dated `at`.

        Raises:
            RenderError: when the template fails for this contact.
        """
        data = self._data(contact, message_id, at)
        subject = _filled("subject", self.subject, data).strip()
        if not subject:
            raise RenderError("subject: it is empty for this contact")
        try:
            return mail.build(
                Mail(
                    message_id=message_id,
                    date=at,
                    from_name=self.identity.from_name,
                    from_address=ascii_domain(self.identity.from_address),
                    to=ascii_domain(contact.email),
                    subject=subject,
                    text=_filled("text", self.text, data),
                    html=_filled("html", self.html, data),
                    reply_to=ways_back.reply_to(self.identity, self.tracker, message_id),
                    headers=ways_back.headers(
                        self.identity, self.campaign, self.tracker, message_id
                    ),
                )
            )
        except ValueError as error:
            raise RenderError(f"headers: {error}") from error

    def _data(self, contact: Contact, message_id: str, at: datetime) -> dict[str, Any]:
        def bind(url: str, index: int) -> str:
            if not is_http(url):
                raise RenderError(f"html: a link is over {MAX_URL} characters for this contact")
            link = Link(self.campaign.campaign_id, index, url)
            return self.tracker.link(link, message_id)

        return {
            "contact": {**contact.attributes, "email": contact.email},
            "campaign": {"name": self.campaign.name},
            "unsubscribe_url": self.tracker.unsubscribe_url(message_id),
            "mt_click": self.tracker.click_base(message_id),
            "mt_open": self.tracker.open_url(message_id),
            _BIND: bind,
            _NOW: at,
        }


def prepare(
    template: Template, campaign: Campaign, identity: Identity, tracker: Tracker
) -> Variant:
    """Read a template once for all messages of a campaign.

    Raises:
        InvalidInputError: `template_error`, when `check` would raise it.
    """
    check(template)
    masked = markup.set_aside(template.html)
    text = _text(masked) if template.text is None else template.text
    return Variant(
        identity=identity,
        campaign=campaign,
        tracker=tracker,
        subject=_PLAIN.from_string(template.subject),
        html=_HTML.from_string(links.lead(masked, campaign.campaign_id, tracker)),
        text=_PLAIN.from_string(text),
    )


def check(template: Template) -> None:
    """Find what is wrong with a template before anything is sent with it.

    Raises:
        InvalidInputError: `template_error`, with every place that was found in `errors`.
    """
    errors = list(_errors(template))
    if errors:
        first = errors[0]
        raise InvalidInputError(
            f"the template has errors; the first is at {first['at']}: {first['detail']}",
            code="template_error",
            errors=errors,
        )


def _errors(template: Template) -> Iterator[dict[str, str]]:
    parts = {"subject": template.subject, "html": template.html, "text": template.text}
    if sum(len(part or "") for part in parts.values()) > MAX_SOURCE:
        yield {"at": "html:1", "detail": f"a template holds at most {MAX_SOURCE:,} characters"}
        return
    for part in ("subject", "html"):
        if not (parts[part] or "").strip():
            yield {"at": f"{part}:1", "detail": "it is empty"}
    if not mail.is_header_safe(template.subject):
        yield {"at": "subject:1", "detail": "a subject holds no line break or control character"}
    failed = False
    for part, source in parts.items():
        for line, detail in _liquid_errors(source or ""):
            failed = True
            yield {"at": f"{part}:{line}", "detail": detail}
    if not failed:
        yield from _html_errors(template)


def _html_errors(template: Template) -> Iterator[dict[str, str]]:
    masked = markup.set_aside(template.html)
    refused = False
    for href in markup.hrefs(masked.text):
        try:
            links.read(masked, href)
        except ValueError as error:
            refused = True
            yield {"at": f"html:{masked.line(href.start)}", "detail": str(error)}
    if refused:
        return
    if template.text is None and any(True for _ in _liquid_errors(_text(masked))):
        yield {"at": "html:1", "detail": "no text part can be made from it; give one"}


def _text(masked: markup.Masked) -> str:
    return markup.plain_text(masked, lambda address: links.shown(masked, address))


def _liquid_errors(source: str) -> Iterator[tuple[int, str]]:
    """Yield (line, what is wrong): the first error of syntax, or else all unknown names."""
    stream = None
    try:
        stream = TokenStream(_PLAIN.tokenizer()(source))
        nodes = get_parser(_PLAIN).parse(stream)
    except LiquidError as error:
        yield _place(source, stream, error)
        return
    found = BoundTemplate(_PLAIN, nodes).analyze()
    for name, spans in found.filters.items():
        if name not in _PLAIN.filters:
            yield from ((_line(source, s.index), f"unknown filter '{name}'") for s in spans)
    for name, uses in found.globals.items():
        if name not in NAMES:
            known = ", ".join(sorted(NAMES))
            detail = f"unknown name '{name}'; there are {known}"
            yield from ((_line(source, use.span.index), detail) for use in uses)


def _place(source: str, stream: TokenStream | None, error: LiquidError) -> tuple[int, str]:
    """Return (line, message) of a syntax error; one without a place is where reading stopped."""
    tokens: list[Token | None] = [error.token, stream.current if stream else None]
    known = [token.start_index for token in tokens if token and token.start_index >= 0]
    return _line(source, known[0] if known else len(source)), str(error.message)


def _line(source: str, index: int) -> int:
    return source.count("\n", 0, index) + 1


def _filled(part: str, template: BoundTemplate, data: Mapping[str, Any]) -> str:
    try:
        return template.render(data)
    except _FAILURES as error:
        raise RenderError(f"{part}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    if not isinstance(error, LiquidError):
        return f"{type(error).__name__}: {error}"[:MAX_REASON]
    token = error.token
    known = token is not None and token.start_index >= 0
    place = f"line {_line(token.source, token.start_index)}: " if token and known else ""
    return f"{place}{error.message}"[:MAX_REASON]
