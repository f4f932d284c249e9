"""Compiled Liquid: a part of a template as a Python function that fills it.

The engine parses; here its tree becomes Python: literals are constants, encoded once; conditions
and loops are Python's own; values go through `liquid_runtime`. A tag, filter or name that is not
known here leaves the whole part to the engine, and so does a value or a limit in doubt, for that
message (`Doubtful`); so does an error, which the engine then tells in its own words.
Source: docs/domain/rendering.md.
"""

from collections.abc import Callable, Mapping
from typing import Any

from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import logical
from liquid.builtin.tags.for_tag import ForLoop

from mailtide.domain import liquid_runtime, plain_text, quoted_printable
from mailtide.domain.liquid_expressions import Unsupported
from mailtide.domain.liquid_language import Program, Use
from mailtide.domain.liquid_runtime import Doubtful
from mailtide.domain.liquid_sinks import Code, PartSink, SettledSink, Sink, TextSink
from mailtide.domain.liquid_statements import Statements, Urls

# Fills a part from the data and the message's tokens; returns its pieces.
Fill = Callable[[Mapping[str, Any], Mapping[bytes, bytes]], list[Any]]

# What the functions are written in: the runtime, and the engine's own comparisons.
_NAMES = {
    **vars(liquid_runtime),
    "FENCE": quoted_printable.FENCE,
    "START": plain_text.START,
    "end": quoted_printable.end,
    "ForLoop": ForLoop,
    "at_most": logical._le,  # noqa: SLF001
    "contains": logical._contains,  # noqa: SLF001
    "less": logical._lt,  # noqa: SLF001
}


def compiled_part(program: Program, urls: Urls) -> Fill:
    """Compile a part into encoded pieces."""
    code = Code()
    if program.use is Use.MADE:
        sink: PartSink = SettledSink(code)
    else:
        sink = PartSink(code, "html" if program.use is Use.HTML else "plain")
    return _compiled(program, urls, code, sink, sink.finish)


def compiled_text(program: Program) -> Fill:
    """Compile a plain part into pieces of text."""
    code = Code()
    sink = TextSink(code, "out", "text")
    return _compiled(program, {}, code, sink, sink.boundary)


def _compiled(
    program: Program, urls: Urls, code: Code, sink: Sink, finish: Callable[[], None]
) -> Fill:
    nodes = program.template.nodes
    try:
        writer = Statements(code, program.use, urls, nodes)
        writer.part(nodes, sink)
        finish()
        source = "\n".join([*writer.opening(), *code.lines, *writer.ending()])
        names = {**_NAMES, **code.names}
        # No word of the template is in the source: its texts and names are constants.
        exec(compile(source, f"<{program.part}>", "exec"), names)  # noqa: S102
    except (Unsupported, UnicodeEncodeError):
        return _unknown
    except (SyntaxError, RecursionError, MemoryError):  # Python's own limits of nesting
        return _unknown
    fill: Fill = names["fill"]  # type: ignore[assignment]
    return fill


def fixed_text(program: Program) -> str | None:
    """Return what a part is for everybody; None when it is not the same."""
    nodes = program.template.nodes
    if not all(isinstance(node, ContentNode) for node in nodes):
        return None
    return "".join(str(node) for node in nodes)


def _unknown(data: Mapping[str, Any], tokens: Mapping[bytes, bytes]) -> list[Any]:
    """Leave every message's part to the engine."""
    raise Doubtful
