"""Bounce classes: what each kind of reply means, and that no reply of an IP's fault suppresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mailtide.domain import bounce
from mailtide.domain.bounce import BounceClass, Said, classify

HARD, SOFT, BLOCK = BounceClass.HARD, BounceClass.SOFT, BounceClass.BLOCK
RATE, CONTENT, FULL = BounceClass.RATE_LIMITED, BounceClass.CONTENT, BounceClass.MAILBOX_FULL
AUTH, DNS, UNKNOWN = BounceClass.AUTH_POLICY, BounceClass.DNS, BounceClass.UNKNOWN

Reply = tuple[int | None, str | None, str]

TOKENS: list[tuple[BounceClass, int, str, str]] = [
    (HARD, 550, "gmail", "See https://support.google.com/mail/?p=NoSuchUser a1 - gsmtp"),
    (HARD, 550, "gmail", "inactive: https://support.google.com/mail/?p=DisabledUser"),
    (FULL, 552, "gmail", "https://support.google.com/mail/?p=OverQuotaPerm a1 - gsmtp"),
    (RATE, 450, "gmail", "https://support.google.com/mail/?p=ReceivingRate a1 - gsmtp"),
    (HARD, 550, "outlook", "Requested action not taken: mailbox unavailable (S2017062302)."),
    (HARD, 550, "microsoft365", "Recipient address rejected: Access denied. [x.outlook.com]"),
    (HARD, 550, "microsoft365", "Recipient address rejected: Access denied."),
    (AUTH, 550, "outlook", "sending domain does not meet the required authentication level"),
    (BLOCK, 550, "outlook", "messages from [192.0.2.1] weren't sent (S3150)"),
    (BLOCK, 451, "outlook", "temporarily rate limited due to IP reputation (S775)"),
    (RATE, 451, "outlook", "exceeded the maximum number of connections. (S3115)"),
    (SOFT, 451, "outlook", "Server busy. Please try again later from [192.0.2.1]. (AS780090)"),
    (BLOCK, 421, "yahoo", "[TSS04] Messages from 192.0.2.1 temporarily deferred"),
    (BLOCK, 553, "yahoo", "[BL21] Connections will not be accepted from 192.0.2.1"),
    (HARD, 554, "yahoo", "delivery error: dd Not a valid recipient"),
    (HARD, 550, "orange", "Refused. OFR_416 [416]"),
    (FULL, 552, "orange", "Refused. OFR_417 [417]"),
    (BLOCK, 550, "orange", "Service refuse. OFR006_103 [103]"),
    (RATE, 421, "laposte", "Trop de connexions. LPN000_104"),
    (RATE, 550, "godaddy", "Try tomorrow. IB607"),
    (BLOCK, 554, "godaddy", "Not today. IB110"),
    (CONTENT, 552, "godaddy", "No, thank you. IB212"),
    (BLOCK, 550, "cox", "192.0.2.1 rejected. AUP#CXBL"),
]
WORDS: list[tuple[BounceClass, int | None, str]] = [
    (HARD, 550, "5.1.1 <kim@example.com>: Recipient address rejected: User unknown in relay table"),
    (HARD, 550, "No such user here"),
    (HARD, 550, "sorry, no mailbox here by that name"),
    (HARD, 550, "this account has been disabled"),
    (HARD, 553, "that recipient does not exist"),
    (HARD, None, "unknown local part"),
    (HARD, 550, "Invalid recipient kim@example.com"),
    (FULL, 552, "mailbox is full"),
    (FULL, 452, "kim@example.com is over disk quota"),
    (FULL, None, "would be over the allowed quota"),
    (RATE, 421, "Too many concurrent connections from your host"),
    (RATE, 450, "slow down, please"),
    (RATE, 550, "you sent more than the limit of messages per hour"),
    (BLOCK, 554, "Service unavailable; Client host [192.0.2.1] blocked using zen.spamhaus.org"),
    (BLOCK, 550, "Your IP is on our blacklist"),
    (BLOCK, 550, "we do not accept mail from hosts with dynamic IP"),
    (BLOCK, 450, "Client host rejected: cannot find your hostname"),
    (BLOCK, 554, "your server has a poor reputation"),
    (BLOCK, 550, "no PTR record found for your address"),
    (BLOCK, 550, "too many invalid recipients from you"),  # not: invalid recipient
    (CONTENT, 554, "5.7.1 message looks like spam"),
    (CONTENT, 552, "message size exceeds fixed maximum message size"),
    (CONTENT, 550, "a virus was found"),
    (CONTENT, 550, "malformed header"),
    (AUTH, 550, "SPF check failed"),
    (AUTH, 550, "rejected because of the DMARC policy of example.com"),
    (AUTH, 554, "Relay access denied"),
    (AUTH, 530, "Must issue a STARTTLS command first"),
    (AUTH, 550, "Sender address rejected: Domain not found"),  # not: domain of the recipient
    (AUTH, 550, "Sender verify failed: no such user"),  # not: user of the recipient
    (AUTH, 550, "your account has been suspended"),  # ours at the relay, not the recipient's
    (AUTH, 550, "rejected for policy reasons"),
    (AUTH, 554, "Recipient address rejected: Access denied"),  # not a user: not Microsoft's words
    (DNS, 550, "Host or domain name not found. Name service error: Host not found"),
    (DNS, None, "DNS lookup failed: no MX record found."),
    (DNS, None, "DNS lookup failed: Domain does not accept messages (null MX)"),
    (SOFT, None, "DNS lookup failed: request timed out"),  # no verdict on the domain
    (SOFT, 451, "Greylisting in action, please come back later"),
    (SOFT, None, "Connection failed: Connection refused"),
    (SOFT, None, "Message expired without any delivery attempts made."),
    (SOFT, 450, "host not found, try again"),
]


@pytest.mark.parametrize(("expected", "code", "provider", "text"), TOKENS)
def test_tokens_of_providers(expected: BounceClass, code: int, provider: str, text: str) -> None:
    assert classify(code, None, text, provider) is expected


@pytest.mark.parametrize(("expected", "code", "text"), WORDS)
def test_words(expected: BounceClass, code: int | None, text: str) -> None:
    assert classify(code, None, text) is expected


@pytest.mark.parametrize(
    ("enhanced", "expected"),
    [
        ("5.1.1", HARD),
        ("5.1.10", DNS),
        ("5.2.2", FULL),
        ("5.3.4", CONTENT),
        ("5.6.0", CONTENT),
        ("5.7.25", BLOCK),
        ("5.7.26", AUTH),
        ("5.7.1", AUTH),
        ("5.9.9", UNKNOWN),
        ("5.1.255", UNKNOWN),  # a relay cut a larger number off
        ("nonsense", UNKNOWN),
    ],
)
def test_the_enhanced_code_decides_when_the_words_say_nothing(
    enhanced: str, expected: BounceClass
) -> None:
    assert classify(550, enhanced, "no") is expected


def test_an_enhanced_code_inside_the_words_counts() -> None:
    assert classify(550, None, "no (#5.2.2)") is FULL


def test_an_ip_address_is_no_enhanced_code() -> None:
    assert classify(550, None, "5.1.1.9") is UNKNOWN


@pytest.mark.parametrize(("code", "expected"), [(450, SOFT), (550, UNKNOWN), (None, UNKNOWN)])
def test_the_reply_code_decides_when_nothing_else_does(
    code: int | None, expected: BounceClass
) -> None:
    assert classify(code, None, "") is expected


def test_words_outrank_a_misleading_enhanced_code() -> None:
    assert classify(552, "5.1.1", "mailbox full") is FULL


def test_a_providers_token_outranks_its_words() -> None:
    assert classify(550, "5.1.1", "user unknown, or too many recipients. IB607") is RATE


def test_words_inside_links_and_addresses_do_not_count() -> None:
    assert classify(550, None, "no, spam@example.com: https://example.com/user-unknown") is UNKNOWN


@pytest.mark.parametrize(("code", "enhanced"), [(450, None), (None, "4.1.1"), (421, "5.1.1")])
def test_a_transient_reply_never_condemns_an_address(
    code: int | None, enhanced: str | None
) -> None:
    assert classify(code, enhanced, "user unknown") is SOFT


def test_only_a_hard_bounce_suppresses() -> None:
    assert [cls for cls in BounceClass if cls.suppresses] == [HARD]


@pytest.mark.parametrize(
    ("cls", "counter"),
    [
        (HARD, "hard"),
        (DNS, "hard"),
        (BLOCK, "blocked"),
        (CONTENT, "blocked"),
        (AUTH, "blocked"),
        (FULL, "soft"),
        (RATE, "soft"),
        (SOFT, "soft"),
        (UNKNOWN, "soft"),
    ],
)
def test_counter_of_each_class(cls: BounceClass, counter: str) -> None:
    assert bounce.kind(cls) == counter


@pytest.mark.parametrize(
    ("words", "said", "expected"),
    [
        (HARD, None, HARD),
        (UNKNOWN, None, UNKNOWN),
        (UNKNOWN, Said(HARD), HARD),  # nothing was said, so its reporter is believed
        (BLOCK, Said(HARD), BLOCK),  # the receiver's words say more
        (SOFT, Said(HARD), SOFT),
        (HARD, Said(FULL, firm=True), FULL),
        (BLOCK, Said(HARD, firm=True, untried=True), HARD),
        (HARD, Said(SOFT, passes=True), SOFT),
        (HARD, Said(CONTENT, passes=True), CONTENT),
        (BLOCK, Said(SOFT, passes=True), BLOCK),
    ],
)
def test_words_are_weighed_against_what_their_reporter_takes_them_for(
    words: BounceClass, said: Said | None, expected: BounceClass
) -> None:
    assert bounce.weigh(words, said) is expected


@given(words=st.sampled_from(BounceClass), said=st.sampled_from(BounceClass))
def test_what_may_pass_never_suppresses_unless_its_reporter_says_hard(
    words: BounceClass, said: BounceClass
) -> None:
    weighed = bounce.weigh(words, Said(said, passes=True))
    assert not weighed.suppresses or said is HARD


def test_a_bounce_that_nobody_was_asked_about_counts_as_suppressed() -> None:
    assert bounce.kind(HARD, Said(HARD, firm=True, untried=True)) == "suppressed"
    assert bounce.kind(HARD, Said(HARD, firm=True)) == "hard"


@given(
    code=st.none() | st.integers(),
    enhanced=st.none() | st.text(max_size=12),
    text=st.text() | st.lists(st.sampled_from([w for _, _, w in WORDS])).map(" ".join),
    provider=st.none() | st.sampled_from(["gmail", "microsoft365", "nobody"]),
)
def test_every_reply_has_a_class_and_a_counter(
    code: int | None, enhanced: str | None, text: str, provider: str | None
) -> None:
    assert bounce.kind(classify(code, enhanced, text, provider)) in ("hard", "soft", "blocked")


@given(
    listed=st.sampled_from([w for cls, _, w in WORDS if cls is BLOCK]),
    other=st.sampled_from([w for cls, _, w in WORDS if cls is HARD]),
    swap=st.booleans(),
)
def test_a_block_never_suppresses(listed: str, other: str, swap: bool) -> None:
    text = f"{other}. {listed}" if swap else f"{listed}. {other}"
    assert not classify(550, "5.1.1", text).suppresses
