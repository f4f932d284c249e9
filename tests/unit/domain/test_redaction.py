"""Redaction: no spelling of an address survives, and the words come back to the letter."""

import json
from base64 import b32hexencode
from collections.abc import Callable
from hashlib import blake2b
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import address
from mailtide.domain.redaction import NOBODY, Redactor, hide, map_texts, references, show
from mailtide.errors import InvalidInputError

ANN = "ann.lee@example.com"


def name(email: str) -> str | None:
    """Name an address as the product does, but with a hash that needs no key."""
    try:
        found = address.normalize(email).email.casefold()
    except InvalidInputError:
        return None
    digest = blake2b(found.encode(), digest_size=16).digest()
    return b32hexencode(digest).decode().rstrip("=").lower()


def known(*emails: str) -> dict[str, str]:
    return {str(name(email)): email for email in emails}


EVERYBODY = known(ANN, "ann+news@example.com", "o'brien@example.com", "a=b@example.com")

EXACT = [
    "550 5.1.1 <ann.lee@example.com>: Recipient address rejected: User unknown",
    "<Ann.Lee@EXAMPLE.com>",
    "to=<ANN.LEE@example.com>, relay=mx.example.com",
    "'ann.lee@example.com' was refused",
    "550-5.1.1 ann.lee@example.com is not here\r\n550 5.1.1 See https://example.com/?p=NoSuchUser",
    "550-ann.lee@example.com\n550-ann.lee@example.com\n550 bye",
    "ann.lee@example.com...User unknown",
    "ann.lee@example.com-5.7.1",
    "ann.lee@example.com.",
    "mailto:ann.lee@example.com?subject=x",
    "https://r.example/u?e=ann.lee%40example.com&x=1",
    "https://r.example/u?e=ann%2elee%40example%2ecom",
    "https%3A%2F%2Fr.example%2F%3Fe%3Dann.lee%2540example.com",
    "https://r.example/u/ann.lee@example.com/x",
    "Original-Recipient: rfc822;ann.lee+40example.com",
    "ORCPT=rfc822;ann+2Bnews@example.com",  # the contact is known, so the reading is right
    'href=3D"https://r.example/?e=3Dann.lee@example.com"',
    "ann.lee=40example.com",
    "ann.l=\r\nee@exam=\nple.com",
    '"ann.lee"@example.com',
    '<"ann\\.lee"@example.com>',
    '"a\\nn.lee"@example.com',
    '{"to": "\\"ann.lee\\"@example.com"}',
    "{contact:0123:3A} knows ann.lee@example.com and {address}",
    '{"to": "ann.lee\\u0040example.com"}',
    "ann.lee&#64;example.com and ann.lee&#x40;example.com",
    "o'brien@example.com",
    "?user=a=b@example.com",
    "<@relay.example:ann.lee@example.com>",
    "ann.lee@example.com,ann+news@example.com;ann.lee@example.com",
]


@pytest.mark.parametrize("text", EXACT)
def test_words_come_back_to_the_letter_and_hold_no_address_meanwhile(text: str) -> None:
    hidden = hide(text, name, known=EVERYBODY)
    assert references(hidden) <= EVERYBODY.keys() | {"0123"}
    assert "lee" not in hidden.lower()
    assert "@example" not in hidden.lower().replace("@relay.example", "")
    assert show(hidden, EVERYBODY) == text
    assert hide(hidden, name, known=EVERYBODY) == hidden


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("550-ann.lee@\r\n550-example.com gone", "550-ann.lee@example.com\r\n550- gone"),
        ("550-ann.l\r\n550 ee@example.com", "550-ann.lee@example.com\r\n550 "),
        ("550-ann.lee\r\n550 @example.com", "550-ann.lee@example.com\r\n550 "),
        (
            "550 5.1.1 ann.lee@exam\\r\\n550 5.1.1 ple.com",
            "550 5.1.1 ann.lee@example.com\\r\\n550 5.1.1 ",
        ),
        ("ann.lee&commat;example.com", ANN),
        ("ann.lee%252540example.com", ANN),
        ("%61nn.lee%40example.com", ANN.replace("a", "%61", 1).replace("@", "%40")),
        ("%41nn.lee@example.com", ANN),  # a capital that is encoded too
    ],
)
def test_a_spelling_that_cannot_be_written_again_is_shown_plain(text: str, shown: str) -> None:
    hidden = hide(text, name, known=EVERYBODY)
    assert "lee" not in hidden
    assert show(hidden, EVERYBODY) == shown


def test_an_international_domain_is_hidden_as_its_ascii_form_is() -> None:
    people = known("ann@xn--mller-kva.de")
    hidden = hide("<Ann@MÜLLER.de>", name)
    assert show(hidden, people) == "<ann@xn--mller-kva.de>"
    assert show(hide("<ann@XN--mller-kva.de>", name), people) == "<ann@XN--mller-kva.de>"


@pytest.mark.parametrize(
    "text",
    [
        "the reply was cut off at ann.lee@exampl",
        "the reply was cut off at ann.lee@",
        "jösé@example.com is no contact's",
        '"ann lee"@example.com',
        "a..b@example.com",
    ],
)
def test_what_can_be_nobodys_is_hidden_for_good(text: str) -> None:
    hidden = hide(text, name)
    assert NOBODY in hidden
    assert "@" not in hidden
    assert hide(hidden, name) == hidden


@pytest.mark.parametrize(
    ("text", "start"),
    [("x" * 70 + "@example.com", "x" * 6 + "{contact:"), ("\\n@example.com", "\\{contact:")],
)
def test_what_only_might_belong_to_an_address_is_hidden_with_it(text: str, start: str) -> None:
    assert hide(text, name).startswith(start)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no address at all, 100%40 sure, a=40, 1+40=41",
        "@example.com is a domain, @channel is none",
        'say "@example.com',
        '""@example.com',
        "queued as 4711@10.0.0.1 by postfix",
        "root@localhost: relay denied",
        "root@localhost\r\n550 relay denied",
        "a@b..com c",
        '\r\nlee"@example.com',
        '"\r\nlee"@example.com',
        "\n550 5.1.1",
    ],
)
def test_what_is_no_address_stays(text: str) -> None:
    assert hide(text, name) == text


def test_what_is_kept_stays_unless_it_is_known() -> None:
    text = "550 <b-mta1-id@bounce.example.com> to ann.lee@example.com"

    def ours(email: str) -> bool:
        return email.startswith("b-")

    assert hide(text, name, ours).startswith("550 <b-mta1-id@bounce.example.com> to {contact:")
    bounce = known("b-mta1-id@bounce.example.com")
    assert "b-mta1" not in hide(text, name, ours, known=bounce)


def test_unknown_references_and_foreign_spellings_are_left_alone() -> None:
    assert (
        show("{contact:abc} {address} {contact:ABC}", {}) == "{contact:abc} {address} {contact:ABC}"
    )
    assert show("{contact:abc:999z3A}", {"abc": "x@y.de"}) == "x@y.de"
    assert len(show("{contact:abc:999Q}", {"abc": "x@y.de"})) == 999 + 6
    assert references("{contact:abc}{contact:def:3A}") == {"abc", "def"}


@pytest.mark.parametrize(
    ("text", "has_it"),
    [
        (f"email is '{ANN}'", True),
        ("email is 'ANN.LEE%40example.com'", True),
        (f"email is '{ANN}.au'", False),
        ("email is 'other@example.com'", False),
        ("provider is gmail", False),
    ],
)
def test_a_text_has_the_address_of_one_contact_in_any_spelling(text: str, has_it: bool) -> None:
    redactor = Redactor(lambda _org_id, address: name(address))
    assert redactor.names("acme", text, str(name(ANN))) is has_it


def test_every_text_of_a_json_value_is_changed() -> None:
    value = {"a": ["x", 1, None, {"b": ("y", True)}]}
    assert map_texts(value, str.upper) == {"A": ["X", 1, None, {"B": ["Y", True]}]}


LOCALS = st.from_regex(r"[a-z0-9]{1,6}([.+_-][a-z0-9]{1,6}){0,2}", fullmatch=True)
DOMAINS = st.from_regex(r"[a-z0-9]{1,8}(-[a-z0-9]{1,4})?\.(com|de|co\.uk)", fullmatch=True)
EMAILS = st.builds("{}@{}".format, LOCALS, DOMAINS)
AROUND = st.sampled_from(
    ["", " ", "<", ">", ": ", "\r\n550-", "?e=", ";", '"', "'", "(", ")", "=", "/"]
)


def mixed(email: str, capitals: int) -> str:
    return "".join(c.upper() if capitals >> i & 1 else c for i, c in enumerate(email))


SPELLINGS = [
    lambda email: email,
    lambda email: quote(email, safe=""),
    lambda email: quote(quote(email, safe=""), safe=""),
    lambda email: email.replace("@", "=40"),
    lambda email: email.replace("@", "\\u0040"),
    lambda email: email.replace("@", "&#64;"),
    lambda email: email.replace("@", "&#x40;"),
    lambda email: '"{}"@{}'.format(*email.split("@")),
    lambda email: email[:2] + "=\r\n" + email[2:],
    lambda email: "rfc822;" + email.replace("+", "+2B"),
]


@given(
    st.lists(
        st.tuples(EMAILS, st.integers(0, 2**40), st.sampled_from(SPELLINGS), AROUND, AROUND),
        min_size=1,
        max_size=3,
    )
)
def test_any_spelling_of_a_known_address_is_hidden_and_comes_back(
    parts: list[tuple[str, int, Callable[[str], str], str, str]],
) -> None:
    text = " ".join(
        f"{before}{spell(mixed(email, capitals))}{behind}"
        for email, capitals, spell, before, behind in parts
    )
    people = known(*(email for email, *_ in parts))
    hidden = hide(text, name, known=people)
    for email, *_ in parts:
        assert email not in hidden.lower()
        assert quote(email, safe="").lower() not in hidden.lower()
    assert show(hidden, people) == text
    assert hide(hidden, name, known=people) == hidden


PIECES = [*"ab1@.-+=%40\"\\'<>{} \r\n&#;:uü", "%40", "=40", "\\u0040", "b.de", "{contact:a:3A}"]
TEXTS = st.lists(st.sampled_from(PIECES), max_size=40).map("".join)


@given(TEXTS, st.booleans())
def test_hiding_twice_is_hiding_once_and_no_whole_address_is_left(text: str, is_json: bool) -> None:
    given_ = json.dumps(text) if is_json else text
    hidden = hide(given_, name)
    assert hide(hidden, name) == hidden
    assert show(hidden, {}) == hidden


@given(TEXTS, EMAILS, TEXTS)
def test_an_address_does_not_survive_whatever_stands_around_it(
    before: str, email: str, behind: str
) -> None:
    for known_ids in ((), known(email)):
        assert email not in hide(f"{before}{email}{behind}", name, known=known_ids)


@pytest.mark.parametrize(
    "piece", ["@", "a@a.1", "@a.bc ", "a=b@c.de ", "%40", '"@a.bc', "a@exam\n"]
)
def test_the_work_grows_with_the_text_alone(piece: str) -> None:
    """Counts how often an address is named; the stretches that are looked at are bounded."""
    asked = []
    hide(piece * 2000, lambda email: asked.append(email), known={"nobody"})
    assert len(asked) <= 2000 * 200
