"""Address: what counts as an email address, and how it is written down.

Whether the domain can take mail is not asked here: that is a matter of sending, not of form.
Source: RFC 5321 section 4.1.2; RFC 5891 (domains beyond ASCII are kept in their ASCII form).
"""

import re
from dataclasses import dataclass
from functools import lru_cache

from email_validator import EmailNotValidError, validate_email

from mailtide.errors import InvalidInputError

# What nearly all local parts are made of; nothing in them that the library would change or refuse.
_PLAIN = re.compile(r"([a-z0-9_+-]+(?:\.[a-z0-9_+-]+)*)@([a-z0-9.-]+)", re.IGNORECASE | re.ASCII)
_LONGEST = (64, 254)  # of a local part, of an address (RFC 5321 section 4.5.3.1)


@dataclass(frozen=True, slots=True)
class Address:
    """An address in the form it is mailed to."""

    email: str  # the part before the @ as it was given, the domain in lower-case ASCII
    domain: str


def normalize(text: str) -> Address:
    """Check an address and write it in one form; two spellings of a person may differ in case only.

    Raises:
        InvalidInputError: `invalid_address`, with what is wrong.
    """
    plain = _PLAIN.fullmatch(text.strip())
    if plain is not None and _is_short(plain):
        domain = _checked(plain[2])
        if domain is not None:
            return Address(f"{plain[1]}@{domain}", domain)
    return _normalized(text.strip())


def _is_short(plain: re.Match[str]) -> bool:
    local, whole = _LONGEST
    return len(plain[1]) <= local and len(plain[0]) <= whole


@lru_cache(maxsize=10_000)
def _checked(domain: str) -> str | None:
    """Return a domain as it is kept; None when no address may have it. A file repeats a few."""
    try:
        return _normalized(f"a@{domain}").domain
    except InvalidInputError:
        return None


def _normalized(text: str) -> Address:
    """Ask the library, which takes 80 µs."""
    try:
        found = validate_email(text, check_deliverability=False, allow_smtputf8=False, strict=True)
    except EmailNotValidError as error:
        raise InvalidInputError(str(error), code="invalid_address") from error
    domain = found.ascii_domain.lower()
    return Address(f"{found.ascii_local_part}@{domain}", domain)
