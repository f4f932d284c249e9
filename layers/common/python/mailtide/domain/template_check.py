"""Template check: what is wrong with a template, and what deserves a second look, with its place.

Errors are refused when a template is saved; warnings are shown with it.
Source: docs/domain/rendering.md.
"""

import re
from bisect import bisect
from collections.abc import Iterator

from mailtide.domain import (
    html_check,
    links,
    liquid_check,
    mail,
    markup,
    mjml_check,
    mjml_document,
    preheader,
)
from mailtide.domain.content import Format, Template
from mailtide.domain.faults import MAX_FAULTS, Fault, fault_at
from mailtide.domain.inlining import sheets
from mailtide.domain.markup import OPEN, Kind, Masked, Token

MAX_SOURCE = 300_000  # characters of all parts that the author wrote
MAX_UTM = 200  # characters of one value
CLIPPED_OVER = 102 * 1024  # bytes of HTML: Gmail shows no more, and no pixel
_WRITES = re.compile(r"\{\{(?!-?\s*unsubscribe_url\s*-?\}\})|\{%-?\s*echo\b")
_SCRIPTED = frozenset({"embed", "form", "iframe", "object", "script"})


def errors(template: Template) -> list[Fault]:
    """Return all that must change before anything is sent with the template."""
    parts = _parts(template)
    if sum(len(source) for source in parts.values()) > MAX_SOURCE:
        detail = f"a template holds at most {MAX_SOURCE:,} characters"
        return [Fault(template.format, 1, 1, detail)]
    found = [*_plain(template)]
    liquid = {part: liquid_check.faults(part, source) for part, source in parts.items()}
    found += [fault for faults in liquid.values() for fault in faults]
    if template.source.strip() and not liquid[template.format]:
        found += _body(template)
    return found


def warnings(template: Template) -> list[Fault]:
    """Return what a template without errors may still do to its readers."""
    part, source = template.format, template.source
    masked = markup.set_aside(source)
    size = len(template.body.encode(errors="replace"))
    found = []
    if size > CLIPPED_OVER:
        detail = f"the HTML has {size:,} bytes; Gmail cuts a message off at {CLIPPED_OVER:,}"
        found.append(Fault(part, 1, 1, detail))
    if "unsubscribe_url" not in source:
        found.append(Fault(part, 1, 1, "it shows no way out: link to {{ unsubscribe_url }}"))
    tags = [token for token in markup.tokens(masked.text) if token.kind is Kind.OPENING]
    places = [place for tag in tags for place in _remarks(masked, tag)]
    places += [
        (sheet.tag.start, "Liquid chooses pieces of this style; it is not inlined")
        for sheet in sheets(masked)
        if sheet.tags_of_liquid
    ]
    found += _faults(part, source, masked, sorted(places))
    return found


def _parts(template: Template) -> dict[str, str]:
    return {
        "subject": template.subject,
        "preheader": template.preheader or "",
        template.format.value: template.source,
        "text": template.text or "",
    }


def _plain(template: Template) -> Iterator[Fault]:
    """Find what is wrong whatever the Liquid says."""
    for part, source in (("subject", template.subject), (template.format, template.source)):
        if not source.strip():
            yield Fault(part, 1, 1, "it is empty")
    if not mail.is_header_safe(template.subject):
        yield Fault("subject", 1, 1, "a subject holds no line break or control character")
    if len(template.preheader or "") > preheader.MAX_LENGTH:
        detail = f"a preheader has at most {preheader.MAX_LENGTH} characters"
        yield Fault("preheader", 1, 1, detail)


def _body(template: Template) -> list[Fault]:
    """Find what is wrong with the markup, and only if there is nothing, with the links in it."""
    masked = markup.set_aside(template.source)
    if template.format is Format.MJML:
        places = mjml_check.faults(masked, mjml_document.read(masked.text))
    else:
        places = html_check.faults(masked)
    places += _refused_links(template, masked)
    places += _unquoted(masked)
    return _faults(template.format, template.source, masked, sorted(places))


def _faults(part: str, source: str, masked: Masked, places: list[tuple[int, str]]) -> list[Fault]:
    return [
        fault_at(part, source, masked.index(position), detail)
        for position, detail in places[:MAX_FAULTS]
    ]


def _refused_links(template: Template, masked: Masked) -> Iterator[tuple[int, str]]:
    for href in markup.hrefs(masked.text):
        try:
            links.read(masked, href, template.utm)
        except ValueError as error:
            yield href.start, str(error)


def _unquoted(masked: Masked) -> Iterator[tuple[int, str]]:
    """Find merge fields that could end the value they stand in, and begin another attribute."""
    for tag in markup.tokens(masked.text):
        if tag.kind is not Kind.OPENING or tag.name.startswith("mj-"):
            continue
        quoted = [
            (a.start, a.end)
            for a in markup.attributes(masked.text, tag)
            if a.value is not None and masked.text[a.value_start] in "\"'"
        ]
        for place, liquid in masked.placed(tag.start, tag.end):
            last = bisect(quoted, (place, 0)) - 1  # the last that begins before it
            inside = last >= 0 and place < quoted[last][1]
            if not inside and _WRITES.match(liquid):
                yield place, "a merge field in a tag needs quotes around the value it stands in"


def _remarks(masked: Masked, tag: Token) -> Iterator[tuple[int, str]]:
    """Yield what mail programs do to one tag."""
    if tag.name in _SCRIPTED:
        yield tag.start, f"mail programs take '<{tag.name}>' out"
    if tag.name not in ("img", "mj-image"):
        return
    attributes = {a.name: a.value or "" for a in markup.attributes(masked.text, tag)}
    if "alt" not in attributes:
        yield tag.start, "this image has no 'alt', which is what is read while images are off"
    source = attributes.get("src", "").strip().lower()
    if source.startswith("data:"):
        yield tag.start, "many mail programs do not show images that are part of the text"
    elif not source.startswith(("http://", "https://", "cid:", OPEN)):
        yield tag.start, "this image needs its scheme and host, as in https://example.com/a.png"
