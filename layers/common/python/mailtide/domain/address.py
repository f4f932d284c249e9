"""Address: what counts as an email address, and how it is written down.

Whether the domain can take mail is not asked here: that is a matter of sending, not of form.
Source: RFC 5321 section 4.1.2; RFC 5891 (domains beyond ASCII are kept in their ASCII form).
"""

from dataclasses import dataclass

from email_validator import EmailNotValidError, validate_email

from mailtide.errors import InvalidInputError


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
    try:
        found = validate_email(
            text.strip(), check_deliverability=False, allow_smtputf8=False, strict=True
        )
    except EmailNotValidError as error:
        raise InvalidInputError(str(error), code="invalid_address") from error
    domain = found.ascii_domain.lower()
    return Address(f"{found.ascii_local_part}@{domain}", domain)
