"""Templates and identities: the tables and their stand-ins keep the same contract."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from local.memory.contents import Identities as MemoryIdentities
from local.memory.contents import Templates as MemoryTemplates
from mailtide.domain.content import Identity, Template
from mailtide.domain.page import Page
from mailtide.domain.suppression import Stream
from mailtide.domain.utm import Utm
from mailtide.store.identities import Identities
from mailtide.store.tables import IdentityRow, TemplateRow
from mailtide.store.templates import Templates
from tests.tables import moto_tables

NOW = datetime(2026, 11, 24, 10, tzinfo=UTC)
TEMPLATE = Template("acme", "t1", "Welcome", "Hello {{ name }}", "<p>Hello</p>", "Hello")
IDENTITY = Identity(
    "acme", "i1", "News", "Acme", "news@acme.test", "b.acme.test", Stream.MARKETING, "us@acme.test"
)
FULL = replace(
    IDENTITY,
    reply_to=None,
    reply_domain="reply.acme.test",
    tracking_domain="go.acme.test",
    dkim_selectors=("s1", "s2"),
    pool_id="pool1",
)


@pytest.fixture(params=["memory", "table"])
def templates(request: pytest.FixtureRequest) -> Iterator[Templates | MemoryTemplates]:
    if request.param == "memory":
        yield MemoryTemplates()
        return
    with moto_tables(TemplateRow):
        yield Templates()


@pytest.fixture(params=["memory", "table"])
def identities(request: pytest.FixtureRequest) -> Iterator[Identities | MemoryIdentities]:
    if request.param == "memory":
        yield MemoryIdentities()
        return
    with moto_tables(IdentityRow):
        yield Identities()


def test_a_template_is_read_as_it_was_written(templates: Templates | MemoryTemplates) -> None:
    templates.create(TEMPLATE, NOW)
    assert templates.get("acme", "t1") == TEMPLATE
    assert templates.get("other", "t1") is None


def test_all_that_was_made_from_a_template_is_kept(
    templates: Templates | MemoryTemplates,
) -> None:
    written = replace(
        TEMPLATE, html="", mjml="<mjml/>", preheader="P", utm=Utm("news", None, "c"), compiled="<p>"
    )
    templates.create(written, NOW)
    assert templates.get("acme", "t1") == written
    assert templates.replace(TEMPLATE, NOW)
    assert templates.get("acme", "t1") == TEMPLATE
    assert templates.replace(written, NOW)
    assert templates.get("acme", "t1") == written


def test_a_late_repeat_of_a_creation_does_not_undo_a_change(
    templates: Templates | MemoryTemplates,
) -> None:
    templates.create(TEMPLATE, NOW)
    changed = replace(TEMPLATE, subject="Hi", text=None)
    assert templates.replace(changed, NOW)
    templates.create(TEMPLATE, NOW)
    assert templates.get("acme", "t1") == changed


def test_a_template_of_nobody_is_neither_replaced_nor_deleted(
    templates: Templates | MemoryTemplates,
) -> None:
    assert not templates.replace(TEMPLATE, NOW)
    assert not templates.delete("acme", "t1")
    assert templates.get("acme", "t1") is None


def test_a_deleted_template_is_gone(templates: Templates | MemoryTemplates) -> None:
    templates.create(TEMPLATE, NOW)
    assert templates.delete("acme", "t1")
    assert templates.page("acme", 10, None) == Page([])


def test_templates_are_listed_page_by_page(templates: Templates | MemoryTemplates) -> None:
    all_three = [replace(TEMPLATE, template_id=f"t{n}") for n in range(3)]
    for template in all_three:
        templates.create(template, NOW)
    first = templates.page("acme", 2, None)
    assert first == Page(all_three[:2], "t1")
    assert templates.page("acme", 2, first.after) == Page(all_three[2:])


def test_an_identity_is_read_as_it_was_written(identities: Identities | MemoryIdentities) -> None:
    identities.create(FULL, NOW)
    assert identities.get("acme", "i1") == FULL
    assert identities.page("acme", 10, None) == Page([FULL])


def test_an_identity_is_replaced_as_a_whole(identities: Identities | MemoryIdentities) -> None:
    identities.create(IDENTITY, NOW)
    changed = replace(FULL, stream=Stream.TRANSACTIONAL)
    assert identities.replace(changed)
    assert identities.get("acme", "i1") == changed
    assert identities.replace(IDENTITY)
    assert identities.get("acme", "i1") == IDENTITY


def test_an_identity_of_nobody_is_neither_replaced_nor_deleted(
    identities: Identities | MemoryIdentities,
) -> None:
    assert not identities.replace(IDENTITY)
    assert not identities.delete("acme", "i1")


def test_a_deleted_identity_is_gone(identities: Identities | MemoryIdentities) -> None:
    identities.create(IDENTITY, NOW)
    assert identities.delete("acme", "i1")
    assert identities.get("acme", "i1") is None
