"""The jobs: what works on each kind, and what asks for the work."""

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import cache
from typing import TYPE_CHECKING

from mailtide import naming
from mailtide.app.base import client, connect, contact_id, now, redactor, settings
from mailtide.domain import identifiers

if TYPE_CHECKING:
    from mailtide.bus import JobPointers
    from mailtide.domain.job import JobKind
    from mailtide.flows.exports import Exporter
    from mailtide.flows.job_desk import JobDesk
    from mailtide.flows.job_watch import JobWatch
    from mailtide.flows.jobs import Kind, Runner
    from mailtide.flows.suppression_uploads import SuppressionUploads
    from mailtide.store.import_files import ImportFiles


def _segment_count() -> "Kind":
    from mailtide.flows.segment_count import SegmentCount
    from mailtide.store.contacts import Contacts
    from mailtide.store.lists import Lists

    return SegmentCount(Lists(), Contacts())


@cache
def jobs() -> "Runner":
    """The flow that works on jobs; a kind is built when a job of it comes."""
    from mailtide.flows.jobs import Runner
    from mailtide.store.jobs import Jobs

    connect()
    return Runner(Jobs(), _kinds(), _pointers(), now)


def _exporter() -> "Exporter":
    from mailtide.flows.addresses import Addresses
    from mailtide.flows.export_content import (
        AllContacts,
        AllSuppressions,
        HeldBySegment,
        MembersOfList,
    )
    from mailtide.flows.exports import Exporter
    from mailtide.store.contacts import Contacts
    from mailtide.store.lists import Lists
    from mailtide.store.suppressions import Suppressions

    return Exporter(
        {
            "contacts": lambda: AllContacts(Contacts()),
            "list": lambda: MembersOfList(Contacts(), Lists()),
            "segment": lambda: HeldBySegment(Contacts(), Lists()),
            "suppressions": lambda: AllSuppressions(Suppressions(), Addresses(Contacts())),
        },
        files(),
    )


def _suppression_import() -> "Kind":
    from mailtide.flows.suppression_import import SuppressionImport
    from mailtide.store.suppressions import Suppressions

    return SuppressionImport(files(), Suppressions(), redactor(), contact_id)


def _list_deletion() -> "Kind":
    from mailtide.flows.list_deletion import ListDeletion
    from mailtide.store.lists import Lists

    return ListDeletion(Lists())


def _kinds() -> "Mapping[JobKind, Callable[[], Kind]]":
    from mailtide.domain.job import JobKind

    return {
        JobKind.EXPORT: _exporter,
        JobKind.LIST_DELETION: _list_deletion,
        JobKind.SEGMENT_COUNT: _segment_count,
        JobKind.SUPPRESSION_IMPORT: _suppression_import,
    }


@cache
def job_watch() -> "JobWatch":
    """The look at jobs that nobody works on."""
    from mailtide.flows.job_watch import JobWatch
    from mailtide.store.jobs import Jobs

    connect()
    return JobWatch(Jobs(), _pointers())


def job_desk() -> "JobDesk":
    """What is asked of jobs."""
    from mailtide.flows.job_desk import JobDesk
    from mailtide.store.jobs import Jobs

    return JobDesk(Jobs(), files(), _pointers(), new_dated_id, now)


def suppression_uploads() -> "SuppressionUploads":
    """What is asked of imports of suppressions."""
    from mailtide.flows.suppression_uploads import SuppressionUploads
    from mailtide.store.jobs import Jobs

    return SuppressionUploads(Jobs(), files(), job_desk().ask, new_dated_id, now)


def files() -> "ImportFiles":
    """The bucket, for files that people send and fetch."""
    from mailtide.store.import_files import ImportFiles

    return ImportFiles(client("s3"), settings().data_bucket)


def new_dated_id(at: datetime) -> str:
    """Name something by when it was made; the newest sorts first."""
    from mailtide.domain.message import millis

    chance = naming.draw(identifiers.CHANCE_BYTES)
    return identifiers.recent_first(millis(naming.made_at(at)), chance)


def _pointers() -> "JobPointers":
    from mailtide.bus import JobPointers, Queue

    return JobPointers(Queue(client("sqs"), settings().queue_jobs))
