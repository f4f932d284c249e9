"""Where compiled Liquid writes to: what its literals and values become, as lines of Python.

A sink collects what stands together and writes it as one statement. `boundary` is where the ways
part or meet (a branch, a turn of a loop): nothing is joined across it.
"""

from mailtide.domain import plain_text, quoted_printable
from mailtide.domain.liquid_budget import CEILING

# A short word of letters and digits needs no escaping, no encoding and no settling. Most values are
# one, so the question stands in the code itself (a call would double its cost).
_IS_WORD = "(x := {}).__class__ is str and x.isalnum() and x.isascii() and len(x) < 76"
_WORD = 'f"{{x}}=\\r\\n".encode() if ' + _IS_WORD

_FEW = 200  # values of a part that need no look at how long they are together


class Code:
    """A Python function that is being written, and the constants that it names."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, object] = {}
        self.depth = 1
        self._first: dict[str, str] = {}
        self._known: dict[object, str] = {}
        self._short: dict[str, str] = {}

    def line(self, text: str) -> None:
        """Write one line."""
        self.lines.append(" " * self.depth + text)

    def first(self, name: str, code: str) -> None:
        """Set a variable before all else."""
        self._first[name] = code

    def fresh(self, kind: str) -> str:
        """Return a name that nothing has yet."""
        self.names[name := f"{kind}{len(self.names)}"] = None
        return name

    def constant(self, value: object, key: object = None) -> str:
        """Return the name of a value; what has the same key has one name.

        Text of a template is only ever named, never written out.
        """
        if key in self._known:
            return self._known[key]
        name = self.fresh("K")
        self.names[name] = value
        if key is not None:
            self._known[key] = name
        return name

    def text(self, value: str | bytes) -> str:
        """Return the name of a text."""
        return self.constant(value, (type(value), value))

    def short(self, code: str) -> str:
        """Return the variable that has a value encoded, the same for all parts, if it is short."""
        if code not in self._short:
            self._short[code] = name = self.fresh("q")
            self.first(name, f"{_WORD.format(code)} else short(x)")
        return self._short[code]

    def source(self, results: list[str]) -> str:
        """Return the whole function."""
        first = [f" {name} = {code}" for name, code in self._first.items()]
        last = f" return {', '.join(results)},"
        return "\n".join(["def fill(data, tokens):", *first, *self.lines, last])


class Sink:
    """Writes nothing: the engine leaves out what a block of white space writes."""

    def literal(self, text: str) -> None:
        """Write what the template says."""

    def value(self, code: str, steady: bool, followed: bool) -> None:
        """Write a value.

        Args:
            code: what it is.
            steady: it is the same wherever a part of the message asks for it.
            followed: words of the template stand next to it, behind.
        """

    def flush(self) -> None:
        """Write what was collected, before something changes that it may depend on."""

    def boundary(self) -> None:
        """Write what was collected, and join nothing to it."""

    def turn(self) -> None:
        """Begin a turn of a loop: no list may grow without end."""


class TextSink(Sink):
    """Collects pieces of text in a list, for a variable or a subject."""

    def __init__(self, code: Code, out: str, write: str) -> None:
        self.code, self.out, self.write = code, out, write
        self._pending: list[str] = []
        self._begun = False

    def literal(self, text: str) -> None:
        """Write what the template says."""
        self._pending.append(self.code.text(text))

    def value(self, code: str, steady: bool, followed: bool) -> None:
        """Write a value."""
        self._pending.append(f"(x if {_IS_WORD.format(code)} else {self.write}(x, room))")

    def flush(self) -> None:
        """Write what was collected."""
        if not self._begun:
            self.code.line(f"{self.out} = [{', '.join(self._pending)}]")
        elif self._pending:
            self.code.line(f"{self.out} += ({', '.join(self._pending)},)")
        self._begun = True
        self._pending.clear()

    def boundary(self) -> None:
        """Join nothing to what was collected."""
        self.flush()

    def turn(self) -> None:
        """Begin a turn of a loop: no list may grow without end."""
        self.code.line(f"if len({self.out}) > PIECES: raise Doubtful")

    def finish(self) -> None:
        """End what is collected."""
        self.flush()


class PartSink(TextSink):
    """Collects encoded pieces of a part."""

    def __init__(self, code: Code, out: str, write: str) -> None:
        super().__init__(code, out, write)
        self._text = ""  # literals that are not encoded yet
        self._known: dict[str, str] = {}
        self._longest = 1

    def literal(self, text: str) -> None:
        """Write what the template says."""
        self._text += text

    def value(self, code: str, steady: bool, followed: bool) -> None:
        """Write a value."""
        self._value(self.write, code, steady)

    def token(self, name: str) -> None:
        """Write a token of the message."""
        self._add(name)

    def boundary(self) -> None:
        """Join nothing to what was collected."""
        self._encode()
        self.flush()

    def finish(self) -> None:
        """End the part with a line end."""
        if self._text:
            self._pending.append(self.code.text(quoted_printable.last_piece(self._text)))
            self.flush()
        else:
            self.flush()
            self.code.line(f"{self.out}.append(end({self.out}))")

    def measure(self, outputs: int, repeats: bool) -> None:
        """Hold that the pieces can be joined.

        Args:
            outputs: how many values the part writes; those that are steady were sized once.
            repeats: loops write pieces, the longest of them maybe.
        """
        if outputs > _FEW:
            self.code.line(f"within({self.out})")
        elif repeats:
            few = CEILING // self._longest
            self.code.line(f"if len({self.out}) > {few}: within({self.out})")

    def _value(self, write: str, code: str, steady: bool) -> None:
        """Write a value; one that is steady is encoded once for all places."""
        if not steady or self.code.depth > 1:
            self._add(f"({_WORD.format(code)} else {write}(x, room))")
            return
        written = f"{self.code.short(code)} or {write}({code}, room)"
        known = self._known.get(written)
        if known is None:
            self._known[written] = name = self.code.fresh("w")
            self._add(f"({name} := {written})")
        else:
            self._add(known)

    def _add(self, code: str) -> None:
        self._encode()
        self._pending.append(code)

    def _encode(self) -> None:
        if self._text:
            literal = quoted_printable.piece(self._text)
            self._longest = max(self._longest, len(literal))
            self._pending.append(self.code.text(literal))
            self._text = ""


class SettledSink(PartSink):
    """Collects pieces of a text part that was made from HTML, whose white space is settled.

    White space is held back until something follows it. What is held is known while compiling
    (`_gap`), or, behind a boundary, only when a message is made (the variable `gap`).
    """

    def __init__(self, code: Code, out: str) -> None:
        super().__init__(code, out, "calm")
        code.first("gap", "START")
        self._gap: str | None = plain_text.START
        self._solid = False  # something other than white space stands right before

    def literal(self, text: str) -> None:
        """Write what the template says."""
        before, words, behind = plain_text.gaps(text)
        if self._gap is None:
            if before:
                self.code.line(f"gap += {self.code.text(before)}")
        else:
            self._gap += before
        if words:
            self._settle()
            self._text += words
            self._gap = behind
        self._solid = not self._gap if words else self._solid and not before

    def value(self, code: str, steady: bool, followed: bool) -> None:
        """Write a value."""
        may_be_empty = followed or self._solid
        self._settle()
        self._value("calm_or_empty" if may_be_empty else "calm", code, steady)
        self._solid = True

    def token(self, name: str) -> None:
        """Write a token of the message."""
        self._settle()
        super().token(name)
        self._solid = True

    def boundary(self) -> None:
        """Join nothing to what was collected."""
        super().boundary()
        if self._gap is not None:
            self.code.line(f"gap = {self.code.text(self._gap)}")
        self._gap, self._solid = None, False

    def turn(self) -> None:
        """Begin a turn of a loop: no list may grow without end."""
        self.code.line(f"if len({self.out}) > PIECES or len(gap) > PIECES: raise Doubtful")

    def finish(self) -> None:
        """End the part: one line end, whatever was held back."""
        if self._text:
            self._pending.append(self.code.text(quoted_printable.last_piece(self._text)))
        else:
            self._pending.append(self.code.text(b"\r\n"))
        self.flush()

    def _settle(self) -> None:
        """Write the white space that was held back."""
        if self._gap is None:
            self.code.line(f"if gap: {self.out}.append(settle(gap))")
        else:
            self._text += plain_text.settled_gap(self._gap)
        self._gap = ""
