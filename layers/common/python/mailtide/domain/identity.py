"""Identity: what a sender identity has to be before anything is sent from it.

Units: lengths are characters.
Source: RFC 5321 section 4.5.3.1 (an envelope sender names the message before the bounce domain).
"""

import re
from dataclasses import replace

from mailtide.domain import address
from mailtide.domain.content import Identity
from mailtide.domain.host import ascii_host
from mailtide.errors import InvalidInputError

MAX_BOUNCE_DOMAIN = 190  # with `b-<tag>-<message id>@` an address of 254 has room for 208
_LABEL = r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
_DOMAIN = re.compile(rf"(?:{_LABEL}\.)+{_LABEL}")


def checked(identity: Identity) -> Identity:
    """Return the identity with its addresses in the form they are mailed with.

    Raises:
        InvalidInputError: `invalid_address`, or a bounce domain that is none.
    """
    return replace(
        identity,
        from_address=_address("from_address", identity.from_address),
        reply_to=_address("reply_to", identity.reply_to) if identity.reply_to else None,
        bounce_domain=_domain(identity.bounce_domain),
    )


def _address(field: str, text: str) -> str:
    try:
        return address.normalize(text).email
    except InvalidInputError as error:
        places = [{"at": f"body.{field}", "detail": error.detail}]
        raise InvalidInputError(
            f"body.{field}: {error.detail}", code=error.code, errors=places
        ) from error


def _domain(text: str) -> str:
    try:
        domain = ascii_host(text.strip().rstrip("."))
    except ValueError:
        domain = ""
    if not _DOMAIN.fullmatch(domain) or len(domain) > MAX_BOUNCE_DOMAIN:
        detail = f"`{text[:100]}` is not a domain that bounces can go to"
        places = [{"at": "body.bounce_domain", "detail": detail}]
        raise InvalidInputError(f"body.bounce_domain: {detail}", errors=places)
    return domain
