r"""Compiled Liquid: parts of a message as one Python function that fills them.

The engine parses; here its tree becomes Python: literals are constants, encoded once; conditions
and loops are Python's own; values go through `liquid_runtime`. A tag, filter or name that is not
known here leaves the whole part to the engine, and so does a value or a limit in doubt, for that
message (`Doubtful`); so does an error, which the engine then tells in its own words.

    def fill(data, tokens):
     contact = data['contact']
     q1 = f"{x}=\r\n".encode() if (x := contact.get(K0, K1)).__class__ is str and … else short(x)
     out1 = [K2, (w3 := q1 or html(contact.get(K0, K1), room)), K4, click, K5]
     return out1,

Source: docs/domain/rendering.md.
"""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import logical
from liquid.builtin.tags.for_tag import ForLoop

from mailtide.domain import liquid_budget, liquid_runtime, plain_text, quoted_printable
from mailtide.domain.liquid_budget import Doubtful
from mailtide.domain.liquid_expressions import Unsupported, Urls
from mailtide.domain.liquid_language import Program, Use
from mailtide.domain.liquid_sinks import Code, PartSink, SettledSink, TextSink
from mailtide.domain.liquid_statements import Statements

# Fills parts from the data and the message's tokens; returns the pieces of each.
Fill = Callable[[Mapping[str, Any], Mapping[bytes, bytes]], tuple[list[Any], ...]]

# What the functions are written in: the runtime, and the engine's own comparisons.
_NAMES = {
    **vars(liquid_budget),
    **vars(liquid_runtime),
    "FENCE": quoted_printable.FENCE,
    "START": plain_text.START,
    "end": quoted_printable.end,
    "ForLoop": ForLoop,
    "at_most": logical._le,  # noqa: SLF001
    "contains": logical._contains,  # noqa: SLF001
    "less": logical._lt,  # noqa: SLF001
}


def compiled(programs: Sequence[Program], urls: Urls) -> Fill:
    """Compile parts: a subject into pieces of text, the others into encoded pieces."""
    code = Code()
    sinks = [_sink(code, program) for program in programs]
    try:
        for program, sink in zip(programs, sinks, strict=True):
            Statements(code, program.use, urls, program.template.nodes).write(sink)
        names = {**_NAMES, **code.names}
        source = code.source([sink.out for sink in sinks])
        # No word of the template is in the source: its texts and names are constants.
        exec(compile(source, "<template>", "exec"), names)  # noqa: S102
    except (Unsupported, UnicodeEncodeError):
        return _unknown
    except (SyntaxError, RecursionError, MemoryError):  # Python's own limits of nesting
        return _unknown
    fill: Fill = names["fill"]
    return fill


def _sink(code: Code, program: Program) -> TextSink:
    out = code.fresh("out")
    if program.part == "subject":
        return TextSink(code, out, "text")
    if program.use is Use.MADE:
        return SettledSink(code, out)
    return PartSink(code, out, "html" if program.use is Use.HTML else "plain")


def fixed_text(program: Program) -> str | None:
    """Return what a part is for everybody; None when it is not the same."""
    nodes = program.template.nodes
    if not all(isinstance(node, ContentNode) for node in nodes):
        return None
    return "".join(str(node) for node in nodes)


def _unknown(data: Mapping[str, Any], tokens: Mapping[bytes, bytes]) -> tuple[list[Any], ...]:
    """Leave every message's part to the engine."""
    raise Doubtful
