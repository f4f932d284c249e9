"""The flow that forgets a person."""

from typing import TYPE_CHECKING

from mailtide.app.base import now, redactor
from mailtide.app.job_kinds import files

if TYPE_CHECKING:
    from mailtide.flows.erasure import Erasure


def erasure() -> "Erasure":
    """What forgets a person."""
    from mailtide.flows.erasure import Erasure
    from mailtide.store.contacts import Contacts
    from mailtide.store.jobs import Jobs
    from mailtide.store.lists import Lists
    from mailtide.store.segments import Segments
    from mailtide.store.submissions import Submissions
    from mailtide.store.suppressions import Suppressions

    return Erasure(
        contacts=Contacts(),
        lists=Lists(),
        suppressions=Suppressions(),
        submissions=Submissions(),
        segments=Segments(),
        files=files(),
        jobs=Jobs(),
        redactor=redactor(),
        clock=now,
    )
