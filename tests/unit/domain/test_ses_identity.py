"""Who may be a sender over SES: by what SES has, and told so that somebody can mend it."""

import pytest

from mailtide.domain.finding import Severity
from mailtide.domain.ses_identity import MOST_NAMES, SesIdentity, findings, names


def identity(
    name: str = "acme.example", *, verified: bool = True, signed: bool = True, owner: str = ""
) -> SesIdentity:
    return SesIdentity(name, verified, signed, {"mailtide-org": owner} if owner else {})


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("news@acme.example", ["acme.example", "news@acme.example"]),
        (
            "News@Mail.Acme.example",
            ["mail.acme.example", "News@mail.acme.example", "acme.example"],
        ),
        ("news@bücher.example", ["xn--bcher-kva.example", "news@xn--bcher-kva.example"]),
    ],
)
def test_ses_may_know_an_address_by_itself_its_domain_or_one_above(
    address: str, expected: list[str]
) -> None:
    assert [name.lower() for name in names(address)] == [name.lower() for name in expected]


def test_no_address_takes_more_than_a_few_questions() -> None:
    assert len(names("n@" + "a." * 20 + "example")) == MOST_NAMES


@pytest.mark.parametrize(
    "found",
    [
        [identity()],
        [identity(owner="other acme")],
        [identity(verified=False), identity("example")],
        [identity(owner="other"), identity("news@acme.example")],
    ],
)
def test_one_identity_to_which_nothing_is_missing_is_enough(found: list[SesIdentity]) -> None:
    assert findings("news@acme.example", "acme", found) == []


@pytest.mark.parametrize(
    ("found", "check", "words"),
    [
        ([], "ses_sender_not_verified", "create the domain `acme.example`"),
        ([identity(verified=False)], "ses_sender_not_verified", "has not verified `acme.example`"),
        (
            [identity(verified=False, signed=False)],
            "ses_sender_not_verified",
            "publish the DNS records",
        ),
        (
            [identity(owner="other")],
            "ses_sender_not_verified",
            "the tag `mailtide-org` with the value `acme`",
        ),
        ([identity(owner="acmes")], "ses_sender_not_verified", "not this organisation's"),
        (
            [identity(owner="other"), identity(verified=False)],
            "ses_sender_not_verified",
            "has not verified",
        ),
        ([identity(signed=False)], "ses_dkim_missing", "the domain `acme.example`"),
        (
            [identity("news@acme.example", signed=False)],
            "ses_dkim_missing",
            "the domain `acme.example`",
        ),
        # A signature is of no use to a sender that is not verified.
        (
            [identity(verified=False), identity("news@acme.example", signed=False)],
            "ses_dkim_missing",
            "the domain `acme.example`",
        ),
    ],
)
def test_what_is_missing_is_said_with_the_name_and_what_to_do(
    found: list[SesIdentity], check: str, words: str
) -> None:
    [refused] = findings("news@acme.example", "acme", found)
    assert (refused.check, refused.severity) == (check, Severity.ERROR)
    assert words in refused.message
