"""What several resources have: fields, and how a thing is shown that has the fields of its view."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from mailtide.domain.mail import is_header_safe


def _check_line(text: str) -> str:
    if not is_header_safe(text):
        raise ValueError("it holds a line break or a control character")
    return text


def _check_words(text: str) -> str:
    if not text:
        raise ValueError("it holds nothing but spaces")
    return text


# Spaces around a text are taken off once its length is checked: the schema counts them, too.
Trimmed = AfterValidator(str.strip)
Line = AfterValidator(_check_line)
Words = AfterValidator(_check_words)

Name = Annotated[str, StringConstraints(min_length=1, max_length=200), Trimmed, Words, Line]
Email = Annotated[str, StringConstraints(min_length=1, max_length=320)]
Subject = Annotated[str, StringConstraints(max_length=1000)]  # Liquid
SomeId = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class View(BaseModel):
    """Base of what is read off a thing of the domain, attribute by attribute of the same name."""

    model_config = ConfigDict(from_attributes=True)
