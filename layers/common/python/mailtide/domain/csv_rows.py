"""CSV rows: what a file of contacts has to look like, and what each record says of a contact.

The first record names the columns: `email` is required, `timezone` is known, every other column
becomes an attribute under its own name. Empty values say nothing. A name that begins with
`mailtide:` makes the file one of our exports: its values are read as they were before the guard
against formulas, and what only we can know is left out.
"""

import codecs
import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any, NoReturn

from mailtide.domain import address
from mailtide.domain.contact_fields import check_attributes, check_timezone
from mailtide.domain.csv_records import LIMIT, Place, Record, records
from mailtide.domain.formulas import guarded, unguarded
from mailtide.domain.redaction import hide
from mailtide.errors import InvalidInputError

HEAD_BYTES = 2 * LIMIT  # of a file, enough to see its header and its encoding
REPORT_HEAD = b"line,reason,row\r\n"
DELIMITERS = ",;\t"
EMAIL = "email"
TIMEZONE = "timezone"
MARK = "mailtide:"  # begins the names of columns that only our exports have
ATTRIBUTES = MARK + "attributes"  # those without a column of their own, as JSON

_UTF8_BOM = codecs.BOM_UTF8
_OTHER_ENCODINGS = (
    (codecs.BOM_UTF32_LE, "UTF-32"),  # begins as UTF-16's mark does, so it is tried first
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_ZIP = b"PK\x03\x04"


@dataclass(frozen=True, slots=True)
class Layout:
    """How to read a file's records."""

    columns: tuple[str, ...]  # `email` and `timezone` in lower case; "" for a column without a name
    delimiter: str
    start: Place  # of the first record behind the header
    is_ours: bool = False  # it is one of our exports


@dataclass(frozen=True, slots=True)
class Row:
    """What one record, or several of one address, say of a contact."""

    line: int  # of the last record that went into it
    email: str
    domain: str
    attributes: Mapping[str, Any]
    timezone: str | None

    def merged(self, later: "Row") -> "Row":
        """Return both rows as one: the later one's values win, where it has any."""
        return replace(
            later,
            attributes={**self.attributes, **later.attributes},
            timezone=later.timezone or self.timezone,
        )


def read_layout(head: bytes) -> Layout:
    """Find encoding, delimiter and columns in the first bytes of a file.

    Raises:
        InvalidInputError: `import_file_invalid`.
    """
    _check_encoding(head)
    mark = len(_UTF8_BOM) if head.startswith(_UTF8_BOM) else 0
    found: list[Layout] = []
    for delimiter in DELIMITERS:
        header = next(records([head[mark:]], Place(mark), delimiter), None)
        if header is None:
            raise _invalid("the file is empty")
        if header.problem:
            raise _invalid(f"the header line cannot be used: {header.problem}")
        names = _names(header.fields)
        is_ours = any(name.startswith(MARK) for name in names)
        found.append(Layout(names, delimiter, header.after, is_ours))
    layout = next((one for one in found if EMAIL in one.columns), None)
    if layout is None:
        shown = _nameless(", ".join(found[0].columns))[:200]
        raise _invalid(f"the header line has no column `email`; its columns are: {shown}")
    _check_columns(layout.columns)
    return layout


def read_row(record: Record, layout: Layout) -> Row:
    """Read one record.

    Raises:
        InvalidInputError: with the reason why this row cannot be imported.
    """
    values = read_values(record, layout)
    found = address.normalize(values.pop(EMAIL))
    timezone = values.pop(TIMEZONE, "") or None
    if timezone:
        check_timezone(timezone)
    attributes = _attributes(values)
    check_attributes(attributes)
    return Row(record.line, found.email, found.domain, attributes, timezone)


def read_values(record: Record, layout: Layout) -> dict[str, str]:
    """Return a record's values by column, without spaces around them.

    Raises:
        InvalidInputError: with the reason why this row cannot be read.
    """
    if record.problem:
        raise InvalidInputError(record.problem)
    values = _fitting(record.fields, len(layout.columns))
    if layout.is_ours:
        values = tuple(map(unguarded, values))
    return dict(zip(layout.columns, values, strict=True))


def write_refused(refused: Iterable[tuple[int, str, str]]) -> bytes:
    """Write line, reason and text of refused rows as they stand in the report.

    They are guarded against being taken for formulas: people open the report, and strangers may
    have written the rows.
    """
    report = io.StringIO()
    writer = csv.writer(report)
    for line, reason, text in refused:
        writer.writerow([line, reason, guarded(text)])
    return report.getvalue().encode()


def _attributes(values: Mapping[str, str]) -> dict[str, Any]:
    own = {name: value for name, value in values.items() if name and value}
    more = _read_json(own[ATTRIBUTES]) if ATTRIBUTES in own else {}
    return {name: value for name, value in own.items() if not name.startswith(MARK)} | more


def _read_json(text: str) -> dict[str, Any]:
    try:
        found = json.loads(text, parse_constant=_refuse)
        json.dumps(found, ensure_ascii=False).encode()  # half of a surrogate pair cannot be stored
    except (ValueError, RecursionError) as error:
        raise InvalidInputError(f"`{ATTRIBUTES}` is not JSON: {error}") from error
    if not isinstance(found, dict):
        raise InvalidInputError(f"`{ATTRIBUTES}` is not a JSON object")
    return found


def _refuse(name: str) -> NoReturn:
    raise ValueError(f"{name} is not a JSON value")


def _check_encoding(head: bytes) -> None:
    if head.startswith(_ZIP):
        raise _invalid("this is a spreadsheet or an archive; save it as CSV (UTF-8)")
    for mark, name in _OTHER_ENCODINGS:
        if head.startswith(mark):
            raise _invalid(f"the file is {name}; save it as UTF-8")
    if b"\0" in head.split(b"\n", 1)[0]:
        raise _invalid("the header line holds NUL bytes, as UTF-16 has; save the file as UTF-8")
    try:
        codecs.getincrementaldecoder("utf-8")().decode(head)
    except UnicodeDecodeError as error:
        line = head.count(b"\n", 0, error.start) + 1
        raise _invalid(
            f"line {line} is not UTF-8, perhaps Latin-1 or Windows-1252; save the file as UTF-8"
        ) from error


def _names(fields: tuple[str, ...]) -> tuple[str, ...]:
    names = (field.strip() for field in fields)
    return tuple(n.lower() if _is_known(n.lower()) else n for n in names)


def _is_known(name: str) -> bool:
    return name in (EMAIL, TIMEZONE) or name.startswith(MARK)


def _check_columns(columns: tuple[str, ...]) -> None:
    named = [name for name in columns if name]
    twice = next((name for name in named if named.count(name) > 1), None)
    if twice:
        raise _invalid(f"the column `{_nameless(twice)}` stands in the header line twice")


def _nameless(header: str) -> str:
    """Return a header line as it may be kept: a file without one has people in its first line."""
    return hide(header, lambda _: None)


def _fitting(fields: tuple[str, ...], count: int) -> tuple[str, ...]:
    """Return as many stripped fields as there are columns; empty ones too many do no harm."""
    values = tuple(field.strip() for field in fields)
    if len(values) < count or any(values[count:]):
        raise InvalidInputError(f"it has {len(values)} fields; the header line has {count}")
    return values[:count]


def _invalid(what: str) -> InvalidInputError:
    return InvalidInputError(f"The file cannot be imported: {what}.", code="import_file_invalid")
