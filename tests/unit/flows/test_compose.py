"""Compose: what a campaign sends is what its template and identity were when it was started."""

from dataclasses import replace
from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default

import pytest

from local.memory.contents import Identities, Templates
from mailtide.domain import identifiers
from mailtide.domain.campaign import Campaign, State
from mailtide.domain.contact import Contact
from mailtide.domain.content import Identity, Template, started
from mailtide.domain.signing import Keyring
from mailtide.domain.tracking import Tracker
from mailtide.errors import NotFoundError
from mailtide.flows.compose import KEPT, Composer

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
ORG = "org0000000000000"


@pytest.fixture
def composer() -> Composer:
    keyring = Keyring.from_json(
        '{"current": "1", "1": "a secret of at least thirty-two characters"}'
    )
    return Composer(Templates(), Identities(), Tracker(keyring, "https://t.example.com"))


def campaign(campaign_id: str) -> Campaign:
    return Campaign(ORG, campaign_id, "Spring", (), "template", "identity", State.SENDING, NOW)


def keep(
    composer: Composer,
    campaign_id: str,
    subject: str = "News",
    tracking_domain: str | None = None,
) -> None:
    """Keep a copy of the content, as the start of the campaign does."""
    assert isinstance(composer.templates, Templates)
    assert isinstance(composer.identities, Identities)
    kept = started(ORG)
    composer.templates.create(Template(kept, campaign_id, "T", subject, "<p>Hello</p>"), NOW)
    identity = Identity(kept, campaign_id, "I", "Acme", "news@example.com", "b.example.com")
    composer.identities.create(replace(identity, tracking_domain=tracking_domain), NOW)


def test_names_the_campaigns_own_organisation_and_identity(composer: Composer) -> None:
    keep(composer, "campaign00")
    found = composer.compose(campaign("campaign00"))
    assert (found.identity.org_id, found.identity.identity_id) == (ORG, "identity")


@pytest.mark.parametrize(
    ("tracking_domain", "host"), [(None, "t.example.com"), ("go.example.com", "go.example.com")]
)
def test_links_stand_under_the_identitys_own_domain(
    composer: Composer, tracking_domain: str | None, host: str
) -> None:
    campaign_id = identifiers.encode(b"spring")
    keep(composer, campaign_id, tracking_domain=tracking_domain)
    message_id = identifiers.message_id(b"key", campaign_id, "ann")
    ann = Contact(ORG, "ann", "ann@example.org", "other", NOW)
    raw = composer.compose(campaign(campaign_id)).render(ann, message_id, NOW)
    letter = message_from_bytes(raw, policy=default)
    assert str(letter["List-Unsubscribe"]).startswith(f"<https://{host}/u/")
    html = letter.get_body(("html",))
    assert html is not None
    assert f'src="https://{host}/t/o/' in html.get_content()


def test_prepares_a_campaign_once(composer: Composer) -> None:
    keep(composer, "campaign00")
    first = composer.compose(campaign("campaign00"))
    assert composer.compose(campaign("campaign00")) is first


def test_a_campaign_without_a_copy_is_an_error_that_names_it(composer: Composer) -> None:
    with pytest.raises(NotFoundError, match="campaign00"):
        composer.compose(campaign("campaign00"))


def test_keeps_the_latest_few_only(composer: Composer) -> None:
    ids = [f"campaign{n:02d}" for n in range(KEPT + 1)]
    for campaign_id in ids:
        keep(composer, campaign_id)
        composer.compose(campaign(campaign_id))
    assert [campaign_id for _, campaign_id in composer.prepared] == ids[1:]
