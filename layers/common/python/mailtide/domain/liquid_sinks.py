"""Where compiled Liquid writes to: what its literals and values become, as lines of Python.

A sink collects what stands together and writes it as one statement. `boundary` is where the ways
part or meet (a branch, a turn of a loop): nothing is joined across it.
"""

from mailtide.domain import plain_text, quoted_printable

# A short word of letters and digits needs no escaping, no encoding and no settling. Most values are
# one, so this stands in the code itself (a call would double its cost).
_WORD = (
    'f"{{x}}=\\r\\n".encode() '
    "if (x := {}).__class__ is str and x.isalnum() and x.isascii() and len(x) < 76"
)


class Code:
    """A Python function that is being written, and the constants that it names."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.names: dict[str, object] = {}
        self.depth = 1
        self._known: dict[tuple[type, object], str] = {}

    def line(self, text: str) -> None:
        """Write one line."""
        self.lines.append(" " * self.depth + text)

    def fresh(self, kind: str) -> str:
        """Return a name that nothing has yet."""
        self.names[name := f"{kind}{len(self.names)}"] = None
        return name

    def constant(self, value: object) -> str:
        """Return the name of a value. Text of a template is only ever named, never written out."""
        name = self.fresh("K")
        self.names[name] = value
        return name

    def text(self, value: str | bytes) -> str:
        """Return the name of a text; the same text has one name."""
        known = (type(value), value)
        if known not in self._known:
            self._known[known] = self.constant(value)
        return self._known[known]


class Sink:
    """Writes nothing: the engine leaves out what a block of white space writes."""

    out = ""

    def literal(self, text: str) -> None:
        """Write what the template says."""

    def value(self, code: str, steady: bool, followed: bool) -> None:
        """Write a value.

        Args:
            code: what it is.
            steady: it is the same wherever the part asks for it.
            followed: words of the template stand next to it, behind.
        """

    def flush(self) -> None:
        """Write what was collected, before something changes that it may depend on."""

    def boundary(self) -> None:
        """Write what was collected, and join nothing to it."""

    def turn(self) -> None:
        """Begin a turn of a loop."""


class TextSink(Sink):
    """Collects text, for a variable or a subject."""

    def __init__(self, code: Code, out: str, write: str) -> None:
        self.code, self.out, self.write = code, out, write
        self._pending: list[str] = []

    def literal(self, text: str) -> None:
        """Write what the template says."""
        self._pending.append(self.code.text(text))

    def value(self, code: str, steady: bool, followed: bool) -> None:
        """Write a value."""
        self._pending.append(f"{self.write}({code}, room)")

    def flush(self) -> None:
        """Write what was collected."""
        if self._pending:
            self.code.line(f"{self.out} += ({', '.join(self._pending)},)")
            self._pending.clear()

    def boundary(self) -> None:
        """Join nothing to what was collected."""
        self.flush()

    def turn(self) -> None:
        """Begin a turn of a loop: no list may grow without end."""
        self.code.line(f"if len({self.out}) > PIECES: raise Doubtful")


class PartSink(Sink):
    """Collects encoded pieces of a part.

    A value that is the same wherever it stands is encoded once, where it is certain to be met.
    """

    out = "out"

    def __init__(self, code: Code, write: str) -> None:
        self.code, self.write = code, write
        self._pending: list[str] = []
        self._text = ""  # literals that are not encoded yet
        self._known: dict[str, str] = {}

    def literal(self, text: str) -> None:
        """Write what the template says."""
        self._text += text

    def value(self, code: str, steady: bool, followed: bool) -> None:
        """Write a value."""
        self._value(self.write, code, steady)

    def token(self, name: str) -> None:
        """Write a token of the message, encoded already."""
        self._add(name)

    def flush(self) -> None:
        """Write what was collected."""
        if self._pending:
            self.code.line(f"out += ({', '.join(self._pending)},)")
            self._pending.clear()

    def boundary(self) -> None:
        """Join nothing to what was collected."""
        self._encode()
        self.flush()

    def turn(self) -> None:
        """Begin a turn of a loop: no list may grow without end."""
        self.code.line("if len(out) > PIECES: raise Doubtful")

    def finish(self) -> None:
        """End the part."""
        if self._text:
            self._pending.append(self.code.text(quoted_printable.last_piece(self._text)))
            self._text = ""
            self.boundary()
        else:
            self.boundary()
            self.code.line("out.append(end(out))")

    def _value(self, write: str, code: str, steady: bool) -> None:
        written = f"({_WORD.format(code)} else {write}(x, room))"
        known = self._known.get(written)
        if known is None and steady and self.code.depth == 1:
            self._known[written] = name = self.code.fresh("w")
            written = f"({name} := {written})"
        self._add(known or written)

    def _add(self, code: str) -> None:
        self._encode()
        self._pending.append(code)

    def _encode(self) -> None:
        if self._text:
            self._pending.append(self.code.text(quoted_printable.piece(self._text)))
            self._text = ""


class SettledSink(PartSink):
    """Collects pieces of a text part that was made from HTML, whose white space is settled.

    White space is held back until something follows it. What is held is known while compiling
    (`_gap`), or, behind a boundary, only when a message is made (the variable `gap`).
    """

    def __init__(self, code: Code) -> None:
        super().__init__(code, "calm")
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
        self.code.line("if len(out) > PIECES or len(gap) > PIECES: raise Doubtful")

    def finish(self) -> None:
        """End the part: one line end, whatever was held back."""
        if self._text:
            self._pending.append(self.code.text(quoted_printable.last_piece(self._text)))
            self._text = ""
        else:
            self._pending.append(self.code.text(b"\r\n"))
        super().boundary()

    def _settle(self) -> None:
        """Write the white space that was held back."""
        if self._gap is None:
            self.code.line("if gap: out.append(settle(gap))")
        else:
            self._text += plain_text.settled_gap(self._gap)
        self._gap = ""
