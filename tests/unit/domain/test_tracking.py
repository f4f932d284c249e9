"""Tokens: they come back as they were made, and nothing else ever verifies."""

import json
from collections.abc import Callable

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from mailtide.domain import identifiers
from mailtide.domain.signing import Keyring, Purpose
from mailtide.domain.tracking import Addressed, Link, Tracker, is_http
from mailtide.errors import InvalidInputError

OLD = Keyring.from_json(json.dumps({"current": "1", "1": "o" * 64}))
RING = Keyring.from_json(json.dumps({"current": "9", "1": "o" * 64, "9": "n" * 64}))
TRACKER = Tracker(RING, "https://track.example")
CAMPAIGN = identifiers.encode(b"abcdef")
MESSAGE = identifiers.message_id(b"key", CAMPAIGN, "contact")
OTHER_MESSAGE = identifiers.message_id(b"key", CAMPAIGN, "other")
URL = "https://shop.example/a?b=c&d=%20#e"

messages = st.binary(min_size=16, max_size=16).map(identifiers.unpack_message)
purposes = st.sampled_from([Purpose.OPEN, Purpose.CLICK, Purpose.UNSUBSCRIBE, Purpose.REPLY])
urls = st.builds(
    "{}://{}{}".format,
    st.sampled_from(["http", "https", "HTTPS"]),
    st.from_regex(r"[a-z0-9.-]{1,60}", fullmatch=True),
    st.from_regex(r"([/?#][!-~]{0,600})?", fullmatch=True),
)
links = st.builds(Link, st.just(CAMPAIGN), st.integers(0, 65535), urls)
token_chars = st.sampled_from("ABCxyz019-_=+/. \nä")


def changed(token: str, data: st.DataObject) -> str:
    place = data.draw(st.integers(0, len(token) - 1))
    new = data.draw(token_chars.filter(lambda char: char != token[place]))
    return token[:place] + new + token[place + 1 :]


@given(purposes, messages)
def test_a_recipient_token_names_its_message(purpose: Purpose, message: str) -> None:
    token = TRACKER.recipient(purpose, message)
    assert len(token) == 40
    assert TRACKER.read_recipient(purpose, token) == message


@given(purposes, purposes, messages)
def test_a_token_is_good_for_its_own_purpose_only(
    made_for: Purpose, read_for: Purpose, message: str
) -> None:
    token = TRACKER.recipient(made_for, message)
    if made_for is read_for:
        assert TRACKER.read_recipient(read_for, token) == message
    else:
        with pytest.raises(InvalidInputError):
            TRACKER.read_recipient(read_for, token)


@given(purposes, messages, st.data())
def test_a_changed_recipient_token_does_not_verify(
    purpose: Purpose, message: str, data: st.DataObject
) -> None:
    token = changed(TRACKER.recipient(purpose, message), data)
    with pytest.raises(InvalidInputError):
        TRACKER.read_recipient(purpose, token)


@given(st.text(max_size=80))
def test_a_made_up_token_is_refused_with_its_code(token: str) -> None:
    with pytest.raises(InvalidInputError) as error:
        TRACKER.read_recipient(Purpose.OPEN, token)
    assert error.value.code == "token_invalid"


@given(links, st.booleans())
def test_a_link_comes_back_with_every_url(link: Link, bound: bool) -> None:
    token = TRACKER.link(link, MESSAGE if bound else None)
    click = TRACKER.recipient(Purpose.CLICK, MESSAGE)
    assert TRACKER.read_click(click, token) == (MESSAGE, link)


@given(links, st.booleans(), st.data())
def test_a_changed_link_does_not_verify(link: Link, bound: bool, data: st.DataObject) -> None:
    token = changed(TRACKER.link(link, MESSAGE if bound else None), data)
    with pytest.raises(InvalidInputError):
        TRACKER.read_click(TRACKER.recipient(Purpose.CLICK, MESSAGE), token)


@given(links, st.booleans(), st.data())
def test_a_cut_link_does_not_verify(link: Link, bound: bool, data: st.DataObject) -> None:
    token = TRACKER.link(link, MESSAGE if bound else None)
    cut = token[: data.draw(st.integers(0, len(token) - 1))]
    with pytest.raises(InvalidInputError) as error:
        TRACKER.read_click(TRACKER.recipient(Purpose.CLICK, MESSAGE), cut)
    assert error.value.code == "token_invalid"


@given(links)
def test_a_shared_link_works_in_every_message_of_its_campaign(link: Link) -> None:
    click = TRACKER.recipient(Purpose.CLICK, OTHER_MESSAGE)
    assert TRACKER.read_click(click, TRACKER.link(link)) == (OTHER_MESSAGE, link)


@given(links)
def test_a_bound_link_works_in_its_message_only(link: Link) -> None:
    click = TRACKER.recipient(Purpose.CLICK, OTHER_MESSAGE)
    with pytest.raises(InvalidInputError):
        TRACKER.read_click(click, TRACKER.link(link, MESSAGE))


def test_a_link_of_another_campaign_is_refused() -> None:
    other = identifiers.encode(b"fedcba")
    token = TRACKER.link(Link(other, 0, URL))
    with pytest.raises(InvalidInputError):
        TRACKER.read_click(TRACKER.recipient(Purpose.CLICK, MESSAGE), token)


def test_a_link_needs_a_click_token() -> None:
    token = TRACKER.link(Link(CAMPAIGN, 0, URL))
    with pytest.raises(InvalidInputError):
        TRACKER.read_click(TRACKER.recipient(Purpose.OPEN, MESSAGE), token)


mailed = st.sampled_from([Purpose.REPLY, Purpose.UNSUBSCRIBE])
cased = st.sampled_from([str, str.upper, str.title, str.swapcase])


def address(purpose: Purpose, message: str, tracker: Tracker = TRACKER) -> str:
    make = {
        Purpose.REPLY: tracker.reply_address,
        Purpose.UNSUBSCRIBE: tracker.unsubscribe_address,
    }
    return make[purpose](message, "reply.example")


@given(mailed, messages, cased)
def test_an_address_names_its_message_whatever_case_it_comes_back_in(
    purpose: Purpose, message: str, folded: Callable[[str], str]
) -> None:
    made = address(purpose, message)
    assert len(made.partition("@")[0]) == 50 <= 64
    assert made == made.lower()
    assert TRACKER.read_address(folded(made)) == Addressed(purpose, message)


@given(messages)
def test_an_address_of_one_purpose_is_no_proof_for_the_other(message: str) -> None:
    reply, gone = address(Purpose.REPLY, message), address(Purpose.UNSUBSCRIBE, message)
    assert TRACKER.read_address(f"u{reply[1:]}") == Addressed(Purpose.UNSUBSCRIBE, None)
    assert TRACKER.read_address(f"r{gone[1:]}") == Addressed(Purpose.REPLY, None)


@given(mailed, messages, st.integers(2, 49), st.sampled_from("0123456789abcdefghijklmnopqrstuv"))
def test_an_address_with_one_character_changed_names_nobody(
    purpose: Purpose, message: str, place: int, char: str
) -> None:
    made = address(purpose, message)
    assume(made[place] != char)
    altered = made[:place] + char + made[place + 1 :]
    assert TRACKER.read_address(altered) == Addressed(purpose, None)


@given(mailed, messages, st.integers(0, 49))
def test_a_cut_address_has_not_the_form_of_ours(
    purpose: Purpose, message: str, length: int
) -> None:
    local, _, domain = address(purpose, message).partition("@")
    assert TRACKER.read_address(f"{local[:length]}@{domain}") is None


@pytest.mark.parametrize(
    "given_address",
    ["", "r-@x", "ann@example.com", "r-" + "w" * 48 + "@x", "x-" + "0" * 48 + "@x", "\0" * 52],
)
def test_an_address_of_others_has_not_the_form_of_ours(given_address: str) -> None:
    assert TRACKER.read_address(given_address) is None


def test_the_domain_of_an_address_may_change() -> None:
    moved = TRACKER.reply_address(MESSAGE, "old.example")
    assert TRACKER.read_address(moved) == Addressed(Purpose.REPLY, MESSAGE)


def test_addresses_of_before_a_rotation_stay_good_until_the_key_is_gone() -> None:
    before = Tracker(OLD, "https://track.example")
    old, new = address(Purpose.REPLY, MESSAGE, before), address(Purpose.REPLY, MESSAGE)
    assert TRACKER.read_address(old) == Addressed(Purpose.REPLY, MESSAGE)
    assert before.read_address(new) == Addressed(Purpose.REPLY, None)


def test_tokens_of_before_a_rotation_stay_good() -> None:
    before = Tracker(OLD, "https://track.example")
    click = before.recipient(Purpose.CLICK, MESSAGE)
    link = Link(CAMPAIGN, 3, URL)
    assert TRACKER.read_click(click, before.link(link)) == (MESSAGE, link)


def test_tokens_of_an_unknown_key_are_refused() -> None:
    before = Tracker(OLD, "https://track.example")
    with pytest.raises(InvalidInputError):
        before.read_recipient(Purpose.OPEN, TRACKER.recipient(Purpose.OPEN, MESSAGE))


@pytest.mark.parametrize(
    "url",
    [
        "",
        "javascript:alert(1)",
        "data:text/html,x",
        "ftp://host/x",
        "//host/x",
        "/x",
        "https://",
        "https:///x",
        "https://user@host/",
        "https://host\\@evil.example/",
        "https://host/a b",
        "https://host/\r\nSet-Cookie: x",
        "https://host/ä",
        "https://host/" + "x" * 2048,
    ],
)
def test_only_plain_http_addresses_are_signed(url: str) -> None:
    assert not is_http(url)
    with pytest.raises(ValueError, match="not a link"):
        TRACKER.link(Link(CAMPAIGN, 0, url))


@pytest.mark.parametrize("index", [-1, 65536])
def test_a_link_index_has_two_bytes(index: int) -> None:
    with pytest.raises(ValueError, match="not a link"):
        TRACKER.link(Link(CAMPAIGN, index, URL))


def test_urls_carry_the_tokens() -> None:
    link = TRACKER.link(Link(CAMPAIGN, 0, URL))
    click = TRACKER.recipient(Purpose.CLICK, MESSAGE)
    assert TRACKER.click_base(MESSAGE) + link == f"https://track.example/t/c/{click}/{link}"
    opened = TRACKER.recipient(Purpose.OPEN, MESSAGE)
    assert TRACKER.open_url(MESSAGE) == f"https://track.example/t/o/{opened}.gif"
    gone = TRACKER.recipient(Purpose.UNSUBSCRIBE, MESSAGE)
    assert TRACKER.unsubscribe_url(MESSAGE) == f"https://track.example/u/{gone}"
