"""Identifiers: order, folding, shards, and what is named by its instant."""

from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import identifiers
from mailtide.domain.identifiers import SHARDS

KEY = b"k" * 32
ORG = "org0000000000000"
raw_campaigns = st.binary(min_size=6, max_size=6)
contact_ids = st.binary(min_size=16, max_size=16).map(identifiers.encode)


@given(st.binary(max_size=40))
def test_decode_reads_what_encode_wrote(raw: bytes) -> None:
    assert identifiers.decode(identifiers.encode(raw)) == raw


@given(st.binary(min_size=16, max_size=16), st.binary(min_size=16, max_size=16))
def test_ids_sort_as_their_bytes_do(one: bytes, other: bytes) -> None:
    assert (identifiers.encode(one) < identifiers.encode(other)) == (one < other)


@pytest.mark.parametrize("text", ["a", "w0", "0!", "é0", "00 0"])
def test_decode_refuses_what_is_not_base32hex(text: str) -> None:
    with pytest.raises(ValueError, match=r"padding|digit|ASCII"):
        identifiers.decode(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("ann@example.com", "Ann@Example.COM"),
        ("straße@example.com", "STRASSE@example.com"),  # full case folding
    ],
)
def test_spellings_that_differ_by_case_are_one_contact(one: str, other: str) -> None:
    assert identifiers.contact_id(KEY, ORG, one) == identifiers.contact_id(KEY, ORG, other)


@pytest.mark.parametrize(
    ("key", "org_id", "address"),
    [
        (b"l" * 32, ORG, "ann@example.com"),
        (KEY, "org0000000000001", "ann@example.com"),
        (KEY, ORG, "ann.b@example.com"),
    ],
)
def test_another_key_organisation_or_address_is_another_contact(
    key: bytes, org_id: str, address: str
) -> None:
    ann = identifiers.contact_id(KEY, ORG, "ann@example.com")
    assert identifiers.contact_id(key, org_id, address) != ann


def test_a_contact_id_has_26_characters() -> None:
    assert len(identifiers.contact_id(KEY, ORG, "ann@example.com")) == 26


def test_a_shard_is_the_first_four_bits_so_that_shards_are_ranges_of_ids() -> None:
    ids = [identifiers.encode(bytes([first]) + bytes(15)) for first in range(256)]
    shards = [identifiers.shard_of(one) for one in ids]
    assert shards == [SHARDS[first >> 4] for first in range(256)]


@pytest.mark.parametrize("text", ["", "z", "A", "ü", "-1"])
def test_a_text_that_is_no_id_has_a_shard_too(text: str) -> None:
    assert identifiers.shard_of(text) in SHARDS


def test_contacts_spread_evenly_over_the_shards() -> None:
    count = Counter(
        identifiers.shard_of(identifiers.contact_id(KEY, ORG, f"person{n}@example.com"))
        for n in range(16_000)
    )
    assert set(count) == set(SHARDS)
    assert all(850 < n < 1150 for n in count.values())  # 1,000 each, five standard deviations


@given(raw_campaigns, contact_ids)
def test_a_message_id_begins_with_its_campaign(raw: bytes, contact: str) -> None:
    campaign = identifiers.encode(raw)
    message = identifiers.message_id(KEY, campaign, contact)
    assert identifiers.campaign_of(message) == campaign
    assert identifiers.is_message_id(message)


def test_a_message_id_depends_on_key_campaign_and_contact() -> None:
    given_ids = {
        identifiers.message_id(key, campaign, contact)[identifiers.CAMPAIGN_CHARS :]
        for key in (KEY, b"l" * 32)
        for campaign in ("0000000000", "0000000004")
        for contact in ("0" * 26, "1" + "0" * 25)
    }
    assert len(given_ids) == 8


@given(st.binary(min_size=16, max_size=16))
def test_a_message_id_and_its_16_bytes_stand_for_each_other(raw: bytes) -> None:
    message = identifiers.unpack_message(raw)
    assert identifiers.is_message_id(message)
    assert identifiers.pack_message(message) == raw


@pytest.mark.parametrize("text", ["", "0" * 25, "0" * 27, "w" * 26, "A" * 26, "0" * 26 + "\n"])
def test_other_texts_are_no_message_ids(text: str) -> None:
    assert not identifiers.is_message_id(text)


@pytest.mark.parametrize("text", ["", "0" * 25, "0" * 27, "w" * 26, "é" * 26, "0" * 26 + "\n"])
def test_what_is_no_message_id_has_no_16_bytes(text: str) -> None:
    with pytest.raises(ValueError, match=r"not a message id|invalid literal"):
        identifiers.pack_message(text)


@given(
    first=st.integers(0, 2**47),
    later=st.integers(0, 2**47),
    chance=st.binary(min_size=4, max_size=4),
)
def test_what_is_named_by_its_instant_sorts_newest_first(
    first: int, later: int, chance: bytes
) -> None:
    one, two = (identifiers.recent_first(at, chance) for at in (first, later))
    assert len(one) == 16
    assert (one > two) is (first < later)
