"""The desk: what it takes, what it refuses, and that a call made again takes nothing twice."""

from dataclasses import replace
from datetime import timedelta

import pytest

from mailtide.domain.batch import Phase
from mailtide.domain.content import Template
from mailtide.domain.message import QUEUED
from mailtide.domain.submission import MAX_FILE_BYTES, PATIENCE, Given, ref_of
from mailtide.domain.suppression import Evidence, Reason, Stream, Suppression
from mailtide.errors import ConflictError, InvalidInputError, RetryableError
from mailtide.flows.message_rehearsal import Rehearsed
from mailtide.flows.pointers import Order
from tests.sending_outside import NOW, ORG
from tests.submitting import DRAFT, TRANSACTIONAL, Counter

OWN = Template(ORG, "", "", "Hello", "<p>{{ variables.order }}</p>")


def test_a_message_is_taken_with_its_batch_its_row_and_its_pointer() -> None:
    counter = Counter()
    (taken,) = counter.submit(DRAFT)
    batch = counter.batch_of(taken)
    assert (batch.phase, batch.fence, batch.due_at) == (Phase.RELEASED, 1, NOW + PATIENCE)
    assert batch.submitted is Stream.TRANSACTIONAL
    assert counter.keys_of(taken) == [QUEUED]
    assert counter.queues.orders == [Order(ref_of(taken), 1, Stream.TRANSACTIONAL)]


def test_its_recipient_becomes_a_contact_who_is_in_no_segment() -> None:
    counter = Counter()
    (taken,) = counter.submit(replace(DRAFT, name="Ann"))
    contact = counter.contacts.get(ORG, taken.contact_id)
    assert contact is not None
    assert (contact.email, contact.messages_only) == ("ann@example.com", True)
    assert taken.to_name == "Ann"


def test_who_is_a_contact_stays_as_they_are() -> None:
    counter = Counter()
    (first,) = counter.submit(DRAFT)
    known = counter.contacts.get(ORG, first.contact_id)
    assert known is not None
    counter.contacts.put(replace(known, attributes={"a": 1}, messages_only=False))
    counter.submit(DRAFT, replace(DRAFT, email="Bob@example.com"), seed="other")
    assert counter.contacts.get(ORG, first.contact_id) == replace(
        known, attributes={"a": 1}, messages_only=False
    )


def test_a_call_that_is_made_again_takes_nothing_twice() -> None:
    counter = Counter()
    first = counter.submit(DRAFT, DRAFT)
    counter.deliver()
    counter.clock.now += timedelta(seconds=31)
    again = counter.submit(DRAFT, DRAFT)
    assert [one.message_id for one in again] == [one.message_id for one in first]
    counter.deliver()
    assert len(counter.post.taken) == 2


def test_another_call_takes_another_message() -> None:
    counter = Counter()
    one, two = counter.submit(DRAFT), counter.submit(DRAFT, seed="next")
    assert one[0].message_id != two[0].message_id


def test_one_bad_message_spoils_no_other() -> None:
    counter = Counter()
    bad = replace(DRAFT, email="nobody")
    found = counter.desk().submit(ORG, [bad, DRAFT, replace(DRAFT, identity_id="x")], "call")
    assert [getattr(one, "code", "taken") for one in found] == [
        "invalid_address",
        "taken",
        "invalid_request",
    ]
    assert len(counter.queues.orders) == 1


def test_a_pointer_that_cannot_be_sent_is_made_up_for() -> None:
    counter = Counter()

    def send(orders: list[Order]) -> None:
        raise RetryableError("the queue is down")

    counter.queues.send = send  # type: ignore[method-assign]
    (taken,) = counter.submit(DRAFT)
    del counter.queues.send
    counter.later(PATIENCE)
    counter.deliver()
    assert [one.message_id for one in counter.post.taken] == [taken.message_id]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"email": "nobody"}, "invalid_address"),
        ({"reply_to": "nobody"}, "invalid_address"),
        ({"identity_id": "x"}, "invalid_request"),
        ({"template_id": "x"}, "invalid_request"),
        ({"content": replace(OWN, html="<p>{{ nothing }}</p>")}, "template_error"),
        ({"variables": {"text": "x" * 350_000}}, "payload_too_large"),
        ({"files": (Given("a.pdf", "application/pdf", upload_id="x"),)}, "attachment_missing"),
        ({"files": (Given("a", "a/b", b"x" * (MAX_FILE_BYTES + 1)),)}, "payload_too_large"),
    ],
)
def test_what_cannot_be_sent_is_refused(changes: dict[str, object], code: str) -> None:
    counter = Counter()
    assert counter.refused(**changes).code == code
    assert (counter.submissions.rows, counter.contacts.rows, counter.files.objects) == ({}, {}, {})


def test_a_content_that_fails_is_looked_at_once_and_refused_each_time() -> None:
    counter = Counter()
    bad = replace(DRAFT, template_id="", content=replace(OWN, subject=""))
    found = counter.desk().submit(ORG, [bad, bad], "call")
    assert [type(one) for one in found] == [InvalidInputError] * 2
    assert found[0] is found[1]


@pytest.mark.parametrize("pool_id", [None, "p"])
def test_without_a_sending_ip_nothing_is_taken(pool_id: str | None) -> None:
    counter = Counter()
    counter.identities.replace(replace(TRANSACTIONAL, pool_id=pool_id))
    if pool_id is None:
        counter.ips.put(replace(counter.put_prompt_ip(), active=False))
    assert isinstance(counter.refused(), ConflictError)


def test_an_identity_for_marketing_is_refused() -> None:
    counter = Counter()
    counter.identities.replace(replace(TRANSACTIONAL, stream=Stream.MARKETING))
    assert "transactional" in counter.refused().detail


def test_files_lie_under_the_contact_and_uploads_under_their_own_name() -> None:
    counter = Counter()
    upload = counter.desk().upload(ORG)
    counter.files.put(f"attachments/{ORG}/uploads/{upload.upload_id}", b"large")
    given = (
        Given("a.txt", "text/plain", b"small"),
        Given("b.pdf", "application/pdf", upload_id=upload.upload_id),
    )
    (taken,) = counter.submit(replace(DRAFT, files=given))
    small, large = taken.attachments
    assert small.key == f"attachments/{ORG}/{taken.contact_id}/{taken.message_id}/0"
    assert (small.size, large.size, bool(large.etag)) == (5, 5, True)
    assert counter.files.get(small.key) == b"small"


def test_addresses_in_tags_are_kept_by_reference() -> None:
    counter = Counter()
    (taken,) = counter.submit(replace(DRAFT, tags={"who": "ann@example.com"}))
    row = counter.messages.table.get(taken.message_id, QUEUED)
    assert row is not None
    assert row.data["tags"] == {"who": f"{{contact:{taken.contact_id}}}"}


def test_a_rehearsal_makes_each_message_and_keeps_nothing() -> None:
    counter = Counter()
    drafts = [
        DRAFT,
        replace(DRAFT, template_id="", content=OWN),
        replace(DRAFT, email="nobody"),
        replace(DRAFT, template_id="", content=replace(OWN, subject="{{ variables.none }}")),
    ]
    found = counter.rehearsal().run(ORG, drafts, "call")
    codes = [getattr(one, "code", None) for one in found]
    assert codes == [None, None, "invalid_address", "template_error"]
    assert (counter.submissions.rows, counter.contacts.rows, counter.queues.orders) == ({}, {}, [])


def test_a_rehearsal_says_who_is_suppressed() -> None:
    counter = Counter()
    contact_id = counter.desk().contact_id(ORG, "ann@example.com")
    reasons = {Reason.COMPLAINT: Evidence(NOW, "words")}
    counter.suppressions.add(Suppression(ORG, contact_id, reasons))
    (found,) = counter.rehearsal().run(ORG, [DRAFT], "call")
    assert isinstance(found, Rehearsed)
    assert found.suppressed == "complaint"


def test_a_rehearsal_tells_of_a_template_that_no_message_can_be_made_of() -> None:
    counter = Counter()
    template = Template(ORG, "receipt", "", "S", '<a href="{{ variables.url }}">x</a>')
    counter.templates.replace(template, NOW)
    (found,) = counter.rehearsal().run(ORG, [DRAFT], "call")
    assert isinstance(found, InvalidInputError)
    assert found.code == "template_error"
