"""A single message on its way: the steps of a block, with one recipient and its own content."""

from dataclasses import replace
from datetime import datetime, timedelta
from email import message_from_bytes
from email.message import Message

import pytest

from mailtide.domain.batch import Phase
from mailtide.domain.content import Template
from mailtide.domain.handover import Unknown
from mailtide.domain.links import Tracked
from mailtide.domain.message import DOUBT, QUEUED, SENT, SUPPRESSED, SentState
from mailtide.domain.sending_rate import Per, RateLimit
from mailtide.domain.submission import KEPT, Given
from mailtide.domain.suppression import Evidence, Reason, Stream, Suppression
from mailtide.domain.tracking import MAX_URL
from mailtide.errors import RetryableError
from mailtide.flows.send import Ending
from mailtide.flows.submitted import Either, Single
from tests.sending_outside import LATER, LEASE, NEVER, NOW, ORG, Content
from tests.submitting import DRAFT, RECEIPT, TRANSACTIONAL, Bucket, Counter


def mail_of(counter: Counter) -> Message:
    (body,) = counter.post.bodies
    return message_from_bytes(body)


def text_of(mail: Message, subtype: str = "html") -> str:
    parts = [one for one in mail.walk() if one.get_content_subtype() == subtype]
    return bytes(parts[0].get_payload(decode=True)).decode()


def test_a_message_leaves_over_the_transactional_ip_and_once() -> None:
    counter = Counter()
    (taken,) = counter.submit(DRAFT)
    orders = list(counter.queues.orders)
    assert counter.deliver() == [Ending.DONE]
    assert [counter.transact(order) for order in orders] == [Ending.STALE]
    assert counter.post.over == ["prompt"]
    assert counter.post.taken[0].recipient == "ann@example.com"
    assert counter.keys_of(taken) == [QUEUED, SENT]
    row = counter.messages.table.get(taken.message_id, SENT)
    assert row is not None
    assert (row.of.identity_id, row.of.ip_id, row.of.list_id) == ("shop", "prompt", "")
    assert counter.batch_of(taken).phase is Phase.DONE


def test_it_has_no_way_out_of_bulk_mail_and_nothing_is_followed() -> None:
    counter = Counter()
    counter.submit(replace(DRAFT, name="Ann", reply_to="help@example.com"))
    counter.deliver()
    mail = mail_of(counter)
    assert (mail["To"], mail["Reply-To"]) == ('"Ann" <ann@example.com>', "help@example.com")
    assert mail["Subject"] == "Order 4711"
    assert mail["List-Unsubscribe"] is None
    assert ":transactional:" in mail["Feedback-ID"]
    html = text_of(mail)
    assert "https://shop.example/?o=4711&amp;x=1" in html
    assert "/t/" not in html


def test_opens_and_clicks_are_followed_where_it_is_asked_for() -> None:
    counter = Counter()
    counter.submit(replace(DRAFT, tracked=Tracked(opens=True, clicks=True)))
    counter.deliver()
    html = text_of(mail_of(counter))
    assert "https://t.example/t/c/" in html
    assert "https://t.example/t/o/" in html


def test_a_content_of_its_own_and_files_go_along() -> None:
    counter = Counter()
    own = Template(ORG, "", "", "Hi {{ contact.email }}", "<p>é</p>", text="plain")
    files = (Given("résumé.txt", "text/plain", b"file"),)
    counter.submit(replace(DRAFT, template_id="", content=own, files=files))
    counter.deliver()
    mail = mail_of(counter)
    assert mail["Subject"] == "Hi ann@example.com"
    assert mail.get_content_type() == "multipart/mixed"
    attached = [one for one in mail.walk() if one.get_content_disposition() == "attachment"]
    assert [(one.get_filename(), one.get_payload(decode=True)) for one in attached] == [
        ("résumé.txt", b"file")
    ]


def test_a_link_that_a_variable_makes_too_long_to_follow_fails_the_message() -> None:
    counter = Counter()
    own = Template(ORG, "", "", "Hi", '<a href="https://shop.example/{{ variables.order }}">x</a>')
    draft = replace(DRAFT, template_id="", content=own, variables={"order": "9" * MAX_URL})
    (taken,) = counter.submit(replace(draft, tracked=Tracked(clicks=True)))
    counter.deliver()
    assert counter.why(taken) == f"html: a link is over {MAX_URL} characters"


def test_an_identity_that_would_add_a_header_fails_the_message() -> None:
    counter = Counter()
    counter.identities.replace(replace(TRANSACTIONAL, from_name="Shop\r\nBcc: b@example.net"))
    (taken,) = counter.submit(DRAFT)
    counter.deliver()
    assert counter.why(taken).startswith("headers: ")
    assert counter.post.taken == []


@pytest.mark.parametrize("replaced", [b"", b"other"])
def test_an_upload_that_was_replaced_or_removed_fails_the_message(replaced: bytes) -> None:
    counter = Counter()
    upload = counter.desk().upload(ORG)
    key = f"attachments/{ORG}/uploads/{upload.upload_id}"
    counter.files.put(key, b"first")
    given = (Given("a", "a/b", upload_id=upload.upload_id), Given("b", "a/b", b"x"))
    (taken,) = counter.submit(replace(DRAFT, files=given))
    counter.files.delete([key])
    if replaced:
        counter.files.put(key, replaced)
    counter.deliver()
    assert "removed or replaced" in counter.why(taken)


def test_an_attachment_that_cannot_be_read_now_keeps_nobody_in_doubt() -> None:
    class Throttled(Bucket):
        left: int = 1

        def get(self, key: str) -> bytes:
            if self.left:
                self.left -= 1
                raise RetryableError("SlowDown")
            return super().get(key)

    counter = Counter(files=Throttled())
    (taken,) = counter.submit(replace(DRAFT, files=(Given("a", "a/b", b"file"),)))
    with pytest.raises(RetryableError):
        counter.deliver()
    assert counter.batch_of(taken).phase is Phase.CLAIMED
    counter.later(LEASE)
    assert counter.deliver() == [Ending.DONE]
    assert counter.keys_of(taken) == [QUEUED, SENT]
    assert len(counter.post.taken) == 1


@pytest.mark.parametrize(
    ("reason", "leaves"),
    [(Reason.UNSUBSCRIBE, True), (Reason.MANUAL, True), (Reason.HARD_BOUNCE, False)],
)
def test_only_what_stops_all_mail_stops_it(reason: Reason, leaves: bool) -> None:
    counter = Counter()
    (taken,) = counter.submit(DRAFT)
    evidence = {reason: Evidence(NOW, "words")}
    counter.suppressions.add(Suppression(ORG, taken.contact_id, evidence))
    counter.deliver()
    assert counter.keys_of(taken) == [QUEUED, SENT if leaves else SUPPRESSED]


def test_an_erased_recipient_gets_nothing() -> None:
    counter = Counter()
    (taken,) = counter.submit(DRAFT)
    counter.submissions.forget(ORG, taken.contact_id)
    counter.contacts.delete(ORG, taken.contact_id)
    assert counter.deliver() == [Ending.DONE]
    assert counter.why(taken, SUPPRESSED) == "erased"


def test_what_was_erased_while_it_waited_stays_unsent_whoever_comes_back() -> None:
    counter = Counter()
    (taken,) = counter.submit(DRAFT)
    counter.submissions.forget(ORG, taken.contact_id)
    assert counter.deliver() == [Ending.DONE]
    assert counter.post.taken == []


def test_a_relay_that_says_later_is_asked_again_until_the_message_expires() -> None:
    counter = Counter()
    (taken,) = counter.submit(replace(DRAFT, expires_after=timedelta(minutes=10)))
    counter.post.answer = LATER
    waits = []
    for _ in range(20):
        counter.deliver()
        if SUPPRESSED in counter.keys_of(taken):
            break
        before = counter.clock.now
        while not counter.queues.orders:
            counter.later(timedelta(seconds=10))
        waits.append((counter.clock.now - before).total_seconds())
    least = [30, 60, 120, 240, 480]  # and a spread of a quarter, and a look every 10 seconds
    assert len(waits) == len(least)
    assert all(one <= wait <= one * 1.25 + 10 for one, wait in zip(least, waits, strict=True))
    assert counter.why(taken, SUPPRESSED) == "expired"


def test_single_messages_keep_to_rate_limits_and_each_waits_for_its_own_turn() -> None:
    counter = Counter()
    limited = replace(TRANSACTIONAL, rate_limits=(RateLimit(2, Per.MINUTE),))
    counter.identities.items[ORG, TRANSACTIONAL.identity_id] = limited
    counter.submit(*[replace(DRAFT, email=f"c{n}@example.com") for n in range(5)])
    left = []
    for minute in range(3):
        counter.deliver()
        left.append(len(counter.post.taken))
        counter.clock.now = NOW.replace(second=0) + timedelta(minutes=minute + 1, seconds=59)
        counter.later(timedelta(0))
    assert left == [2, 4, 5]
    looked_at = [batch for batch, _ in counter.batches.rows.values()]
    assert len(looked_at) == 5 + 3  # one more batch for each that waited: nobody asked twice


def test_what_expires_before_its_turn_is_told_so_at_once_and_before_its_row_is_gone() -> None:
    counter = Counter()
    limited = replace(TRANSACTIONAL, rate_limits=(RateLimit(3, Per.DAY),))
    counter.identities.items[ORG, TRANSACTIONAL.identity_id] = limited
    patience = timedelta(hours=15)  # until an hour after midnight
    drafts = [replace(DRAFT, email=f"c{n}@example.com", expires_after=patience) for n in range(18)]
    taken = counter.submit(*drafts)
    told_at: dict[str, datetime] = {}
    while counter.clock.now < NOW + timedelta(days=4):
        counter.deliver()
        for one in taken:
            if SUPPRESSED in counter.keys_of(one):
                told_at.setdefault(one.message_id, counter.clock.now)
        counter.later(timedelta(hours=1))
        if counter.clock.now >= NOW + patience + KEPT:
            counter.submissions.rows.clear()
    assert len(counter.post.taken) == 3 + 3
    assert len(told_at) == 12
    assert set(told_at.values()) == {NOW + patience}
    assert {counter.why(one, SUPPRESSED) for one in taken if one.message_id in told_at} == {
        "expired"
    }


def test_a_refusal_for_good_is_told_and_not_tried_again() -> None:
    counter = Counter()
    counter.post.answer = NEVER
    (taken,) = counter.submit(DRAFT)
    counter.deliver()
    row = counter.messages.table.get(taken.message_id, SENT)
    assert row is not None
    assert row.data["state"] == SentState.FAILED
    counter.later(timedelta(days=1))
    assert counter.queues.orders == []


def test_what_nobody_answered_is_in_doubt_and_never_sent_again() -> None:
    counter = Counter()
    counter.post.answer = Unknown("no answer")
    (taken,) = counter.submit(DRAFT)
    counter.deliver()
    assert counter.keys_of(taken) == [DOUBT, QUEUED, SENT]
    counter.later(timedelta(days=1))
    assert counter.queues.orders == []


def test_a_holder_that_dies_with_the_block_open_leaves_a_doubt() -> None:
    counter = Counter()
    (taken,) = counter.submit(DRAFT)

    def die() -> None:
        raise KeyboardInterrupt

    counter.post.before = die
    with pytest.raises(KeyboardInterrupt):
        counter.deliver()
    counter.post.before = tuple
    counter.later(LEASE)
    assert counter.deliver() == [Ending.DONE]
    assert counter.keys_of(taken) == [DOUBT, QUEUED, SENT]
    assert counter.post.taken == []


@pytest.mark.parametrize("gone", ["identity", "template"])
def test_what_was_deleted_meanwhile_fails_the_message(gone: str) -> None:
    counter = Counter()
    (taken,) = counter.submit(DRAFT)
    if gone == "identity":
        counter.identities.delete(ORG, TRANSACTIONAL.identity_id)
    else:
        counter.templates.delete(ORG, RECEIPT.template_id)
    counter.deliver()
    assert counter.why(taken) == f"its {gone} was deleted"


def test_a_template_that_no_message_can_be_made_of_fails_it() -> None:
    counter = Counter()
    (taken,) = counter.submit(DRAFT)
    bad = replace(RECEIPT, html='<a href="{{ variables.url }}">x</a>')
    counter.templates.replace(bad, NOW)
    counter.deliver()
    assert "host of a link" in counter.why(taken)


def test_a_subject_that_is_empty_for_the_contact_fails_it() -> None:
    counter = Counter()
    (taken,) = counter.submit(replace(DRAFT, variables={}))
    counter.templates.replace(replace(RECEIPT, subject="{{ variables.order }}"), NOW)
    counter.deliver()
    assert "empty" in counter.why(taken)


def test_contents_are_prepared_once_and_the_oldest_are_let_go() -> None:
    counter = Counter()
    source = counter.submitted()
    (taken,) = counter.submit(DRAFT)
    batch = counter.batch_of(taken)
    source.compose(source.of(batch))
    first = next(iter(source.prepared))
    source.compose(source.of(batch))
    assert list(source.prepared) == [first]
    for number in range(40):
        counter.templates.replace(replace(RECEIPT, subject=f"{number}"), NOW)
        source.compose(source.of(batch))
    assert first not in source.prepared


def test_one_queue_carries_campaigns_and_single_messages() -> None:
    counter = Counter()
    content = Content()
    either = Either(counter.campaigns, counter.recipients(), content, counter.submitted())
    campaign_batch = counter.put_batch(1)
    campaign = either.of(campaign_batch)
    assert campaign is not None
    assert either.compose(campaign) is content
    assert either.read(replace(campaign_batch, block_end=1))[0].planned.list_id
    (taken,) = counter.submit(DRAFT)
    batch = replace(counter.batch_of(taken), block_end=1)
    single = either.of(batch)
    assert isinstance(single, Single)
    assert either.compose(single).identity == TRANSACTIONAL
    assert either.read(batch)[0].message_id == taken.message_id


def test_marketing_that_is_sent_singly_has_the_ways_out_and_marketings_suppressions() -> None:
    counter = Counter()
    (taken,) = counter.submit(DRAFT)
    bulk = replace(taken, stream=Stream.MARKETING)
    counter.submissions.rows[ORG, taken.contact_id, taken.message_id] = bulk
    source = counter.submitted()
    batch = replace(counter.batch_of(taken), submitted=Stream.MARKETING, block_end=1)
    contact = counter.contacts.get(ORG, taken.contact_id)
    assert contact is not None
    mail = message_from_bytes(
        source.compose(source.of(batch)).render(contact, taken.message_id, NOW)
    )
    assert mail["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    reasons = {Reason.UNSUBSCRIBE: Evidence(NOW, "words")}
    counter.suppressions.add(Suppression(ORG, taken.contact_id, reasons))
    assert source.read(batch)[0].left_out == "unsubscribe"
