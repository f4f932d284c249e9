"""What names a person goes out of a filter, wherever it stands; the rest stays."""

import pytest
from hypothesis import given

from mailtide.domain import segment_json, segment_text
from mailtide.domain.address import normalize
from mailtide.domain.redaction import Redactor
from mailtide.domain.segment import Filter
from mailtide.domain.segment_erasure import GONE, without
from tests.segments import filters


def names_ann(text: str) -> bool:
    return Redactor(lambda _, address: address).names("acme", text, "ann@example.com")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ('email is "ann@example.com"', 'email is "{gone}"'),
        ('email is not "Ann@Example.com"', 'email is not "{gone}"'),
        ('email in ("ann@example.com", "bo@x.org")', 'email in ("{gone}", "bo@x.org")'),
        ('attributes.boss contains "<ann@example.com>"', 'attributes.boss contains "{gone}"'),
        ('attributes.link contains "?e=ann%40example.com"', 'attributes.link contains "{gone}"'),
        ('attributes."ann@example.com" exists', 'attributes."{gone}" exists'),
        (
            'not (provider is "x" or (attributes.n in (1, true) and email is "ann@example.com"))',
            'not (provider is "x" or (attributes.n in (1, true) and email is "{gone}"))',
        ),
    ],
)
def test_texts_and_attributes_that_name_the_person_go(before: str, after: str) -> None:
    assert segment_text.write(without(segment_text.read(before), names_ann)) == after


@pytest.mark.parametrize(
    "text",
    [
        'email is "joann@example.com"',
        'email is "ann@example.com.au"',
        'email ends with "@example.com"',
        'email starts with "ann"',
        'attributes.boss is "bo@x.org" and last_open_at within 3 days',
    ],
)
def test_what_names_others_or_nobody_stays(text: str) -> None:
    filter_ = segment_text.read(text)
    assert without(filter_, names_ann) == filter_


@given(filters)
def test_a_filter_within_its_limits_stays_so_whatever_goes(filter_: Filter) -> None:
    bare = without(filter_, lambda text: len(text) >= len(GONE))
    assert segment_json.read(segment_json.write(bare)) == bare
    assert segment_text.read(segment_text.write(bare)) == bare


def test_no_address_is_shorter_than_what_stands_for_it() -> None:
    assert len(normalize("a@b.co").email) >= len(GONE)
