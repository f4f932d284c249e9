"""HTML as a tree, for what a test wants to know of a document's structure."""

from collections.abc import Iterator
from html.parser import HTMLParser

_VOID = frozenset(
    {"area", "base", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track"}
)
# What the beginning of an element ends, as far as it is open in the same table or list.
_ENDS = {
    "li": {"li"},
    "p": {"p"},
    "td": {"td", "th"},
    "th": {"td", "th"},
    "tr": {"tr", "td", "th"},
    "tbody": {"tr", "td", "th", "thead"},
    "ul": {"p"},
    "ol": {"p"},
}
_SCOPE = frozenset({"table", "ul", "ol", "body", "div"})
_MAY_STAND_IN = {
    "table": {"caption", "colgroup", "thead", "tbody", "tfoot", "tr"},
    "thead": {"tr"},
    "tbody": {"tr"},
    "tfoot": {"tr"},
    "tr": {"td", "th"},
    "ul": {"li"},
    "ol": {"li"},
}


class Node:
    """One element."""

    def __init__(self, name: str, attributes: dict[str, str], parent: "Node | None") -> None:
        self.name = name
        self.attributes = attributes
        self.parent = parent
        self.children: list[Node] = []
        self.words: list[str] = []  # text that stands directly in it

    def walk(self) -> Iterator["Node"]:
        """Yield the element and all below it."""
        yield self
        for child in self.children:
            yield from child.walk()

    def find(self, selector: str) -> list["Node"]:
        """Return the elements below that a selector of names, classes, ids, ` ` and ` > ` picks."""
        return [node for node in self.walk() if node is not self and node._fits(selector.split())]

    def misplaced(self) -> list[str]:
        """Return what stands in tables and lists where only rows, cells and items may."""
        found = []
        for node in self.walk():
            allowed = _MAY_STAND_IN.get(node.name)
            if allowed is not None:
                found += [
                    f"{c.name} in {node.name}" for c in node.children if c.name not in allowed
                ]
                found += [f"words in {node.name}: {w}" for w in node.words if w.strip()]
        return found

    def _fits(self, parts: list[str]) -> bool:
        if not self._is(parts[-1]):
            return False
        rest = parts[:-1]
        if not rest:
            return True
        if rest[-1] == ">":
            return self.parent is not None and self.parent._fits(rest[:-1])
        return any(above._fits(rest) for above in self._above())

    def _above(self) -> Iterator["Node"]:
        node = self.parent
        while node is not None:
            yield node
            node = node.parent

    def _is(self, part: str) -> bool:
        name, _, class_ = part.partition(".")
        name, _, id_ = name.partition("#")
        classes = self.attributes.get("class", "").split()
        right = not class_ or class_ in classes
        return right and name in ("", self.name) and (not id_ or self.attributes.get("id") == id_)


class Tree(HTMLParser):
    """Builds the tree of a document; comments are left out, as browsers leave them out."""

    def __init__(self, html: str) -> None:
        super().__init__(convert_charrefs=True)
        self.root = Node("", {}, None)
        self._here = self.root
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        here: Node | None = self._here
        ended = None
        while here is not None and here.name not in _SCOPE:
            if here.name in _ENDS.get(tag, set()):
                ended = here
            here = here.parent
        if ended is not None and ended.parent is not None:
            self._here = ended.parent
        node = Node(tag, {name: value or "" for name, value in attrs}, self._here)
        self._here.children.append(node)
        if tag not in _VOID:
            self._here = node

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)

    def handle_endtag(self, tag: str) -> None:
        here: Node | None = self._here
        while here is not None and here.name != tag:
            here = here.parent
        if here is not None and here.parent is not None:
            self._here = here.parent

    def handle_data(self, data: str) -> None:
        self._here.words.append(data)
