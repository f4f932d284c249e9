"""Bounce: why a receiver refused a message, judged by its words first and its codes last.

Enhanced codes alone mislead: one provider uses 5.1.1 for a full mailbox, another 5.7.1 for
everything, and some relays cut parts above 255 off. So the order of evidence is: a provider's own
tokens, the words, the enhanced code, the reply code.
Source: docs/domain/bounces.md.
"""

import re
from collections.abc import Mapping, Sequence
from functools import cache
from types import MappingProxyType
from typing import Literal

from mailtide.domain.bounce_rules import ENHANCED, TOKENS, BounceClass, Rule, Said
from mailtide.domain.bounce_words import WORDS

__all__ = ["BounceClass", "Kind", "Said", "classify", "kind", "weigh"]

Kind = Literal["hard", "soft", "blocked", "suppressed"]

KINDS: Mapping[BounceClass, Kind] = MappingProxyType(
    {
        BounceClass.HARD: "hard",
        BounceClass.DNS: "hard",
        BounceClass.BLOCK: "blocked",
        BounceClass.CONTENT: "blocked",
        BounceClass.AUTH_POLICY: "blocked",
        BounceClass.MAILBOX_FULL: "soft",
        BounceClass.RATE_LIMITED: "soft",
        BounceClass.SOFT: "soft",
        BounceClass.UNKNOWN: "soft",
    }
)
_LONGEST = 2000  # characters that are looked at; the cause stands at the beginning
_SATURATED = "255"  # what a part of an enhanced code becomes when it does not fit into a byte


def classify(
    code: int | None, enhanced: str | None, text: str, provider: str | None = None
) -> BounceClass:
    """Return the cause of a refusal; any reply has one, if only `unknown`.

    A reply that calls itself transient (4xx) never condemns an address.
    """
    whole = " ".join(text[:_LONGEST].lower().split())
    found = enhanced or _enhanced_in(whole)
    cls = (
        _first(TOKENS, f"{found or ''} {whole}", provider)
        or _first(WORDS, _words(whole), provider)
        or _by_enhanced(found)
        or _by_code(code, found)
    )
    return BounceClass.SOFT if cls is BounceClass.HARD and _transient(code, found) else cls


def weigh(words: BounceClass, said: Said | None) -> BounceClass:
    """Return a bounce's class out of what its words say and what its reporter takes it for.

    The receiver's own words say most. The reporter is believed where they say nothing, where it
    kept the message back itself, and where it knows that the trouble may pass.
    """
    if said is None:
        return words
    condemned = words is BounceClass.HARD and said.passes
    return said.cls if said.firm or condemned or words is BounceClass.UNKNOWN else words


def kind(cls: BounceClass, said: Said | None = None) -> Kind:
    """Return the counter that a final bounce goes to.

    One that no receiver was asked about counts as suppressed: the refusal that put the address on
    the reporter's list was counted when it came.
    """
    return "suppressed" if said is not None and said.untried else KINDS[cls]


def _first(rules: Sequence[Rule], text: str, provider: str | None) -> BounceClass | None:
    for rule in rules:
        if (not rule.providers or provider in rule.providers) and _compiled(rule.pattern).search(
            text
        ):
            return rule.cls
    return None


@cache
def _compiled(pattern: str) -> re.Pattern[str]:
    """Compile on first use: a function that meets no bounce does not pay for the tables."""
    return re.compile(pattern)


def _words(text: str) -> str:
    """Return the text without what is not said in words: links, addresses, references to people."""
    text = _compiled(r"\b(https?|hxxps?)://\S+").sub(" ", text)
    return _compiled(r"<?[^\s<>]+@[^\s<>]+>?|<?\{(?:contact:[^\s{}]+|address)\}>?").sub("@", text)


def _enhanced_in(text: str) -> str | None:
    match = _compiled(r"(?<![\d.])[245]\.\d{1,3}\.\d{1,3}(?![\d.]*\d)").search(text)
    return match[0] if match else None


def _by_enhanced(enhanced: str | None) -> BounceClass | None:
    _, _, detail = (enhanced or "").partition(".")
    return None if detail.endswith("." + _SATURATED) else ENHANCED.get(detail)


def _transient(code: int | None, enhanced: str | None) -> bool:
    return code // 100 == 4 if code else (enhanced or "").startswith("4.")


def _by_code(code: int | None, enhanced: str | None) -> BounceClass:
    return BounceClass.SOFT if _transient(code, enhanced) else BounceClass.UNKNOWN
