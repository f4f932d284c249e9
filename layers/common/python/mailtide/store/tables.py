"""The tables: one model each, which is the schema; the stack builds its tables from `ALL`.

A physical name is `<prefix>-<table>`. Every item has `id`, its key in one text. Instants are epoch
milliseconds (`Instant`), but for `expires_at`, which DynamoDB wants in seconds. Attributes that are
named after data (metrics, checkpoints) are read and written raw, by their store.
Source: docs/tables.md (who writes what, and why a key is what it is).
"""
# ruff: noqa: D106 - `Meta` is PynamoDB's own place for a name, and says nothing else

from botocore.session import get_session
from pynamodb.attributes import (
    BooleanAttribute,
    JSONAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UnicodeSetAttribute,
)

from mailtide.store.call_tables import IdempotencyRow, RequestCountRow
from mailtide.store.campaign_tables import CampaignRow, SegmentRow, TriggerRow
from mailtide.store.indexes import DueIndex, OpenIndex, ProblemIndex, RecipientIndex
from mailtide.store.item_client import Calls, ItemClient
from mailtide.store.job_tables import JobRow
from mailtide.store.row import Instant, Row, SharedConnection
from mailtide.store.submission_tables import SubmissionRow
from mailtide.store.suppression_tables import SuppressionAuditRow, SuppressionRow


class OrganisationRow(Row):
    """Organisations, their API keys (by hash, and as listed) and their event sources."""

    class Meta:
        table_name = "organisations"

    id = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    org_id = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    created_at = Instant(null=True)
    key_id = UnicodeAttribute(null=True)
    key_hash = UnicodeAttribute(null=True)  # SHA-256, hex: leads from the listed key to the other
    scopes = UnicodeSetAttribute(null=True)
    revoked_at = Instant(null=True)
    source_id = UnicodeAttribute(null=True)
    kind = UnicodeAttribute(null=True)


class ContactRow(Row):
    """Contacts, by organisation and shard, sorted by id."""

    class Meta:
        table_name = "contacts"

    shard_key = UnicodeAttribute(hash_key=True)
    contact_id = UnicodeAttribute(range_key=True)
    email = UnicodeAttribute()
    attributes = JSONAttribute(null=True)
    timezone = UnicodeAttribute(null=True)
    provider = UnicodeAttribute()
    created_at = Instant()
    updated_at = Instant(null=True)
    last_open_at = Instant(null=True)
    last_click_at = Instant(null=True)
    last_reply_at = Instant(null=True)
    messages_only = BooleanAttribute(null=True)  # true or absent
    import_mark = UnicodeAttribute(null=True)  # `<import>#<line>` of the last row that was applied


class ListRow(Row):
    """Lists, their members (by list and shard, sorted by contact) and their import jobs."""

    class Meta:
        table_name = "lists"

    pk = UnicodeAttribute(hash_key=True)
    sk = UnicodeAttribute(range_key=True)
    list_id = UnicodeAttribute(null=True)
    name = UnicodeAttribute(null=True)
    created_at = Instant(null=True)
    last_sent = Instant(null=True)
    added_at = Instant(null=True)
    import_id = UnicodeAttribute(null=True)
    state = UnicodeAttribute(null=True)
    progress = JSONAttribute(null=True)  # of an import job: counts, offset, what failed
    revision = NumberAttribute(null=True)


class TemplateRow(Row):
    """Templates as they were saved."""

    class Meta:
        table_name = "templates"

    org_id = UnicodeAttribute(hash_key=True)
    template_id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    subject = UnicodeAttribute()
    html = UnicodeAttribute()  # empty when it is written in MJML
    text = UnicodeAttribute(null=True)
    mjml = UnicodeAttribute(null=True)
    preheader = UnicodeAttribute(null=True)
    utm = JSONAttribute(null=True)
    compiled = UnicodeAttribute(null=True)  # the HTML that messages are made from
    created_at = Instant()
    updated_at = Instant(null=True)


class IdentityRow(Row):
    """Sender identities."""

    class Meta:
        table_name = "identities"

    org_id = UnicodeAttribute(hash_key=True)
    identity_id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    from_name = UnicodeAttribute()
    from_address = UnicodeAttribute()
    reply_to = UnicodeAttribute(null=True)
    bounce_domain = UnicodeAttribute()
    stream_ = UnicodeAttribute(attr_name="stream")
    reply_domain = UnicodeAttribute(null=True)
    tracking_domain = UnicodeAttribute(null=True)
    dkim_selectors = JSONAttribute(null=True)
    pool_id = UnicodeAttribute(null=True)
    rate_limits = JSONAttribute(null=True)
    created_at = Instant()


class SendingIpRow(Row):
    """Sending IPs; a password lies in Secrets Manager, `transport` has its name."""

    class Meta:
        table_name = "sending_ips"

    org_id = UnicodeAttribute(hash_key=True)
    ip_id = UnicodeAttribute(range_key=True)
    tag = UnicodeAttribute()
    stream_ = UnicodeAttribute(attr_name="stream")
    transport = JSONAttribute()
    daily_limit = NumberAttribute(null=True)
    active = BooleanAttribute(default=True)
    rate_limits = JSONAttribute(null=True)
    created_at = Instant()


class PoolRow(Row):
    """Pools of sending IPs."""

    class Meta:
        table_name = "pools"

    org_id = UnicodeAttribute(hash_key=True)
    pool_id = UnicodeAttribute(range_key=True)
    name = UnicodeAttribute()
    stream_ = UnicodeAttribute(attr_name="stream")
    ip_ids = UnicodeSetAttribute(null=True)  # a set: an IP is taken out without reading it
    created_at = Instant()


class BatchRow(Row):
    """Batches; every write raises `revision` by one and leaves its `nonce`."""

    class Meta:
        table_name = "batches"

    shard_key = UnicodeAttribute(hash_key=True)
    batch_id = UnicodeAttribute(range_key=True)
    org_id = UnicodeAttribute()
    due_shard = UnicodeAttribute(null=True)  # gone when the batch is done, and so is `due_at`
    due_at = Instant(null=True)
    recipients = NumberAttribute()
    rank = NumberAttribute()
    attempt = NumberAttribute()
    tries = NumberAttribute()
    put_off_at = Instant(null=True)
    manifest_key = UnicodeAttribute(null=True)
    inline = JSONAttribute(null=True)  # [[contact id, list id, variant], ...]
    phase = UnicodeAttribute()
    fence = NumberAttribute()
    revision = NumberAttribute()
    nonce = UnicodeAttribute()
    watermark = NumberAttribute()
    block_end = NumberAttribute()
    released_to = NumberAttribute()
    placement = UnicodeAttribute(null=True)
    ips = JSONAttribute(null=True)
    waits = JSONAttribute(null=True)  # epoch milliseconds
    placed_at = Instant(null=True)
    tally = JSONAttribute()  # [accepted, left out, later, failed, doubted]
    open_of = UnicodeAttribute(null=True)  # the campaign, until the batch is done
    submitted = UnicodeAttribute(null=True)  # of a single message: its stream
    in_doubt = BooleanAttribute(null=True)  # of a batch that retries doubts; else absent
    due_index = DueIndex()
    open_index = OpenIndex()


class DeliveryEventRow(Row):
    """The life of every message, a row per thing that happened; read by two stream consumers."""

    stream = True

    class Meta:
        table_name = "email_delivery_events"

    message_id = UnicodeAttribute(hash_key=True)
    event_key = UnicodeAttribute(range_key=True)
    event_type = UnicodeAttribute()
    org_id = UnicodeAttribute()
    campaign_id = UnicodeAttribute()
    recipient_id = UnicodeAttribute()
    list_id = UnicodeAttribute()
    variant = UnicodeAttribute()
    identity_id = UnicodeAttribute()
    ip_id = UnicodeAttribute()
    provider = UnicodeAttribute()
    attempt = NumberAttribute()
    ts = Instant()
    smtp_code = NumberAttribute(null=True)
    smtp_response = UnicodeAttribute(null=True)
    data = JSONAttribute(null=True)
    merge_order = UnicodeAttribute(null=True)  # of a state row: the least is kept
    by_recipient = UnicodeAttribute(null=True)
    problem_of = UnicodeAttribute(null=True)
    expires_at = TTLAttribute(null=True)
    recipient_index = RecipientIndex()
    problem_index = ProblemIndex()


class CampaignMetricRow(Row):
    """Counters: a number per metric and a checkpoint `s_<shard>` per stream shard, both raw."""

    class Meta:
        table_name = "campaign_metrics"

    campaign_id = UnicodeAttribute(hash_key=True)
    bucket = UnicodeAttribute(range_key=True)


class WarmupRow(Row):
    """The quota of one sending IP on one UTC date, rate limits' windows, and SES's shared rate."""

    class Meta:
        table_name = "warmup_schedules"

    ip_day = UnicodeAttribute(hash_key=True)
    item = UnicodeAttribute(range_key=True)
    reserved = NumberAttribute(null=True)
    daily_limit = NumberAttribute(null=True)
    stopped = BooleanAttribute(null=True)
    granted = NumberAttribute(null=True)
    returned = NumberAttribute(null=True)
    state = UnicodeAttribute(null=True)
    free_at = NumberAttribute(null=True)  # epoch microseconds
    expires_at = TTLAttribute(null=True)


ALL: tuple[type[Row], ...] = (
    OrganisationRow,
    ContactRow,
    ListRow,
    TemplateRow,
    IdentityRow,
    SendingIpRow,
    PoolRow,
    CampaignRow,
    SegmentRow,
    TriggerRow,
    BatchRow,
    SubmissionRow,
    DeliveryEventRow,
    CampaignMetricRow,
    WarmupRow,
    SuppressionRow,
    SuppressionAuditRow,
    JobRow,
    IdempotencyRow,
    RequestCountRow,
)


def bind(prefix: str, region: str, calls: Calls | None = None) -> None:
    """Name the physical tables and connect all of them; once per process.

    `calls` makes DynamoDB's calls; without it botocore's client does, with the credentials that
    botocore finds.
    """
    client = ItemClient(calls) if calls else get_session().create_client("dynamodb", region)
    Row.shared = SharedConnection(client, region)
    for model in ALL:
        model.bind_table(prefix)
