"""Expressions of Liquid as expressions of Python, which the functions of `liquid_runtime` are in.

Names of a template are never names in Python: data is asked for by constants, variables are
numbered. What is not known here is `Unsupported`, and the engine fills that part.
"""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any, ClassVar

from liquid import Environment, Markup
from liquid.builtin.expressions import (
    BooleanExpression,
    FilteredExpression,
    Path,
    logical,
    primitive,
)
from liquid.expression import Expression
from liquid.undefined import Undefined

from mailtide.domain import liquid_language as language
from mailtide.domain.liquid_budget import LOOKUP
from mailtide.domain.liquid_sinks import Code

# The message's own URLs, by name: what is before the token, the token's name, what is behind it.
Urls = Mapping[str, tuple[str, str, str]]

URLS = ("unsubscribe_url", "mt_click", "mt_open")
_DATA = frozenset({"contact", "campaign", *URLS})
# Names that the engine itself gives, and ours that no template can spell.
_ENGINES = frozenset({"now", "today", "partial", language.NOW, language.BIND, language.TAG})
# Filters that have a short way, by how many arguments they are given.
_SHORT = {
    ("default", 0): "default({})",
    ("default", 1): "default({})",
    ("mt_field", 0): "field({})",
    ("mt_bind", 1): "bind(data, {})",
    ("mt_tag", 0): "tag(data, {})",
}
_SPECIAL = frozenset({"size", "first", "last"})
# What a loop that counts its turns (c) of all (n) says of itself.
COUNTED = {
    "index": "({c} + 1)",
    "index0": "{c}",
    "rindex": "({n} - {c})",
    "rindex0": "({n} - {c} - 1)",
    "first": "({c} == 0)",
    "last": "({c} == {n} - 1)",
    "length": "{n}",
}
_COMPARED = {
    logical.EqExpression: "equal({}, {})",
    logical.NeExpression: "(not equal({}, {}))",
    logical.LtExpression: "less(None, {}, {})",
    logical.LeExpression: "at_most({}, {})",
    logical.ContainsExpression: "contains(None, {}, {})",
}
_TURNED = {
    logical.GtExpression: "less(None, {1}, {0})",
    logical.GeExpression: "at_most({1}, {0})",
}
_JOINED = {logical.LogicalAndExpression: "and", logical.LogicalOrExpression: "or"}


class Unsupported(Exception):  # noqa: N818 (the engine can do it)
    """The compiler does not know this; the message names it."""


class Expressions:
    """Writes expressions, knowing which names are variables and which are set for sure."""

    def __init__(
        self, code: Code, environment: Environment, urls: Urls, variables: Sequence[str]
    ) -> None:
        self.code, self.environment, self.urls = code, environment, urls
        self.variables = {name: code.fresh("v") for name in variables}
        self.certain: set[str] = set()
        self.loops: dict[str, str] = {}
        self.counted: dict[str, dict[str, str]] = {}  # by the variable that counts
        self.hidden = 0  # work of values that do not show in what is written
        self.steady = True  # what was written since this was set: no variable is in it

    def write(self, node: Expression) -> str:
        """Write one expression."""
        kind = type(node)
        if kind in _COMPARED or kind in _TURNED:
            if kind is logical.ContainsExpression and isinstance(node.left, primitive.RangeLiteral):  # type: ignore[attr-defined]
                raise Unsupported("a range that is looked through")
            form = _COMPARED.get(kind) or _TURNED[kind]
            return form.format(self.write(node.left), self.write(node.right))  # type: ignore[attr-defined]
        if kind in _JOINED:
            left, right = self.condition(node.left), self.condition(node.right)  # type: ignore[attr-defined]
            return f"({left} {_JOINED[kind]} {right})"
        written = self._written.get(kind)
        if written is None:
            raise Unsupported(kind.__name__)
        return written(self, node)

    def condition(self, node: Expression) -> str:
        """Write an expression as a condition."""
        if isinstance(node, BooleanExpression):
            return self.condition(node.expression)
        code = self.write(node)
        is_boolean = type(node) in _COMPARED or type(node) in _TURNED or type(node) in _JOINED
        return code if is_boolean else f"truthy({code})"

    def output(self, node: Expression) -> str:
        """Write an expression that is written out: the length of a value alone shows there."""
        code = self.write(node)
        if isinstance(node, FilteredExpression) and not node.filters and type(node.left) is Path:
            self.hidden -= LOOKUP
        return code

    def url(self, node: Expression) -> str | None:
        """Return the name when an expression is one of the message's own URLs, and nothing else."""
        while isinstance(node, FilteredExpression) and not node.filters:
            node = node.left
        if not isinstance(node, Path) or len(node.path) != 1 or node.path[0] not in URLS:
            return None
        name = str(node.path[0])
        return None if name in self.variables or name in self.loops else name

    def _path(self, node: Path) -> str:
        self.hidden += LOOKUP
        root, *keys = node.path
        if not isinstance(root, str):
            raise Unsupported("a path that begins with a value")
        base = self._root(root)
        if not keys or base == self.undefined(root):
            return base
        if len(keys) == 1 and isinstance(keys[0], str):
            counted = self.counted.get(base, {}).get(keys[0]) if root == "forloop" else None
            if counted is not None:
                return counted
            if keys[0] not in _SPECIAL:
                key, undefined = self.code.text(keys[0]), self.undefined(root)
                if base in ("contact", "campaign"):
                    return f"{base}.get({key}, {undefined})"
                return f"step({base}, {key}, {undefined})"
        return f"dig({base}, ({self._keys(keys)},), {self.undefined(root)})"

    def _keys(self, keys: Sequence[Any]) -> str:
        return ", ".join(
            self.write(key) if isinstance(key, Expression) else self.constant(key) for key in keys
        )

    def _root(self, name: str) -> str:
        variable = self.loops.get(name) or self.variables.get(name)
        if variable is None:
            return self._outside(name)
        self.steady = False
        if name in self.loops or name in self.certain:
            return variable
        return f"({self._outside(name)} if {variable} is UNSET else {variable})"

    def _outside(self, name: str) -> str:
        if name in _ENGINES:
            raise Unsupported(f"the name {name!r}")
        if name not in _DATA:
            return self.undefined(name)
        self.code.first(name, self._datum(name))
        return name

    def _datum(self, name: str) -> str:
        if name not in self.urls:
            return f"data[{name!r}]"
        before, token, behind = self.urls[name]
        text = self.code.text
        return f"{text(before)} + tokens[{token.encode()!r}].decode() + {text(behind)}"

    def undefined(self, name: str) -> str:
        """Return the constant that stands for a name that there is not."""
        return self.code.constant(Undefined(name), (Undefined, name))

    def constant(self, value: object) -> str:
        """Return the name of a constant."""
        return self.code.text(value) if type(value) is str else self.code.constant(value)

    def _filtered(self, node: FilteredExpression) -> str:
        code = self.write(node.left)
        for one in node.filters or ():
            code = self._filter(one, code)
        return code

    def _filter(self, one: Any, left: str) -> str:
        keywords = [arg for arg in one.args if hasattr(arg, "name")]
        values = [self.write(arg.value) for arg in one.args if not hasattr(arg, "name")]
        form = None if keywords else _SHORT.get((one.name, len(values)))
        if form is not None:
            self.hidden += LOOKUP + sum(self._argument(arg.value) for arg in one.args)
            return form.format(", ".join([left, *values]))
        named = [f"{self.code.text(arg.name)}: {self.write(arg.value)}" for arg in keywords]
        filter_ = self.environment.filters.get(one.name)
        if filter_ is None:
            raise Unsupported(f"the filter {one.name!r}")
        if getattr(filter_, "with_context", False):
            self.code.first("names", "Names(data)")
            named.append(f"{self.code.text('context')}: names")
        if getattr(filter_, "with_environment", False):
            filter_ = partial(filter_, environment=self.environment)
        arguments = [left, *values, *([f"**{{{', '.join(named)}}}"] if named else [])]
        return f"{self.code.constant(filter_)}({', '.join(arguments)})"

    def _argument(self, node: Expression) -> int:
        """Return how much work a filter's argument is."""
        return len(node.value) if isinstance(node, primitive.StringLiteral) else LOOKUP

    def _range(self, node: primitive.RangeLiteral) -> str:
        return f"numbers({self.write(node.start)}, {self.write(node.stop)})"

    def _literal(self, node: primitive.Literal[object]) -> str:
        return self.constant(node.value)

    def _string(self, node: primitive.StringLiteral) -> str:
        # What the author writes into a tag is as good as what they write around it.
        return self.constant(Markup(node.value) if self.environment.autoescape else node.value)

    _written: ClassVar[dict[type, Callable[[Any, Any], str]]] = {
        BooleanExpression: condition,
        FilteredExpression: _filtered,
        Path: _path,
        primitive.RangeLiteral: _range,
        primitive.StringLiteral: _string,
        primitive.Nil: lambda _self, _node: "None",
        primitive.Empty: constant,
        primitive.Blank: constant,
        **dict.fromkeys(
            (
                primitive.IntegerLiteral,
                primitive.FloatLiteral,
                primitive.TrueLiteral,
                primitive.FalseLiteral,
            ),
            _literal,
        ),
    }
