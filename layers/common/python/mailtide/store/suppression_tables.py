"""The tables of suppressions; `tables.py` has the others, and `ALL`."""
# ruff: noqa: D106 - `Meta` is PynamoDB's own place for a name, and says nothing else

from pynamodb.attributes import JSONAttribute, UnicodeAttribute

from mailtide.store.row import Instant, Row


class SuppressionRow(Row):
    """Whom not to write to: of each reason the first evidence (`by_…`) and the last."""

    class Meta:
        table_name = "suppression_list"

    shard_key = UnicodeAttribute(hash_key=True)
    contact_id = UnicodeAttribute(range_key=True)
    org_id = UnicodeAttribute()
    email = UnicodeAttribute(null=True)
    by_hard_bounce = UnicodeAttribute(null=True)
    by_complaint = UnicodeAttribute(null=True)
    by_unsubscribe = UnicodeAttribute(null=True)
    by_manual = UnicodeAttribute(null=True)
    by_manual_all = UnicodeAttribute(null=True)
    last_hard_bounce = UnicodeAttribute(null=True)
    last_complaint = UnicodeAttribute(null=True)
    last_unsubscribe = UnicodeAttribute(null=True)
    last_manual = UnicodeAttribute(null=True)
    last_manual_all = UnicodeAttribute(null=True)
    lifted_at = Instant(null=True)  # what arose up to then does not stand


class SuppressionAuditRow(Row):
    """Who took which suppression back, when and why, the newest first; it names no address."""

    class Meta:
        table_name = "suppression_audit"

    org_id = UnicodeAttribute(hash_key=True)
    entry_id = UnicodeAttribute(range_key=True)
    at = Instant()
    key_id = UnicodeAttribute()
    contact_id = UnicodeAttribute()
    reasons = JSONAttribute()  # by reason: since when, epoch milliseconds
    note = UnicodeAttribute()
