"""Suppressions: one row per contact; of each reason the first and the last evidence are kept.

An attribute is `<13-digit ms>#<evidence>`, so texts sort as evidence does. Each attribute only ever
goes one way (first down, last up, `lifted_at` up), so any sequence of additions and liftings ends
in the same row; what stands follows from it (`domain.suppression.History`).
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

from pynamodb.attributes import UnicodeAttribute

from mailtide.domain.message import instant, millis
from mailtide.domain.page import Page
from mailtide.domain.suppression import Evidence, History, Reason, Suppression
from mailtide.domain.suppression_audit import AuditEntry
from mailtide.store import dynamo
from mailtide.store.contacts import shard_key
from mailtide.store.paging import page, page_of_shards
from mailtide.store.suppression_tables import SuppressionAuditRow, SuppressionRow

_WRITERS = 8  # at once, in an import: conditional writes go one by one
_AT_ONCE = 500  # rows of one read, when some of them are not shown
_READS = 10  # of such for one page; behind them it is shorter than asked for

_FIRST: Mapping[Reason, UnicodeAttribute] = {
    Reason.HARD_BOUNCE: SuppressionRow.by_hard_bounce,
    Reason.COMPLAINT: SuppressionRow.by_complaint,
    Reason.UNSUBSCRIBE: SuppressionRow.by_unsubscribe,
    Reason.MANUAL: SuppressionRow.by_manual,
    Reason.MANUAL_ALL: SuppressionRow.by_manual_all,
}
_LAST: Mapping[Reason, UnicodeAttribute] = {
    Reason.HARD_BOUNCE: SuppressionRow.last_hard_bounce,
    Reason.COMPLAINT: SuppressionRow.last_complaint,
    Reason.UNSUBSCRIBE: SuppressionRow.last_unsubscribe,
    Reason.MANUAL: SuppressionRow.last_manual,
    Reason.MANUAL_ALL: SuppressionRow.last_manual_all,
}


class Suppressions:
    """Whom organisations do not write to."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Suppression]:
        """Read suppressions consistently; only suppressed contacts are in the answer."""
        keys = [(shard_key(org_id, contact_id), contact_id) for contact_id in contact_ids]
        rows = dynamo.get_many(SuppressionRow, keys)
        return {one.contact_id: one for one in _standing(rows)}

    def of_shard(self, org_id: str, shard: str) -> Iterator[Suppression]:
        """Yield the suppressions of one shard, sorted by contact id, a page of them in memory."""
        with dynamo.calling():
            rows = SuppressionRow.query(f"{org_id}#{shard}", consistent_read=True)
            yield from _standing(rows)

    def get(self, org_id: str, contact_id: str) -> Suppression | None:
        """Read what stands against one contact, consistently."""
        return self.get_many(org_id, [contact_id]).get(contact_id)

    def history(self, org_id: str, contact_id: str) -> History:
        """Read all that was ever said about one contact, consistently."""
        row = dynamo.get(SuppressionRow, shard_key(org_id, contact_id), contact_id)
        return _history_of(row) if row else History()

    def page(
        self, org_id: str, limit: int, after: str | None, only: Collection[Reason] = tuple(Reason)
    ) -> Page[Suppression]:
        """Return the suppressions by contact id that stand for one of some reasons.

        A page may be shorter than `limit`, or empty, before the end.
        """
        found: list[Suppression] = []
        position = after
        for _ in range(_READS):
            rows = page_of_shards(SuppressionRow, org_id, _AT_ONCE, position, lambda row: row)
            standing = _standing(rows.items)
            found += [one for one in standing if not one.reasons.keys().isdisjoint(only)]
            if len(found) > limit:
                return Page(found[:limit], found[limit - 1].contact_id)
            position = rows.after
            if position is None:
                break
        return Page(found, position)

    def add(self, suppression: Suppression) -> None:
        """Add reasons to what was said about a contact."""
        for reason, evidence in suppression.reasons.items():
            self._add(suppression, reason, evidence)

    def add_many(self, suppressions: Sequence[Suppression]) -> None:
        """Add all of several, in any order."""
        with ThreadPoolExecutor(_WRITERS) as pool:
            list(pool.map(self.add, suppressions))

    def lift(self, entry: AuditEntry) -> None:
        """Take back what arose up to the entry's instant, and keep the entry, or do neither."""
        row = SuppressionRow(shard_key(entry.org_id, entry.contact_id), entry.contact_id)
        lifted_at = SuppressionRow.lifted_at
        later = lifted_at.does_not_exist() | (lifted_at < entry.at)
        dynamo.transact(
            [
                dynamo.transact_update(
                    row, [lifted_at.set(entry.at)], SuppressionRow.contact_id.exists() & later
                ),
                dynamo.transact_put(_audit_row(entry)),
            ]
        )

    def audit(self, org_id: str, limit: int, after: str | None) -> Page[AuditEntry]:
        """Return the liftings of an organisation, the newest first."""
        return page(SuppressionAuditRow, org_id, limit, after, _entry_of)

    def has_address(self, org_id: str, contact_id: str) -> bool:
        """Say whether an address is kept beside the reasons, also of one that was lifted."""
        row = dynamo.get(SuppressionRow, shard_key(org_id, contact_id), contact_id)
        return row is not None and row.email is not None

    def forget(self, org_id: str, contact_id: str) -> None:
        """Drop the address and keep the reasons: an erased person is not written to again."""
        row = SuppressionRow(shard_key(org_id, contact_id), contact_id)
        dynamo.update(row, [SuppressionRow.email.remove()], SuppressionRow.contact_id.exists())

    def _add(self, suppression: Suppression, reason: Reason, evidence: Evidence) -> None:
        row = _key(suppression)
        first, last = _FIRST[reason], _LAST[reason]
        mine = f"{millis(evidence.at):013d}#{evidence.text}"
        about = [
            SuppressionRow.id.set(row.key_text()),
            SuppressionRow.org_id.set(suppression.org_id),
        ]
        if suppression.email is not None:
            about.append(SuppressionRow.email.set(suppression.email.casefold()))
        told = dynamo.update(row, [first.set(mine), last.set(mine), *about], first.does_not_exist())
        if told is None:
            return
        if mine < told[first.attr_name]["S"]:
            dynamo.update(row, [first.set(mine)], first > mine)
        if mine > told[last.attr_name]["S"]:
            dynamo.update(row, [last.set(mine)], last < mine)
        if suppression.email is not None and "email" not in told:
            dynamo.update(row, about)


def _key(suppression: Suppression) -> SuppressionRow:
    return SuppressionRow(
        shard_key(suppression.org_id, suppression.contact_id), suppression.contact_id
    )


def _standing(rows: Iterable[SuppressionRow]) -> Iterator[Suppression]:
    """Yield what stands, in the order of the rows."""
    for row in rows:
        reasons = _history_of(row).standing()
        if reasons:
            yield Suppression(row.org_id, row.contact_id, reasons, row.email)


def _history_of(row: SuppressionRow) -> History:
    return History(_evidence(row, _FIRST), _evidence(row, _LAST), row.lifted_at)


def _evidence(
    row: SuppressionRow, attributes: Mapping[Reason, UnicodeAttribute]
) -> dict[Reason, Evidence]:
    found = {}
    for reason, attribute in attributes.items():
        text = getattr(row, attribute.attr_name)
        if text is not None:
            ms, _, evidence = text.partition("#")
            found[reason] = Evidence(instant(int(ms)), evidence)
    return found


def _audit_row(entry: AuditEntry) -> SuppressionAuditRow:
    return SuppressionAuditRow(
        entry.org_id,
        entry.entry_id,
        at=entry.at,
        key_id=entry.key_id,
        contact_id=entry.contact_id,
        reasons={reason.value: millis(since) for reason, since in entry.reasons.items()},
        note=entry.note,
    )


def _entry_of(row: SuppressionAuditRow) -> AuditEntry:
    return AuditEntry(
        org_id=row.org_id,
        entry_id=row.entry_id,
        at=row.at,
        key_id=row.key_id,
        contact_id=row.contact_id,
        reasons={Reason(reason): instant(since) for reason, since in row.reasons.items()},
        note=row.note,
    )
