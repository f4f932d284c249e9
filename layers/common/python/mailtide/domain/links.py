"""Links: what is done with each address in a template's HTML, and which ones are refused.

    http, https                         led through our redirect: signed once for all messages,
                                        with merge fields once per message
    empty, #…, other schemes,           stay as they are
    {{ unsubscribe_url }}, marked ones
    merge field in the host,            refused when the template is saved
    no scheme, javascript: and such,
    slips like htps:

Source: docs/domain/rendering.md.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from html import escape
from urllib.parse import quote

from mailtide.domain import markup
from mailtide.domain.faults import instead
from mailtide.domain.host import ascii_host
from mailtide.domain.markup import Href, Masked
from mailtide.domain.tracking import Link, Tracker, is_http
from mailtide.domain.utm import Utm, tagged

_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):", re.IGNORECASE)
_HTTP = re.compile(r"(https?://)([^/?#\\]*)(.*)", re.IGNORECASE | re.DOTALL)
_UNSUBSCRIBE = re.compile(r"\{\{-?\s*unsubscribe_url\s*-?\}\}")
_OUTPUT = re.compile(r"\{\{(-?)(.*?)(-?)\}\}", re.DOTALL)
_CHOICE = re.compile(
    r"\{%-?\s*(?:if|elsif|else|endif|unless|endunless|case|when|endcase|comment)\b"
)
_HTTP_SCHEMES = frozenset({"http", "https"})
_REFUSED_SCHEMES = frozenset({"javascript", "vbscript", "data", "file"})
_PIXEL = '<img src="{{ mt_open }}" width="1" height="1" alt="" style="display:block;border:0">'
_CAPTURE = "{{% capture mt_link %}}{}{{% endcapture %}}"
_URL_SAFE = "!#$%&'()*+,/:;=?@[]~"  # RFC 3986: reserved characters and the percent sign


@dataclass(frozen=True, slots=True)
class Tracked:
    """What of a message is followed."""

    opens: bool = True
    clicks: bool = True


EVERYTHING = Tracked()
NOTHING = Tracked(opens=False, clicks=False)


@dataclass(frozen=True, slots=True)
class Shared:
    """A link that is the same in every message."""

    url: str


@dataclass(frozen=True, slots=True)
class Personal:
    """A link with merge fields: Liquid that renders to its URL, with every value encoded."""

    liquid: str


def read(masked: Masked, href: Href, utm: Utm | None = None) -> Shared | Personal | None:
    """Say how a link is followed; None when it stays as it is.

    A link that is the same in every message has its UTM parameters already.

    Raises:
        ValueError: when the template must not be sent with it; the text says why.
    """
    address = href.address
    if not address or address.startswith("#") or _UNSUBSCRIBE.fullmatch(masked.restore(address)):
        return None
    scheme = _SCHEME.match(address)
    if scheme is None:
        raise ValueError(_no_scheme(masked.restore(address)))
    if scheme[1].lower() in _REFUSED_SCHEMES:
        raise ValueError(f"a link cannot be a {scheme[1].lower()}: address")
    if scheme[1].lower() not in _HTTP_SCHEMES and (meant := instead(scheme[1], _HTTP_SCHEMES)):
        raise ValueError(f"nothing opens a {scheme[1]}: address{meant}")
    return _http(masked, href, utm) if scheme[1].lower() in _HTTP_SCHEMES else None


def lead(
    masked: Masked,
    campaign_id: str,
    tracker: Tracker,
    utm: Utm | None = None,
    tracked: Tracked = EVERYTHING,
) -> str:
    """Return the HTML's Liquid with each link led through us, and the pixel last in its body.

    What it renders to comes from `mt_click` and `mt_open` (URLs of the message) and the filters
    `mt_field` (encodes a value for a URL) and `mt_bind` (signs a URL, given the link's index, with
    its UTM parameters). Where clicks are not followed a link goes where its author wrote, with
    every value encoded all the same.
    """
    body = masked.text
    if tracked.opens:
        end = markup.end_of_body(body)
        body = body[:end] + _PIXEL + body[end:]
    if tracked.clicks:
        return masked.restore("".join(_led(masked, body, campaign_id, tracker, utm)))
    return masked.restore("".join(_direct(masked, body, utm)))


def shown(masked: Masked, address: str, utm: Utm | None = None) -> str:
    """Return a link's address for the text part: with merge fields encoded, and UTM parameters.

    The filter `mt_tag` appends them to an address that is made for one message.
    """
    plain = markup.link_address(address)
    link = read(masked, Href(0, 0, plain, marked=False), utm)
    if isinstance(link, Personal):
        return _CAPTURE.format(link.liquid) + "{{ mt_link | mt_tag }}" if utm else link.liquid
    if isinstance(link, Shared):  # as its author wrote it, but in one piece
        plain = tagged(plain.replace(" ", "%20"), utm)
    return markup.verbatim(plain)


def _led(
    masked: Masked, body: str, campaign_id: str, tracker: Tracker, utm: Utm | None
) -> Iterator[str]:
    index, done = 0, 0
    for href in markup.hrefs(body):
        link = read(masked, href, utm)
        if link is None:
            continue
        yield body[done : href.start] + '"'
        if isinstance(link, Shared):
            yield "{{ mt_click }}" + tracker.link(Link(campaign_id, index, link.url))
        else:
            yield _CAPTURE.format(link.liquid)
            yield "{{ mt_click }}{{ mt_link | mt_bind: " + str(index) + " }}"
        yield '"'
        index, done = index + 1, href.end
    yield body[done:]


def _direct(masked: Masked, body: str, utm: Utm | None) -> Iterator[str]:
    """Yield the HTML with its links as they are to be written where nobody follows them."""
    done = 0
    for href in markup.hrefs(body):
        link = read(masked, href, utm)
        if link is None:
            continue
        yield body[done : href.start] + '"'
        if isinstance(link, Shared):
            yield escape(link.url)
        else:
            yield _CAPTURE.format(link.liquid) + "{{ mt_link | mt_tag | escape }}"
        yield '"'
        done = href.end
    yield body[done:]


def _no_scheme(address: str) -> str:
    if "unsubscribe_url" in address:
        return "{{ unsubscribe_url }} is a whole link: no filter, nothing before or behind it"
    if address.startswith("{%"):
        return "the host of a link cannot depend on Liquid; give each case an <a> of its own"
    if "{{" in address:
        return "the host of a link cannot come from a merge field; write it out: https://host/…"
    return f"a link needs its scheme and host, as in https://example.com/; this one is {address!r}"


def _http(masked: Masked, href: Href, utm: Utm | None) -> Shared | Personal | None:
    parts = _HTTP.fullmatch(href.address)
    if parts is None:
        raise ValueError(f"not a complete address: {masked.restore(href.address)!r}")
    scheme, host, rest = parts.groups()
    if markup.holds_liquid(host):
        raise ValueError("the host of a link cannot hold a merge field; write it out, and / behind")
    if href.marked:
        return None
    start = scheme + _ascii(host)
    if not markup.holds_liquid(rest):
        return Shared(_signable(tagged(start + quote(rest, safe=_URL_SAFE), utm)))
    _signable(start)
    return Personal(start + "".join(_encoded(*piece) for piece in masked.pieces(rest)))


def _signable(url: str) -> str:
    if not is_http(url):
        raise ValueError(f"no link can go to this address: {url[:100]!r}")
    return url


def _ascii(host: str) -> str:
    name, colon, port = host.partition(":")
    try:
        return ascii_host(name) + colon + port
    except ValueError:
        raise ValueError(f"no link can go to this host: {host!r}") from None


def _encoded(is_liquid: bool, piece: str) -> str:
    """Encode a literal once and for all, and a merge field when it is filled."""
    if not is_liquid:
        return quote(piece, safe=_URL_SAFE)
    output = _OUTPUT.fullmatch(piece)
    if output is not None:
        left, expression, right = output.groups()
        expression = expression.strip()
        # The template's author may have encoded it already.
        encode = "" if re.search(r"\|\s*url_encode$", expression) else " | mt_field"
        return f"{{{{{left} {expression}{encode} {right}}}}}"
    if _CHOICE.match(piece) is None:
        raise ValueError("a link holds merge fields and conditions, no other tags")
    return piece
