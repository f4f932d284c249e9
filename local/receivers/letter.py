"""What a mailbox sees of a message: its headers, pixel, links and unsubscribe address. Pure."""

import re
from dataclasses import dataclass
from email import message_from_bytes, policy
from email.parser import BytesHeaderParser
from html.parser import HTMLParser

_URI = re.compile(r"<(https?:[^>]+)>", re.IGNORECASE)
_MAILTO = re.compile(r"<mailto:([^>?]+)(?:\?[^>]*)?>", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Link:
    """One `href` of the message; people do not see a hidden one, machines do."""

    url: str
    visible: bool

    @property
    def tracked(self) -> bool:
        """Whether the link counts as a click."""
        return "/t/c/" in self.url


@dataclass(frozen=True, slots=True)
class Headers:
    """What the ledger keeps of the headers; absent ones are empty."""

    identity: str  # the domain of From
    message_id: str
    subject: str
    raw: bytes  # the block as sent, for a feedback report


@dataclass(frozen=True, slots=True)
class Body:
    """What a reader or a machine can act on."""

    pixel: str | None
    links: tuple[Link, ...]
    unsubscribe: str | None  # the URI of RFC 8058, only where List-Unsubscribe-Post allows it
    unsubscribe_by_mail: str | None  # an address
    reply_to: str | None  # an address; None: answers go to From, where nobody of ours listens


class _Html(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.pixel: str | None = None
        self.links: list[Link] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Collect the tracking pixel and every link."""
        values = {name: value or "" for name, value in attrs}
        if tag == "img" and "/t/o/" in values.get("src", ""):
            self.pixel = values["src"]
        url = values.get("href", "")
        if tag == "a" and url.startswith(("http://", "https://")):
            style = values.get("style", "").replace(" ", "").lower()
            hidden = "hidden" in values or "display:none" in style or "visibility:hidden" in style
            self.links.append(Link(url, visible=not hidden))


def read_headers(content: bytes) -> Headers:
    """Read the headers of a message as received."""
    raw = re.split(rb"\r?\n\r?\n", content, maxsplit=1)[0]
    parsed = BytesHeaderParser(policy=policy.default).parsebytes(raw + b"\r\n\r\n")
    senders = parsed["From"].addresses if "From" in parsed else ()
    return Headers(
        identity=senders[0].domain.lower() if senders else "",
        message_id=str(parsed.get("Message-ID", "")).strip(),
        subject=str(parsed.get("Subject", "")),
        raw=raw,
    )


def read_body(content: bytes) -> Body:
    """Parse the whole message as a mail program would."""
    message = message_from_bytes(content, policy=policy.default)
    html = _Html()
    part = message.get_body(("html",))
    if part is not None:
        html.feed(part.get_content())
    one_click = (
        str(message.get("List-Unsubscribe-Post", "")).strip() == "List-Unsubscribe=One-Click"
    )
    ways_out = str(message.get("List-Unsubscribe", ""))
    uri, mailto = _URI.search(ways_out), _MAILTO.search(ways_out)
    answers_to = message["Reply-To"].addresses if "Reply-To" in message else ()
    return Body(
        pixel=html.pixel,
        links=tuple(html.links),
        unsubscribe=uri.group(1) if uri and one_click else None,
        unsubscribe_by_mail=mailto.group(1) if mailto else None,
        reply_to=answers_to[0].addr_spec if answers_to else None,
    )
