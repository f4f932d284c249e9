"""Template compiler: from what the author wrote to the HTML that messages are made from.

It runs when a template is saved, so that what sends knows neither MJML nor CSS.
Source: docs/domain/rendering.md.
"""

from collections.abc import Iterator
from dataclasses import replace

from mailtide.domain import (
    html_check,
    inlining,
    links,
    liquid_language,
    markup,
    mjml_compiler,
    mjml_document,
    preheader,
    rendering,
    template_check,
)
from mailtide.domain.content import Format, Template
from mailtide.domain.faults import MAX_BYTES, Fault, TooLargeError, fault_at, refusal
from mailtide.domain.markup import Masked


def compiled(template: Template) -> Template:
    """Return the template with the HTML that messages are made from.

    Raises:
        InvalidInputError: `template_error`, with every place that was found in `errors`.
    """
    errors = template_check.errors(template)
    if errors:
        raise refusal(errors)
    html = _html(template)
    if template.preheader:
        html = preheader.added(markup.set_aside(html), template.preheader)
    done = replace(template, compiled=html)
    errors = list(_outcome(done)) or list(_text_fault(done))
    if errors:
        raise refusal(errors)
    return done


def size(template: Template) -> int:
    """Return how many bytes the parts of a template have, the compiled HTML included."""
    parts = (template.subject, template.source, template.text, template.preheader)
    return sum(len((part or "").encode()) for part in (*parts, template.compiled))


def _html(template: Template) -> str:
    masked = markup.set_aside(template.source)
    is_mjml = template.format is Format.MJML
    try:
        if is_mjml:
            page = mjml_compiler.compiled(masked, mjml_document.read(masked.text))
            masked = Masked(page, masked.liquid)
        return masked.restore(inlining.inlined(masked, marked_only=is_mjml))
    except TooLargeError as error:
        raise refusal([Fault(template.format, 1, 1, str(error))]) from error
    except mjml_compiler.CompileError as error:
        place = masked.index(error.position)
        raise refusal([fault_at("mjml", template.source, place, str(error))]) from error


def _outcome(template: Template) -> Iterator[Fault]:
    """Yield why no message can be made from what was compiled, or no table holds it."""
    part, source = template.format.value, template.source
    masked = markup.set_aside(template.body)
    if template.format is Format.MJML and (unfit := html_check.faults(masked)):
        detail = f"what stands in mj-raw does not fit together: {unfit[0][1]}"
        yield fault_at(part, source, source.find("<mj-raw"), detail)
    for href in markup.hrefs(masked.text):
        try:
            links.read(masked, href, template.utm)
        except ValueError as error:  # it was put together from pieces, as in an mj-navbar
            yield fault_at(part, source, source.find(masked.restore(href.address)), str(error))
    total = size(template)
    if total > MAX_BYTES:
        detail = f"with its compiled HTML it has {total:,} bytes; {MAX_BYTES:,} is the limit"
        yield Fault(part, 1, 1, detail)


def _text_fault(template: Template) -> Iterator[Fault]:
    if template.text is None:
        text = rendering.text_of(markup.set_aside(template.body), template.utm)
        if liquid_language.syntax_error(text) is not None:
            yield Fault(template.format, 1, 1, "no text part can be made from it; give one")
