"""Identity: what a sender identity has to be before anything is sent from it.

Units: lengths are characters.
Source: RFC 5321 section 4.5.3.1 (addresses of ours name the message before their domain); RFC 1035
section 2.3.4 (names); RFC 6376 section 3.1 (selectors).
"""

import re
from collections.abc import Iterable
from dataclasses import replace

from mailtide.domain import address
from mailtide.domain.content import Identity
from mailtide.domain.host import ascii_host
from mailtide.errors import InvalidInputError

MAX_MAIL_DOMAIN = 190  # in an address of 254, behind 63 of an envelope sender (`verp`) and the @
MAX_HOST = 253
MAX_SELECTORS = 10
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")
_SELECTOR = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_MAX_SELECTOR = 63


def checked(identity: Identity) -> Identity:
    """Return the identity with its addresses and domains in the form they are mailed with.

    Raises:
        InvalidInputError: `invalid_address`; a domain or a selector that is none; two places for
            replies.
    """
    if identity.reply_to and identity.reply_domain:
        raise _refused(
            "reply_to",
            "replies go to `reply_to` or to addresses at `reply_domain`; set one of them to null",
        )
    return replace(
        identity,
        from_address=_address("from_address", identity.from_address),
        reply_to=_address("reply_to", identity.reply_to) if identity.reply_to else None,
        bounce_domain=_domain("bounce_domain", identity.bounce_domain, MAX_MAIL_DOMAIN),
        reply_domain=_optional("reply_domain", identity.reply_domain, MAX_MAIL_DOMAIN),
        tracking_domain=_optional("tracking_domain", identity.tracking_domain, MAX_HOST),
        dkim_selectors=_selectors(identity.dkim_selectors),
    )


def _address(field: str, text: str) -> str:
    try:
        return address.normalize(text).email
    except InvalidInputError as error:
        places = [{"at": f"body.{field}", "detail": error.detail}]
        raise InvalidInputError(
            f"body.{field}: {error.detail}", code=error.code, errors=places
        ) from error


def _domain(field: str, text: str, longest: int) -> str:
    try:
        domain = ascii_host(text.strip().rstrip("."))
    except ValueError:
        domain = ""
    if not _DOMAIN.fullmatch(domain) or len(domain) > longest:
        detail = f"`{text[:100]}` is not a domain name of at most {longest} characters"
        raise _refused(field, detail)
    return domain


def _optional(field: str, text: str | None, longest: int) -> str | None:
    return None if text is None else _domain(field, text, longest)


def _selectors(names: Iterable[str]) -> tuple[str, ...]:
    """Return each selector once, in the order given, in lower case as the DNS has it."""
    found = tuple(dict.fromkeys(name.strip().lower() for name in names))
    if len(found) > MAX_SELECTORS:
        raise _refused("dkim_selectors", f"an identity has at most {MAX_SELECTORS} of them")
    for name in found:
        if len(name) > _MAX_SELECTOR or not _SELECTOR.fullmatch(name):
            detail = f"`{name[:100]}` is not a selector: letters, digits, `-` and `.` between them"
            raise _refused("dkim_selectors", detail)
    return found


def _refused(field: str, detail: str) -> InvalidInputError:
    places = [{"at": f"body.{field}", "detail": detail}]
    return InvalidInputError(f"body.{field}: {detail}", errors=places)
