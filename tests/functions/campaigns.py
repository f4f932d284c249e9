"""One small campaign as the API would have written it, for the functions that send."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from mailtide import app
from mailtide.domain.campaign import Campaign, Move
from mailtide.domain.content import started
from mailtide.domain.identifiers import shard_of
from mailtide.store import dynamo
from mailtide.store.campaign_tables import CampaignRow
from mailtide.store.campaigns import Campaigns
from mailtide.store.tables import (
    ContactRow,
    IdentityRow,
    ListRow,
    SendingIpRow,
    TemplateRow,
)

ORG, CAMPAIGN, LIST = "acme", "c000000000", "l1"
NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)


def put_contacts(addresses: Sequence[str]) -> list[str]:
    """Put contacts into the list; return their ids."""
    ids = [app.contact_id(ORG, address) for address in addresses]
    for contact_id, address in zip(ids, addresses, strict=True):
        shard = shard_of(contact_id)
        row = ContactRow(
            f"{ORG}#{shard}", contact_id, email=address, provider="gmail", created_at=NOW
        )
        dynamo.put(row)
        dynamo.put(ListRow(f"{LIST}#{shard}", contact_id, added_at=NOW))
    return ids


def put_campaign(
    relay_port: int = 2525, *, daily_limit: int | None = None, configuration_set: str | None = None
) -> None:
    """Put a campaign in draft with its content, and a sending IP.

    The IP is behind a relay on loopback, or sends over SES when a configuration set is named.
    """
    transport: dict[str, Any] = {"kind": "ses", "configuration_set": configuration_set}
    if configuration_set is None:
        transport = {"kind": "smtp", "host": "127.0.0.1", "port": relay_port, "tls": "none"}
    dynamo.put(
        CampaignRow(
            ORG,
            CAMPAIGN,
            name="Autumn",
            list_ids=[LIST],
            template_id="t1",
            identity_id="i1",
            state="draft",
            created_at=NOW,
        )
    )
    kept = started(ORG)
    dynamo.put(
        TemplateRow(
            kept,
            CAMPAIGN,
            name="Welcome",
            subject="Hello",
            html="<p>Hello</p>",
            text="Hello",
            created_at=NOW,
        )
    )
    dynamo.put(
        IdentityRow(
            kept,
            CAMPAIGN,
            name="News",
            from_name="Acme",
            from_address="news@acme.test",
            bounce_domain="b.acme.test",
            stream_="marketing",
            created_at=NOW,
        )
    )
    dynamo.put(
        SendingIpRow(
            ORG,
            "ip1",
            tag="a",
            stream_="marketing",
            transport=transport,
            daily_limit=daily_limit,
            created_at=NOW,
        )
    )


def campaign() -> Campaign:
    """Read the campaign."""
    found = Campaigns().get(ORG, CAMPAIGN)
    assert found is not None
    return found


def move(move: Move) -> None:
    """Move the campaign, as the API does."""
    assert Campaigns().move(campaign(), move, app.now())
