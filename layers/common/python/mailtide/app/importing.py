"""The flow that works on imports, and what asks for the work."""

from functools import cache
from typing import TYPE_CHECKING

from mailtide.app.base import client, connect, contact_id, now, settings
from mailtide.app.job_kinds import files

if TYPE_CHECKING:
    from mailtide.bus import ImportPointers
    from mailtide.flows.imports import Importer


@cache
def imports() -> "Importer":
    """The flow that works on imports."""
    from mailtide.flows.imports import Importer
    from mailtide.store.contacts import Contacts
    from mailtide.store.imports import Imports
    from mailtide.store.lists import Lists

    connect()
    return Importer(
        jobs=Imports(),
        files=files(),
        contacts=Contacts(),
        lists=Lists(),
        pointers=import_pointers(),
        contact_id=contact_id,
        clock=now,
    )


def import_pointers() -> "ImportPointers":
    """What asks for work on an import."""
    from mailtide.bus import ImportPointers, Queue

    return ImportPointers(Queue(client("sqs"), settings().queue_imports))
