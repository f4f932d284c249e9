"""Template compiler: from what the author wrote to the HTML that messages are made from.

It runs when a template is saved, so that what sends knows neither MJML nor CSS.
Source: docs/domain/rendering.md.
"""

from dataclasses import replace

from mailtide.domain import (
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
from mailtide.domain.faults import Fault, fault_at, refusal
from mailtide.domain.markup import Masked

# An item of DynamoDB holds 400 KB (409,600 bytes), its other attributes and names included.
MAX_BYTES = 390_000


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
    _check_outcome(done)
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
    except mjml_compiler.CompileError as error:
        place = masked.index(error.position)
        raise refusal([fault_at("mjml", template.source, place, str(error))]) from error
    except ValueError as error:
        detail = f"its styles cannot be read: {error}"
        raise refusal([Fault(template.format, 1, 1, detail)]) from error


def _check_outcome(template: Template) -> None:
    """Refuse what no message can be made from, or no table holds."""
    part = template.format.value
    masked = markup.set_aside(template.body)
    if liquid_language.syntax_error(template.body) is not None:
        raise refusal([Fault(part, 1, 1, "its Liquid does not survive where it stands")])
    for href in markup.hrefs(masked.text):
        try:
            links.read(masked, href, template.utm)
        except ValueError as error:  # it was put together from pieces, as in an mj-navbar
            place = max(template.source.find(masked.restore(href.address)), 0)
            raise refusal([fault_at(part, template.source, place, str(error))]) from error
    if template.text is None:
        text = rendering.text_of(masked, template.utm)
        if liquid_language.syntax_error(text) is not None:
            raise refusal([Fault(part, 1, 1, "no text part can be made from it; give one")])
    total = size(template)
    if total > MAX_BYTES:
        detail = (
            f"with its compiled HTML the template has {total:,} bytes, of {MAX_BYTES:,} at most"
        )
        raise refusal([Fault(part, 1, 1, detail)])
