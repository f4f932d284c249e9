"""Ingest: turn what sources told into event rows and their immediate consequences.

Every step may be done again: a run that dies is repeated from the queue, and its rows, suppressions
and settled doubts meet themselves. Evidence is written first and the doubt mark is read after it;
whoever marks a doubt does it the other way round, so one of the two sees the other.

Events that are not to be believed (no such message of ours, another organisation's, an unknown
source, a report of what never left) are kept with the reason and acknowledged: to refuse them would
make the source send its whole batch again for ever.
Source: docs/events.md, docs/domain/suppression.md.
"""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Protocol

from mailtide.domain.event import Event, EventType
from mailtide.domain.message import (
    ANSWERS,
    DOUBT,
    ENGAGEMENT,
    EVIDENCE,
    HITS,
    EventRow,
    SentState,
    is_merged,
)
from mailtide.domain.organisation import Source
from mailtide.domain.redaction import Redactor
from mailtide.domain.suppression import Suppression
from mailtide.flows import doubts, envelope, envelope_reading, reports
from mailtide.flows.copies import Copies
from mailtide.flows.envelope import Bucket
from mailtide.flows.envelope_reading import Envelope, WorkedOnError
from mailtide.flows.verdicts import Rows, Verdicts
from mailtide.sources import mime, ses, ses_mail, stalwart
from mailtide.sources.enclosed import ReadAddress

# What is about a message: evidence becomes a row; that the mail system has the message settles a
# doubt that stands, and is no row, since `sent` was written before.
_TELLING = EVIDENCE | {EventType.ACCEPTED}


class Events(Rows, Protocol):
    """The rows of messages."""

    def sent(self, message_ids: Collection[str]) -> Mapping[str, EventRow]:
        """Read `sent` rows consistently; a message without one is missing."""
        ...

    def marks(self, message_ids: Collection[str]) -> Sequence[EventRow]:
        """Read the doubt and engagement rows of messages consistently."""
        ...

    def put_all(self, rows: Sequence[EventRow]) -> None:
        """Write rows whose keys fix what they say; no key twice."""
        ...

    def put_least(self, rows: Sequence[EventRow]) -> None:
        """Write each merged row unless one of the same or a lesser merge order stands there."""
        ...


class Sources(Protocol):
    """The registered sources."""

    def find_source(self, source_id: str) -> Source | None:
        """Return a source, whoever owns it; None when there is no such source."""
        ...


class Suppressions(Protocol):
    """The suppression list."""

    def add(self, suppression: Suppression) -> None:
        """Add reasons to what stands against a contact; the earliest of each reason is kept."""
        ...


NameContact = Callable[[str, str], str | None]  # (organisation, address) -> contact, if it is one


@dataclass(frozen=True, slots=True)
class Report:
    """One event with the row key it came with, if it was fixed before."""

    event: Event
    key: str | None = None


@dataclass(frozen=True, slots=True)
class Told:
    """One message of the queue, read; nothing was received when it had been worked on before."""

    received: Envelope | None
    source: Source | None = None
    reports: Sequence[Report] = ()


@dataclass(frozen=True, slots=True)
class Accepted:
    """A report of a message of ours."""

    report: Report
    sent: EventRow


@dataclass(frozen=True, slots=True)
class Ingest:
    """The ingest flow with its collaborators."""

    events: Events
    sources: Sources
    suppressions: Suppressions
    bucket: Bucket
    redactor: Redactor
    read_address: ReadAddress
    name_contact: NameContact

    def run(self, text: str) -> Counter[str]:
        """Bring one message of the queue into the rows: `read` and `write` of it alone."""
        return self.write([self.read(text)])

    def read(self, text: str) -> Told:
        """Read one message of the queue, and keep its copy.

        Raises:
            ValueError, KeyError, TypeError: when the text is no message of ours.
            RetryableError: when it is to be tried again.
        """
        try:
            received = envelope_reading.read(text, self.bucket)
        except WorkedOnError:
            return Told(None)
        source = self.sources.find_source(received.source_id) if received.source_id else None
        reports_ = list(_told(received, self.read_address))
        events = [report.event for report in reports_]
        self._copies().keep(received, _owner(source, reports_), events)
        return Told(received, source, reports_)

    def write(self, payloads: Sequence[Told]) -> Counter[str]:
        """Bring what payloads tell into the rows; returns how many events of each type.

        `refused`, `unattributed` (about mail that carries no message id of ours) and `repeated`
        (a whole message of the queue) count too.

        Raises:
            RetryableError: when all of them are to be tried again.
        """
        counts: Counter[str] = Counter()
        ids = {r.event.message_id for told in payloads for r in told.reports if _tells(r)}
        sent = self.events.sent({one for one in ids if one})
        accepted = []
        for told in payloads:
            for found in self._judged(told, sent, counts):
                accepted.append(found)
                counts[found.report.event.type.value] += 1
        self._write(accepted)
        for told in payloads:
            if told.received is not None and told.received.body_key is not None:
                self.bucket.delete(told.received.body_key)
        return counts

    def _judged(
        self, told: Told, sent: Mapping[str, EventRow], counts: Counter[str]
    ) -> Iterator[Accepted]:
        """Yield the reports that are to be believed, count and keep the others.

        From here on no event holds an address of a person.
        """
        received, source = told.received, told.source
        if received is None:
            counts["repeated"] += 1
            return
        counts.update(r.event.type.value for r in told.reports if not _tells(r))
        for report in filter(_tells, told.reports):
            if report.event.message_id is None:
                counts["unattributed"] += 1
                continue
            row = sent.get(report.event.message_id)
            reason = _refusal(report.event, row, received, source) or self._misfit(
                report.event, row
            )
            if reason is None and row is not None:
                yield Accepted(self._hidden(report, row), row)
            else:
                counts["refused"] += 1
                org_id = _owner(source, [report])
                self._copies().keep_refused(received, org_id, report.event, str(reason))

    def _copies(self) -> Copies:
        return Copies(self.bucket, self.redactor)

    def _misfit(self, event: Event, sent: EventRow | None) -> str | None:
        """Return why a report by mail is not about the message's recipient, if it names one.

        A forwarded mail that comes back says nothing of the address that we wrote to.
        """
        named = event.recipient if event.source_type.startswith(mime.DELIVERY_STATUS) else None
        if named is None or sent is None:
            return None
        is_theirs = self.name_contact(sent.of.org_id, named) == sent.of.recipient_id
        return None if is_theirs else "other_recipient"

    def _hidden(self, report: Report, sent: EventRow) -> Report:
        return replace(report, event=reports.hidden(report.event, sent, self.redactor))

    def _write(self, accepted: Sequence[Accepted]) -> None:
        rows = reports.merged(
            reports.row_of(one.report.event, one.sent, one.report.key)
            for one in accepted
            if one.report.event.type in EVIDENCE
        )
        self.events.put_all([row for row in rows if not is_merged(row)])
        self.events.put_least([row for row in rows if is_merged(row)])
        self._suppress(accepted)
        marks = self.events.marks({one.sent.message_id for one in accepted})
        doubts.settle(self.events, (mark for mark in marks if mark.event_key == DOUBT))
        hit = {row.message_id for row in rows if row.event_type in HITS | ANSWERS}
        judged = {mark.message_id for mark in marks if mark.event_key == ENGAGEMENT}
        for message_id in sorted(hit | judged):
            Verdicts(self.events).renew(message_id)

    def _suppress(self, accepted: Iterable[Accepted]) -> None:
        for one in accepted:
            reason = reports.suppression_reason(one.report.event, one.sent)
            if reason is not None:
                shown = {reason: reports.evidence(one.report.event, one.sent)}
                of = one.sent.of
                self.suppressions.add(Suppression(of.org_id, of.recipient_id, shown))


def _refusal(
    event: Event, sent: EventRow | None, received: Envelope, source: Source | None
) -> str | None:
    """Return why what is told of a message is not believed; None when it is."""
    if received.source_id is not None and source is None:
        return "unknown_source"
    if sent is None:
        return "unknown_message"
    # SES tells of all organisations' mail: whose a message is stands in the tag that we gave it.
    owner = event.org_id if received.source == envelope.SES else source and source.org_id
    # Hits, and the mail that SES takes for the whole stack, name the message and nobody besides.
    is_ours = received.source == envelope.TRACKING or (
        received.source == envelope.INBOUND and received.source_id is None
    )
    if not is_ours and owner != sent.of.org_id:
        return "other_organisation"
    # Mail is easily forged, but names a message only by an address with our MAC (`sources/mime`).
    # The recipient that a report names proves nothing more, and loops hide or hash it.
    if received.source == envelope.INBOUND and sent.data["state"] != SentState.SENT:
        return "never_sent"
    return None


def _tells(report: Report) -> bool:
    return report.event.type in _TELLING


def _owner(source: Source | None, told: Sequence[Report]) -> str | None:
    """Return whose people a payload names: its source's, or whom its events say."""
    if source is not None:
        return source.org_id
    return next((report.event.org_id for report in told), None)


def _told(received: Envelope, read_address: ReadAddress) -> Iterator[Report]:
    """Yield what a payload tells, in our words."""
    if received.source == envelope.STALWART:
        yield from (Report(event) for event in stalwart.parse(received.body))
    elif received.source == envelope.INBOUND:
        mail = (
            ses_mail.read(received.body)
            if received.source_id is None
            else stalwart.hook_mail(received.body, received.received_at)
        )
        yield from (Report(event) for event in mime.parse(mail, read_address))
    elif received.source == envelope.SES:
        events = ses.parse(ses.read(received.body.decode()))
        yield from (Report(event) for event in events)
    elif received.source == envelope.TRACKING:
        yield from (Report(hit.event(), hit.key) for hit in received.hits)
    else:
        raise ValueError(f"no such source: {received.source}")
