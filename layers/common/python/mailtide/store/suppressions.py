"""Suppressions: one row per contact, one attribute per reason; the earliest of each is kept.

An attribute is `<13-digit ms>#<evidence>`, so the least text is the earliest evidence, and any
sequence of additions ends in the same row.
"""

from collections.abc import Mapping, Sequence

from pynamodb.attributes import UnicodeAttribute

from mailtide.domain.message import instant, millis
from mailtide.domain.page import Page
from mailtide.domain.suppression import Evidence, Reason, Suppression
from mailtide.store import dynamo
from mailtide.store.contacts import shard_key
from mailtide.store.paging import page_of_shards
from mailtide.store.tables import SuppressionRow

_BY_REASON: Mapping[Reason, UnicodeAttribute] = {
    Reason.HARD_BOUNCE: SuppressionRow.by_hard_bounce,
    Reason.COMPLAINT: SuppressionRow.by_complaint,
    Reason.UNSUBSCRIBE: SuppressionRow.by_unsubscribe,
    Reason.MANUAL: SuppressionRow.by_manual,
}


class Suppressions:
    """Whom organisations do not write to."""

    def get_many(self, org_id: str, contact_ids: Sequence[str]) -> Mapping[str, Suppression]:
        """Read suppressions consistently; only suppressed contacts are in the answer."""
        keys = [(shard_key(org_id, contact_id), contact_id) for contact_id in contact_ids]
        found = map(suppression_of, dynamo.get_many(SuppressionRow, keys))
        return {one.contact_id: one for one in found}

    def of_shard(self, org_id: str, shard: str) -> Mapping[str, Suppression]:
        """Return the suppressions of one shard by contact id, in its order."""
        with dynamo.calling():
            rows = SuppressionRow.query(f"{org_id}#{shard}", consistent_read=True)
            return {row.contact_id: suppression_of(row) for row in rows}

    def get(self, org_id: str, contact_id: str) -> Suppression | None:
        """Read what stands against one contact, consistently."""
        return self.get_many(org_id, [contact_id]).get(contact_id)

    def page(self, org_id: str, limit: int, after: str | None) -> Page[Suppression]:
        """Return the organisation's suppressions by contact id."""
        return page_of_shards(SuppressionRow, org_id, limit, after, suppression_of)

    def remove(self, org_id: str, contact_id: str) -> Suppression | None:
        """Take all reasons back; return what stood there, None when nothing did."""
        found = self.get(org_id, contact_id)
        if found is not None:
            dynamo.delete(_key(found))
        return found

    def forget(self, org_id: str, contact_id: str) -> None:
        """Drop the address and keep the reasons: an erased person is not written to again."""
        row = SuppressionRow(shard_key(org_id, contact_id), contact_id)
        dynamo.update(row, [SuppressionRow.email.remove()], SuppressionRow.contact_id.exists())

    def add(self, suppression: Suppression) -> None:
        """Add reasons to what stands against a contact; the earliest of each reason is kept."""
        for reason, evidence in suppression.reasons.items():
            self._add(suppression, reason, evidence)

    def _add(self, suppression: Suppression, reason: Reason, evidence: Evidence) -> None:
        row = _key(suppression)
        attribute = _BY_REASON[reason]
        mine = f"{millis(evidence.at):013d}#{evidence.text}"
        actions = [
            attribute.set(mine),
            SuppressionRow.id.set(row.key_text()),
            SuppressionRow.org_id.set(suppression.org_id),
        ]
        email = suppression.email
        if email is not None:
            actions.append(SuppressionRow.email.set(email.casefold()))
        found = dynamo.update(row, actions, attribute.does_not_exist() | (attribute > mine))
        if found is not None and email is not None and "email" not in found:
            dynamo.update(row, [SuppressionRow.email.set(email.casefold())])


def _key(suppression: Suppression) -> SuppressionRow:
    return SuppressionRow(
        shard_key(suppression.org_id, suppression.contact_id), suppression.contact_id
    )


def suppression_of(row: SuppressionRow) -> Suppression:
    """Return the suppression that a row holds."""
    reasons = {}
    for reason in Reason:
        text = getattr(row, _BY_REASON[reason].attr_name)
        if text is not None:
            ms, _, evidence = text.partition("#")
            reasons[reason] = Evidence(instant(int(ms)), evidence)
    return Suppression(row.org_id, row.contact_id, reasons, row.email)
