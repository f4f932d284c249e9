"""Every parser of what comes from outside, on anything: a value, or the error it documents.

The parsers with a grammar of their own have more beside their examples (`test_segment_forms`,
`test_csv_records`, `test_mime`, `test_ses`, `test_sns`, `test_tracking`, `test_page`).
"""

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.bodies import check_body, read_json
from mailtide.domain import address, csv_rows, segment_json, segment_text
from mailtide.domain.contact_fields import check_attributes, check_timezone
from mailtide.domain.csv_records import records
from mailtide.domain.idempotency import check_key
from mailtide.domain.page import read_cursor
from mailtide.errors import InvalidInputError, UnauthenticatedError
from mailtide.flows.envelope_reading import read as read_envelope
from mailtide.key_memory import Keys
from mailtide.sources import sns, stalwart

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
WEIRD = st.text(max_size=40) | st.text(
    "\x00\n\r\t\u2028\ufeff\ufffd\U0010ffff@.\"'\\{}[]%", max_size=20
)
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WEIRD
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(WEIRD, inner, max_size=4),
    max_leaves=12,
)
BYTES = st.binary(max_size=200) | JSON.map(lambda value: json.dumps(value).encode())
KEYED = st.fixed_dictionaries(
    {},
    optional=dict.fromkeys(
        ("message", "envelope", "headers", "contents", "from", "to", "context", "events"), JSON
    ),
)
MESSAGE = st.fixed_dictionaries({"headers": JSON | st.lists(JSON, max_size=3), "contents": WEIRD})
FILTERS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(("and", "or", "not", "field", "op", "value", "list_id"), JSON)
)


def refused(parse: Callable[[Any], object], value: Any, *codes: str) -> bool:
    """Parse, and say whether the value was refused, which takes a documented code and words."""
    error = None
    try:
        parse(value)
    except InvalidInputError as caught:
        error = caught
    assert error is None or (error.code in codes and error.detail)
    return error is not None


@given(
    BYTES,
    st.sampled_from(["application/json", "Application/JSON; charset=utf-8", "text/plain", ""]),
)
def test_a_body_is_an_object_or_refused(raw: bytes, content_type: str) -> None:
    def read(body: bytes) -> None:
        check_body(body, content_type)
        value = read_json(body.decode())
        assert json.dumps(value, ensure_ascii=False, allow_nan=False).encode()

    refused(read, raw, "invalid_json", "invalid_request")


@given(st.sampled_from(["[", '{"a":', "[[", '"']), st.integers(0, 20_000))
def test_a_body_of_any_depth_is_read_or_refused(piece: str, times: int) -> None:
    with pytest.raises(InvalidInputError) as caught:
        read_json(piece * times)
    assert caught.value.code == "invalid_json"
    assert len(caught.value.detail) < 500


@pytest.mark.parametrize("number", ["1e999", "-1e999", '{"a": 1e999}', "9" * 5000])
def test_a_number_that_nothing_can_hold_is_refused(number: str) -> None:
    with pytest.raises(InvalidInputError):
        read_json(number if number.startswith("{") else f'{{"a": {number}}}')


@given(WEIRD)
def test_an_address_is_read_or_refused(text: str) -> None:
    refused(address.normalize, text, "invalid_address")
    refused(address.normalize, f"a@{text}", "invalid_address")
    refused(address.normalize, f"{text}@example.com", "invalid_address")


@given(WEIRD)
def test_what_a_header_brings_is_read_or_refused(text: str) -> None:
    refused(check_key, text, "invalid_idempotency_key")
    with pytest.raises(UnauthenticatedError):
        Keys(lambda _: None, lambda: NOW).authenticate(text)
    with pytest.raises(UnauthenticatedError):
        Keys(lambda _: None, lambda: NOW).authenticate(f"Bearer mt_{text}")


@given(WEIRD)
def test_a_cursor_is_read_or_refused(text: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - that and nothing else, whatever its words
        read_cursor("acme/contacts", text)


@given(WEIRD, st.dictionaries(WEIRD, JSON, max_size=4))
def test_fields_of_a_contact_are_kept_or_refused(text: str, attributes: dict[str, Any]) -> None:
    refused(check_timezone, text, "invalid_request")
    refused(check_attributes, attributes, "invalid_request")


@given(JSON | FILTERS)
def test_a_filter_in_json_is_read_or_refused_with_its_places(value: Any) -> None:
    refused(segment_json.read, value, "filter_error")


@given(WEIRD)
def test_a_filter_in_words_is_read_or_refused(text: str) -> None:
    refused(segment_text.read, text, "filter_error")


@given(st.binary(max_size=200), st.sampled_from(["email\n", "Email,name\n", "\ufeffemail;a\n", ""]))
def test_every_row_of_a_file_is_read_or_refused(data: bytes, head: str) -> None:
    whole = head.encode() + data
    if refused(csv_rows.read_layout, whole, "import_file_invalid"):
        return
    layout = csv_rows.read_layout(whole)
    start = layout.start
    for record in records([whole[start.offset :]], start, layout.delimiter):
        refused(
            lambda one: csv_rows.read_row(one, layout), record, "invalid_request", "invalid_address"
        )


@given(BYTES)
def test_a_webhook_is_read_or_refused(body: bytes) -> None:
    refused(stalwart.parse, body, "invalid_json")
    refused(stalwart.hook_message, body, "invalid_json")
    refused(sns.read, body, "invalid_json")
    assert not stalwart.verify({"X-Signature": body.decode("latin-1")}, body, "key")


@given(KEYED | st.builds(lambda rest, message: {**rest, "message": message}, KEYED, MESSAGE))
def test_a_hook_request_of_any_shape_is_read_or_refused(value: dict[str, Any]) -> None:
    body = json.dumps(value).encode()
    refused(lambda raw: stalwart.hook_mail(raw, NOW), body, "invalid_json")


class NoBucket:
    """A bucket that has nothing."""

    def put(self, key: str, body: bytes) -> None:
        """Keep nothing."""

    def delete(self, key: str) -> None:
        """Remove nothing."""

    def fetch(self, key: str, limit: int | None = None) -> bytes | None:
        """Return nothing."""
        return None


@given(BYTES | WEIRD.map(str.encode))
def test_a_message_of_the_queue_is_read_or_one_for_the_dead_letters(body: bytes) -> None:
    try:
        read_envelope(body.decode("utf-8", "replace"), NoBucket())
    except (ValueError, KeyError, TypeError):
        return
