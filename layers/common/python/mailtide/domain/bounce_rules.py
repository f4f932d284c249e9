"""Bounce rules: the classes, and the codes that speak for them: providers' own and standard ones.

Within a table the first rule that fits decides.
Source: docs/domain/bounces.md (each group, and who uses its words).
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType


class BounceClass(StrEnum):
    """Why mail came back, by cause and not by the measure that the receiver took."""

    HARD = "hard"  # the address is invalid, closed or moved
    SOFT = "soft"  # greylisted, busy, timed out, expired
    BLOCK = "block"  # the sending IP's or domain's reputation, a block list, reverse DNS
    RATE_LIMITED = "rate_limited"  # too much, too fast
    CONTENT = "content"  # spam, virus, size, form
    MAILBOX_FULL = "mailbox_full"
    AUTH_POLICY = "auth_policy"  # SPF, DKIM, DMARC, TLS, relaying, sender address, local policy
    DNS = "dns"  # the recipient's domain does not exist or takes no mail
    UNKNOWN = "unknown"

    @property
    def suppresses(self) -> bool:
        """Whether one such bounce means that the address is never written to again.

        A bad domain does not: the same class holds failures of DNS that pass.
        """
        return self is BounceClass.HARD


@dataclass(frozen=True, slots=True)
class Said:
    """What the mail system that reports a bounce takes it for itself."""

    cls: BounceClass
    firm: bool = False  # whatever the receiver's words are
    passes: bool = False  # it may be over tomorrow: it condemns no address
    untried: bool = False  # it kept the message back itself: no receiver was asked


@dataclass(frozen=True, slots=True)
class Rule:
    """Words that speak for a class; `providers` narrows words that others use differently."""

    cls: BounceClass
    pattern: str  # regular expression over lower-case text with single spaces
    providers: frozenset[str] = frozenset()


HARD, SOFT, BLOCK = BounceClass.HARD, BounceClass.SOFT, BounceClass.BLOCK
RATE, CONTENT, FULL = BounceClass.RATE_LIMITED, BounceClass.CONTENT, BounceClass.MAILBOX_FULL
AUTH, DNS, UNKNOWN = BounceClass.AUTH_POLICY, BounceClass.DNS, BounceClass.UNKNOWN

_MICROSOFT = frozenset({"outlook", "microsoft365"})

# Codes that a provider writes into its words; looked for in the whole text, links included.
TOKENS: tuple[Rule, ...] = (
    # Gmail: the page of its help that the reply links to, and its own enhanced codes.
    Rule(HARD, r"p=nosuchuser|p=disableduser|answer[=/]6596\b"),
    Rule(FULL, r"p=overquota"),
    Rule(RATE, r"p=receivingrate|p=toomanyrecipients"),
    Rule(BLOCK, r"p=unsolicitedip|p=unsolicitedrate"),
    # Microsoft. Above 255 a part of an enhanced code is cut off by some relays, the words are not.
    Rule(AUTH, r"\b5\.7\.5(09|15)\b|required authentication level"),
    Rule(
        BLOCK, r"\(s(31(1[0-4]|4\d|5\d)|77\d|800\d)\)|\bas1601\d{4}\b|\b5\.7\.(60[6-9]|6[1-4]\d)\b"
    ),
    Rule(BLOCK, r"\b[45]\.7\.(650|511)\b"),
    Rule(RATE, r"\(s3115\)|\b[45]\.7\.(508|65[1-9])\b|\b5\.2\.12[12]\b"),
    Rule(SOFT, r"\bas7\d+\)"),
    Rule(
        HARD,
        r"recipient address rejected: access denied.*(outlook\.com|aka\.ms/exo)"
        r"|mailbox unavailable \(s20\d+|resolver\.adr\.\w*(recipnotfound|invalid)",
    ),
    Rule(FULL, r"storedrv\.\w+[:;].*full|quotaexceeded"),
    Rule(CONTENT, r"resolver\.rst\.\w*size"),
    Rule(AUTH, r"resolver\.rst\.(authrequired|\w*notauth\w*|restricted\w*)"),
    Rule(HARD, r"recipient address rejected: access denied", _MICROSOFT),
    # Yahoo
    Rule(BLOCK, r"\[(ip)?tss?\d\d\]|\[bl\d\d\]|\[dy\d\d\]|\bvs\d+-ip|\(?#4\.16\.5\d"),
    Rule(AUTH, r"\[ph\d\d\]"),
    Rule(SOFT, r"\[gl\d\d\]|#4\.16\.1\b"),
    Rule(HARD, r"\(554\.30\)"),
    # Orange (OFR) and La Poste (LPN): the last three digits are theirs together.
    Rule(BLOCK, r"\b(ofr|lpn)\d*_(10[2356789]|201|401)\b"),
    Rule(RATE, r"\b(ofr|lpn)\d*_(104|109|110|115|999)\b"),
    Rule(AUTH, r"\b(ofr|lpn)\w*_(305|402|40[3-9]|41[345]|42[134])\b"),
    Rule(HARD, r"\b(ofr|lpn)\d*_(416|418|420)\b"),
    Rule(FULL, r"\b(ofr|lpn)\d*_(417|522)\b"),
    Rule(CONTENT, r"\b(ofr|lpn)\d*_(50\d|51\d|61\d)\b"),
    # GoDaddy
    Rule(RATE, r"\bib(00\d|504|507|510|60\d)\b"),
    Rule(BLOCK, r"\bib1\d\d\b"),
    Rule(CONTENT, r"\bib(2\d\d|50[1-3])\b"),
    Rule(AUTH, r"\bib508\b"),
    # Cox and Spectrum
    Rule(RATE, r"aup#in-13\d\d|aup#cxmj"),
    Rule(AUTH, r"aup#cxsndr"),
    Rule(BLOCK, r"aup#"),
    # Comcast
    Rule(BLOCK, r"#(bl|pt)0000\d\d"),
    Rule(RATE, r"#rl0000\d\d"),
    Rule(AUTH, r"#dm0000\d\d"),
    # NetEase
    Rule(CONTENT, r"\bdt:spm\b"),
    Rule(RATE, r"\b(rp:(cel|drc|qrc|trc)|mi:sfq)\b"),
    Rule(AUTH, r"\bmi:(spf|dma|dmc)\b"),
    # Trend Micro, GMX and web.de
    Rule(BLOCK, r"\bers-\w+|[?&]c=(rdns|bl|bip)\b"),
)

# x.subject.detail of RFC 3463, RFC 7372 and the IANA registry, for replies whose words say nothing.
ENHANCED: Mapping[str, BounceClass] = MappingProxyType(
    {
        "1.1": HARD,
        "1.2": DNS,
        "1.3": HARD,
        "1.6": HARD,
        "1.7": AUTH,
        "1.8": AUTH,
        "1.10": DNS,
        "2.1": HARD,
        "2.2": FULL,
        "2.3": CONTENT,
        "3.4": CONTENT,
        "4.4": DNS,
        "4.5": RATE,
        "5.3": RATE,
        "7.1": AUTH,
        "7.13": HARD,
        "7.25": BLOCK,
        "7.28": RATE,
    }
    | {f"7.{detail}": AUTH for detail in (20, 21, 22, 23, 24, 26, 27, 29, 30, 31, 32)}
    | {f"6.{detail}": CONTENT for detail in range(11)}
)
