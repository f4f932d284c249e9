"""Statements of Liquid as statements of Python: what is written, chosen, repeated and kept.

What is not known here is `Unsupported`, and the engine fills that part.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, ClassVar

from liquid import Node, RenderContext
from liquid.ast import BlockNode
from liquid.builtin.content import ContentNode
from liquid.builtin.expressions import Path
from liquid.builtin.expressions.primitive import StringLiteral
from liquid.builtin.output import OutputNode
from liquid.builtin.tags.assign_tag import AssignNode
from liquid.builtin.tags.capture_tag import CaptureNode
from liquid.builtin.tags.case_tag import CaseNode, MultiExpressionBlockNode
from liquid.builtin.tags.comment_tag import CommentNode
from liquid.builtin.tags.cycle_tag import CycleNode
from liquid.builtin.tags.doc_tag import DocNode
from liquid.builtin.tags.for_tag import BreakNode, ContinueNode, ForNode
from liquid.builtin.tags.if_tag import IfNode
from liquid.builtin.tags.inline_comment_tag import InlineCommentNode
from liquid.builtin.tags.liquid_tag import LiquidNode
from liquid.builtin.tags.unless_tag import UnlessNode
from liquid.expression import Expression

from mailtide.domain import liquid_budget, liquid_runtime, plain_text, quoted_printable
from mailtide.domain.liquid_budget import LOOKUP
from mailtide.domain.liquid_expressions import COUNTED, Expressions, Unsupported, Urls
from mailtide.domain.liquid_language import Use, engine
from mailtide.domain.liquid_sinks import Code, PartSink, Sink, TextSink


class Statements:
    """Writes the statements of one part, as the body of a function `fill(data, tokens)`."""

    def __init__(self, code: Code, use: Use, urls: Urls, nodes: Sequence[Node]) -> None:
        everything = list(_below(nodes))
        kept = [node.name for node in everything if isinstance(node, AssignNode | CaptureNode)]
        self.code, self.use, self.urls = code, use, urls
        self.values = Expressions(code, engine(use), urls, list(dict.fromkeys(kept)))
        self._kinds = {type(node) for node in everything}
        self._top = nodes
        self._outputs = 0
        self._turns = "1"  # how often the enclosing loops turn in all
        self._sinks: list[Sink] = []  # of the part and of the captures around this place
        self._loop: int | None = None  # how many they are at the loop that `break` would leave

    def write(self, sink: TextSink) -> None:
        """Write the part."""
        self.code.first("room", "[CEILING]")
        self.code.first("space", "0")
        for variable in self.values.variables.values():
            self.code.first(variable, "UNSET")
        if CycleNode in self._kinds:
            self.code.line("cycles = {}")
        work = self.code.constant(0)
        if ForNode in self._kinds:
            self.code.line(f"work = {work}")
        self._within(self._top, sink, sink)
        sink.finish()
        self.code.names[work] = hidden = self.values.hidden
        if hidden > liquid_budget.WORK or self._outputs > liquid_budget.OUTPUTS:
            raise Unsupported("a part that looks up many values")
        if isinstance(sink, PartSink):
            sink.measure(self._outputs, ForNode in self._kinds)

    def _within(self, nodes: Sequence[Node], own: Sink, sink: Sink) -> None:
        """Write what has a sink of its own; what it writes may be left out."""
        self._sinks.append(own)
        self._nodes(nodes, sink)
        self._sinks.pop()

    def _nodes(self, nodes: Sequence[Node], sink: Sink) -> None:
        """Write what stands in a row."""
        for index, node in enumerate(nodes):
            if isinstance(node, OutputNode):
                self._output(node, sink, _words_begin(nodes[index + 1 : index + 2]))
                continue
            write = self._statements.get(type(node))
            if write is None:
                raise Unsupported(type(node).__name__)
            write(self, node, sink)

    def _block(self, block: BlockNode, sink: Sink) -> None:
        """Write a branch or the body of a loop, a level deeper."""
        certain = set(self.values.certain)
        with self._deeper():
            self._nodes(block.nodes, Sink() if block.blank else sink)
            sink.boundary()
        self.values.certain = certain

    @contextmanager
    def _deeper(self) -> Iterator[None]:
        lines = len(self.code.lines)
        self.code.depth += 1
        yield
        if len(self.code.lines) == lines:
            self.code.line("pass")
        self.code.depth -= 1

    def _output(self, node: OutputNode, sink: Sink, followed: bool) -> None:
        url = self.values.url(node.expression)
        if url is not None and url in self.urls and isinstance(sink, PartSink):
            before, token, behind = self.urls[url]
            sink.literal(before)
            sink.token(token)
            sink.literal(behind)
            self.code.first(token, f"tokens[{token.encode()!r}] + FENCE")
            return
        self.values.steady = True
        code = self.values.output(node.expression)
        sink.value(code, self.values.steady, followed)
        self._outputs += 1

    def _content(self, node: ContentNode, sink: Sink) -> None:
        node.text.encode()  # half a surrogate pair is no text
        sink.literal(liquid_runtime.one_line_end(node.text))

    def _nothing(self, node: Node, sink: Sink) -> None:
        """Comments write nothing."""

    def _liquid(self, node: LiquidNode, sink: Sink) -> None:
        self._nodes(node.block.nodes, Sink() if node.block.blank else sink)

    def _if(self, node: IfNode | UnlessNode, sink: Sink) -> None:
        sink.boundary()
        sense = "not " if isinstance(node, UnlessNode) else ""
        self.code.line(f"if {sense}{self.values.condition(node.condition)}:")
        self._block(node.consequence, sink)
        for other in node.alternatives:
            self.code.line(f"elif {self.values.condition(other.expression)}:")
            self._block(other.block, sink)
        if node.default is not None:
            self.code.line("else:")
            self._block(node.default, sink)

    def _case(self, node: CaseNode, sink: Sink) -> None:
        """Write a `case`, where every `when` that fits counts, and as often as it fits."""
        sink.boundary()
        other = self.code.fresh("o")
        self.code.line(f"{other} = True")
        for block in node.blocks:
            if not isinstance(block, MultiExpressionBlockNode):
                self.code.line(f"if {other}:")
                self._block(block, sink)
                continue
            fits = [
                f"equal({self.values.write(node.expression)}, {self.values.write(one)})"
                for one in block.expression.expressions
            ]
            # The variable of the loop is False as soon as one fits.
            self.code.line(f"for {other} in (False,) * sum(({', '.join(fits)},)):")
            enclosing, self._loop = self._loop, None
            self._block(block.block, sink)
            self._loop = enclosing

    def _for(self, node: ForNode, sink: Sink) -> None:
        sink.boundary()
        items, length = self.code.fresh("i"), self.code.fresh("n")
        self.code.line(f"{items}, {length} = loop({self._loop_arguments(node)})")
        self.code.line(f"if {length}:")
        with self._deeper():
            self._body(node, sink, items, length)
        if node.default is not None:
            self.code.line("else:")
            self._block(node.default, sink)

    def _loop_arguments(self, node: ForNode) -> str:
        loop = node.expression
        arguments = [self.values.write(loop.iterable), str(loop.reversed)]
        self.values.hidden += LOOKUP  # what it goes over
        if isinstance(loop.offset, StringLiteral) and loop.offset.value == "continue":
            raise Unsupported("offset: continue")
        for name, bound in (("limit", loop.limit), ("offset", loop.offset)):
            if bound is not None:
                arguments.append(f"{name}={self.values.write(bound)}")
        return ", ".join(arguments)

    def _body(self, node: ForNode, sink: Sink, items: str, length: str) -> None:
        item, turns, outer = self.code.fresh("e"), self.code.fresh("n"), self.values.loops
        self.code.line(f"{turns} = {self._turns} * {length}")
        self.code.line(f"if {turns} > TURNS: raise Doubtful")
        self.values.loops = dict(outer)
        turns_of = self._forloop(node, items, length)
        self.values.loops[node.expression.identifier] = item
        saved = self._turns, self._loop
        self._turns, self._loop = turns, len(self._sinks)
        self.code.line(f"for {turns_of.format(item)}:")
        with self._deeper():
            cost, hidden, outputs = self.code.constant(0), self.values.hidden, self._outputs
            self.code.line(f"work += {cost}")
            self.code.line("if work > WORK: raise Doubtful")
            sink.turn()
        self._block(node.block, sink)
        repeated: Any = node.block  # it knows its length (`liquid_limits`)
        written = (self._outputs - outputs) * quoted_printable.PLAIN
        self.code.names[cost] = repeated.length + written + self.values.hidden - hidden
        self.values.hidden = hidden
        self._turns, self._loop = saved
        self.values.loops = outer

    def _forloop(self, node: ForNode, items: str, length: str) -> str:
        """Prepare what the body may ask of its loop; return what the loop goes over."""
        asked = [path.path[1:] for path in _paths(node.block.nodes) if path.path[0] == "forloop"]
        if not asked:
            return f"{{}} in {items}"
        if all(keys in [[name] for name in COUNTED] for keys in asked):
            count = self.values.loops["forloop"] = self.code.fresh("f")
            forms = {name: form.format(c=count, n=length) for name, form in COUNTED.items()}
            self.values.counted[count] = forms
            return f"{count}, {{}} in enumerate({items})"
        parent = self.values.loops.get("forloop") or self.values.undefined("parentloop")
        loop = self.values.loops["forloop"] = self.code.fresh("f")
        name = f"{node.expression.identifier}-{node.expression.iterable}"
        if len(name) > LOOKUP:
            raise Unsupported("a loop with a long name")
        named = self.code.text(name)
        self.code.line(f"{loop} = {items} = ForLoop({named}, {items}, {length}, {parent})")
        return f"{{}} in {items}"

    def _leave(self, node: BreakNode | ContinueNode, sink: Sink) -> None:
        if self._loop != len(self._sinks):
            raise Unsupported("a loop left from within a capture or a case")
        self._sinks[-1].boundary()  # which a block of white space around this hides
        self.code.line("break" if isinstance(node, BreakNode) else "continue")

    def _assign(self, node: AssignNode, sink: Sink) -> None:
        self._keep(node.name, self.values.write(node.expression))

    def _capture(self, node: CaptureNode, sink: Sink) -> None:
        pieces = self.code.fresh("c")
        is_html = self.use is Use.HTML
        inner = TextSink(self.code, pieces, "html_text" if is_html else "text")
        self._flush()
        self._within(node.block.nodes, inner, Sink() if node.block.blank else inner)
        inner.finish()
        self._keep(
            node.name, f"captured({pieces})" if not is_html else f"Markup(captured({pieces}))"
        )

    def _keep(self, name: str, value: str) -> None:
        self._flush()
        variable = self.values.variables[name]
        self.code.line(f"{variable} = {value}")
        self.code.line(f"space = sized({variable}, space)")
        self.values.certain.add(name)

    def _flush(self) -> None:
        for sink in self._sinks:
            sink.flush()

    def _cycle(self, node: CycleNode, sink: Sink) -> None:
        group = "''" if node.group is None else f"group({self.values.write(node.group)})"
        choices = ", ".join(map(self.values.write, node.args))
        sink.value(f"cycle(cycles, {group}, [{choices}])", steady=False, followed=False)

    _statements: ClassVar[dict[type[Node], Callable[[Any, Any, Sink], None]]] = {
        AssignNode: _assign,
        BreakNode: _leave,
        CaptureNode: _capture,
        CaseNode: _case,
        CommentNode: _nothing,
        ContentNode: _content,
        ContinueNode: _leave,
        CycleNode: _cycle,
        DocNode: _nothing,
        ForNode: _for,
        IfNode: _if,
        InlineCommentNode: _nothing,
        LiquidNode: _liquid,
        UnlessNode: _if,
    }


def _words_begin(nodes: Sequence[Node]) -> bool:
    """Say whether words of the template come next."""
    return any(
        isinstance(node, ContentNode) and plain_text.begins_with_words(node.text) for node in nodes
    )


def _below(nodes: Sequence[Node]) -> Iterator[Node]:
    """Yield nodes and all that are below them."""
    context = RenderContext(engine(Use.PLAIN).from_string(""))
    for node in nodes:
        yield node
        yield from _below(list(node.children(context)))


def _paths(nodes: Sequence[Node]) -> Iterator[Path]:
    """Yield all paths below some nodes."""
    waiting: list[Expression] = [one for node in _below(nodes) for one in node.expressions()]
    while waiting:
        here = waiting.pop()
        waiting += here.children()
        if isinstance(here, Path):
            yield here
