"""What an export to start looks like."""

from functions.api.shapes.fields import SomeId
from mailtide.flows.export_desk import Exported
from mailtide.http import Body, example


class ExportIn(Body):
    """What to export; a list or a segment is named by its id."""

    model_config = example(
        {"kind": "segment", "segment_id": "segment"}, kind="list", list_id="list"
    )

    kind: Exported
    list_id: SomeId | None = None
    segment_id: SomeId | None = None
