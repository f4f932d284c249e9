"""What a segment looks like, as it comes and goes: its filter in both forms."""

from datetime import datetime
from typing import Annotated, Any

from pydantic import BaseModel, Field, StringConstraints

from functions.api.shapes.fields import Name
from mailtide.domain import segment_json, segment_text
from mailtide.domain.segment import Filter, Segment
from mailtide.errors import InvalidInputError
from mailtide.http import Body, example

FilterJson = Annotated[dict[str, Any], Field(description="the filter as JSON")]
FilterText = Annotated[
    str, StringConstraints(max_length=segment_text.MAX_TEXT), Field(description="or as text")
]
_TEXT = 'provider is "gmail" and last_open_at within 30 days'


class _Filtered(Body):
    """A body that may have a filter, in one of its forms."""

    filter: FilterJson | None = None
    text: FilterText | None = None

    @property
    def place(self) -> str:
        """Where the filter stands."""
        return "body.filter" if self.text is None else "body.text"

    def read(self) -> Filter | None:
        """Return the filter; None when there is none.

        Raises:
            InvalidInputError: there are two; or `filter_error`, with every place.
        """
        if self.filter is not None and self.text is not None:
            raise InvalidInputError("Send the filter as `filter` or as `text`, not both.")
        if self.text is not None:
            return segment_text.read(self.text, self.place)
        return None if self.filter is None else segment_json.read(self.filter, self.place)


class SegmentIn(_Filtered):
    """A segment to keep; its filter stands in `filter` or in `text`."""

    model_config = example(name="Engaged at Gmail", text=_TEXT)

    name: Name

    def needed(self) -> Filter:
        """Return the filter.

        Raises:
            InvalidInputError: as `read`, and when there is none.
        """
        found = self.read()
        if found is None:
            detail = "a segment needs `filter` or `text`"
            errors = [{"at": "body.filter", "detail": detail}]
            raise InvalidInputError(f"body.filter: {detail}", errors=errors)
        return found


class SegmentChange(_Filtered):
    """What may be changed about a segment; what is left out stays."""

    model_config = example(filter={"field": "provider", "op": "is", "value": "gmail"})

    name: Name | None = None

    def changes(self) -> dict[str, Any]:
        """Return what changes."""
        given = {"name": self.name, "filter": self.read()}
        return {name: value for name, value in given.items() if value is not None}


class SegmentView(BaseModel):
    """A segment; `filter` and `text` say the same."""

    segment_id: str
    name: str
    filter: dict[str, Any]
    text: str
    created_at: datetime


def view(segment: Segment) -> SegmentView:
    """Show a segment."""
    return SegmentView(
        segment_id=segment.segment_id,
        name=segment.name,
        filter=segment_json.write(segment.filter),
        text=segment_text.write(segment.filter),
        created_at=segment.created_at,
    )
