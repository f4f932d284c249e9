"""A block's steps: read, reserve, open, write ahead, hand over, carry on, correct."""

from dataclasses import replace
from datetime import timedelta

import pytest

from local.memory.quota import Quota
from mailtide.domain.batch import Batch, Phase, Tally
from mailtide.domain.campaign import GIVE_UP_HOURS
from mailtide.domain.event import EventType
from mailtide.domain.handover import Unknown
from mailtide.domain.message import Dimensions, EventRow
from mailtide.domain.pool import Pool
from mailtide.domain.quota import ReservationKey
from mailtide.domain.sending_ip import SendingIp
from mailtide.domain.suppression import Stream
from tests.collaborators import SEAL
from tests.sending import Stage, claimed_block, reserved, send_block, sent
from tests.sending_outside import HOUR, LATER, NEVER, NOW, ORG, contact_id, message_id

LOST = Unknown("no answer")


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_everybody_is_mailed_once_in_the_manifests_order(stage: Stage) -> None:
    assert sent(stage, claimed_block(stage, 3, 1, 2)) == Tally(accepted=3)
    assert stage.relay.mailed() == [3, 1, 2]


def test_only_the_claimed_block_is_mailed(stage: Stage) -> None:
    batch = claimed_block(stage, *range(6), watermark=2, block_end=4)
    assert sent(stage, batch) == Tally(accepted=2)
    assert stage.relay.mailed() == [2, 3]


def test_the_envelope_names_sending_ip_and_message(stage: Stage) -> None:
    send_block(stage, claimed_block(stage, 1))
    (mail,) = stage.relay.taken
    assert mail.recipient == "c1@example.com"
    assert mail.envelope_from == SEAL.mail_from("tip1", message_id(1), "bounces.example.com")


def test_a_message_is_made_at_the_moment_it_leaves(stage: Stage) -> None:
    def time_passes() -> None:
        stage.clock.now += 2 * HOUR

    stage.relay.meanwhile[2] = time_passes
    send_block(stage, claimed_block(stage, 1, 2))
    assert [body.split()[-1] for body in stage.relay.bodies] == [b"10:00", b"12:00"]


@pytest.mark.parametrize("ready", [True, False])
def test_transports_hear_whether_messages_are_ready(stage: Stage, ready: bool) -> None:
    stage.content.ready = ready
    send_block(stage, claimed_block(stage, 1))
    assert [one.ready for one in stage.relay.taken] == [ready]


def test_rows_are_written_before_the_first_byte_leaves(stage: Stage) -> None:
    seen: list[EventRow | None] = []
    stage.relay.meanwhile[1] = lambda: seen.extend(stage.row(n) for n in (1, 2))
    send_block(stage, claimed_block(stage, 1, 2, attempt=2))
    assert [row.attempt for row in seen if row] == [2, 2]
    assert seen[0] is not None
    assert seen[0].data == {"state": "sent"}
    assert seen[0].of == Dimensions(
        org_id="org0000000000000",
        campaign_id="campaign00",
        recipient_id=contact_id(1),
        list_id="list000000000000",
        variant="a",
        identity_id="identity1",
        ip_id="ip1",
        provider="gmail",
    )


def test_the_block_is_open_before_the_first_byte_leaves(stage: Stage) -> None:
    seen: list[Batch] = []
    stage.relay.meanwhile[1] = lambda: seen.append(stage.stored())
    send_block(stage, claimed_block(stage, 1, 2))
    assert [(b.phase, b.placement, b.ips, b.placed_at) for b in seen] == [
        (Phase.OPENED, "aa", ("ip1",), NOW)
    ]


def test_who_was_suppressed_since_the_launch_is_left_out_with_a_row(stage: Stage) -> None:
    batch = claimed_block(stage, 1, 2, 3)
    stage.suppress(2)
    assert sent(stage, batch) == Tally(accepted=2, left_out=1)
    assert stage.relay.mailed() == [1, 3]
    row = stage.row(2, "suppressed")
    assert row is not None
    assert (row.event_type, row.data) == (EventType.SUPPRESSED, {"reason": "unsubscribe"})
    assert stage.row(2) is None


def test_who_was_erased_since_the_launch_is_left_out(stage: Stage) -> None:
    batch = claimed_block(stage, 1, 2)
    del stage.contacts.rows["org0000000000000", contact_id(1)]
    assert sent(stage, batch) == Tally(accepted=1, left_out=1)
    row = stage.row(1, "suppressed")
    assert row is not None
    assert row.data == {"reason": "erased"}


def test_nobody_left_out_takes_a_place(stage: Stage) -> None:
    ip = stage.put_ip("ip1", limit=1)
    batch = claimed_block(stage, 1, 2)
    stage.suppress(1)
    assert sent(stage, batch) == Tally(accepted=1, left_out=1)
    assert reserved(stage, ip) == 1


def test_mail_spreads_over_the_ips(stage: Stage) -> None:
    stage.put_ip("ip2")
    send_block(stage, claimed_block(stage, *range(6)))
    assert sorted(stage.relay.over) == ["ip1"] * 3 + ["ip2"] * 3


def test_mail_of_an_identity_with_a_pool_leaves_over_its_ips_alone(stage: Stage) -> None:
    stage.put_ip("ip2")
    stage.put_ip("ip3", limit=1)
    pool = Pool(ORG, "p", "News", Stream.MARKETING, frozenset({"ip2", "ip3"}))
    stage.ips.pools[ORG, "p"] = pool
    stage.content.identity = replace(stage.content.identity, pool_id="p")
    assert sent(stage, claimed_block(stage, *range(6))) == Tally(accepted=6)
    assert sorted(stage.relay.over) == ["ip2"] * 5 + ["ip3"]


def test_mail_of_an_identity_whose_pool_has_no_ip_waits(stage: Stage) -> None:
    stage.content.identity = replace(stage.content.identity, pool_id="gone")
    assert sent(stage, claimed_block(stage, 1, 2)) == Tally(later=2)
    assert stage.relay.over == []


def test_no_ip_passes_its_day_and_the_others_go_on_later(stage: Stage) -> None:
    stage.put_ip("ip1", limit=1)
    stage.put_ip("ip2", limit=2)
    assert sent(stage, claimed_block(stage, *range(5))) == Tally(accepted=3, later=2)
    assert sorted(stage.relay.over) == ["ip1", "ip2", "ip2"]
    assert [one.contact_id for one in stage.stored("00000.0").inline] == [
        contact_id(3),
        contact_id(4),
    ]


def test_places_that_other_senders_take_in_between_are_missing(stage: Stage) -> None:
    class Contended(Quota):
        def reserve(self, ip: SendingIp, key: ReservationKey, wanted: int) -> int:
            return super().reserve(ip, key, wanted - 1)

    stage.quota = Contended()
    assert sent(stage, claimed_block(stage, 1, 2)) == Tally(accepted=1, later=1)


def test_what_others_took_of_a_scarce_ip_leaves_over_the_others(stage: Stage) -> None:
    class Taken(Quota):
        """Another sender takes the limited IP's last place between the look and the reservation."""

        def reserve(self, ip: SendingIp, key: ReservationKey, wanted: int) -> int:
            return super().reserve(ip, key, wanted if ip.daily_limit is None else wanted - 1)

    stage.quota = Taken()
    stage.put_ip("ip2", limit=2)
    assert sent(stage, claimed_block(stage, *range(6))) == Tally(accepted=6)
    assert sorted(stage.relay.over) == ["ip1"] * 5 + ["ip2"]


def test_a_block_that_is_run_again_meets_its_own_places(stage: Stage) -> None:
    ip = stage.put_ip("ip1", limit=2)
    batch = claimed_block(stage, 1, 2)
    key = ReservationKey("ip1", NOW.date(), "campaign00#0#00000", 0)
    stage.quota.reserve(ip, key, 2)  # by the holder that died before it opened the block
    assert sent(stage, batch) == Tally(accepted=2)
    assert reserved(stage, ip) == 2


def test_a_block_that_is_run_again_leaves_over_no_ip_that_was_stopped_since(stage: Stage) -> None:
    ip = stage.put_ip("ip1", limit=2)
    batch = claimed_block(stage, 1, 2)
    key = ReservationKey("ip1", NOW.date(), "campaign00#0#00000", 0)
    stage.quota.reserve(ip, key, 2)
    stage.quota.stop("ip1", NOW.date())
    assert sent(stage, batch) == Tally(later=2)
    assert stage.relay.taken == []


def test_a_place_ends_with_its_day(stage: Stage) -> None:
    midnight = NOW.replace(hour=0) + timedelta(days=1)

    def midnight_comes() -> None:
        stage.clock.now = midnight

    stage.relay.meanwhile[2] = midnight_comes
    result = send_block(stage, claimed_block(stage, 1, 2), until=midnight + HOUR)
    assert result is not None
    assert result.tally == Tally(accepted=1, later=1)
    assert stage.relay.mailed() == [1]


def test_no_hand_over_begins_when_time_is_up(stage: Stage) -> None:
    def time_passes() -> None:
        stage.clock.now += HOUR

    stage.relay.meanwhile[2] = time_passes
    result = send_block(stage, claimed_block(stage, 1, 2, 3), until=NOW + HOUR)
    assert result is not None
    assert result.tally == Tally(accepted=1, later=2)


def test_who_is_put_off_goes_on_in_a_later_batch(stage: Stage) -> None:
    stage.relay.answers[2] = LATER
    assert sent(stage, claimed_block(stage, 1, 2)) == Tally(accepted=1, later=1)
    row, later = stage.row(2), stage.stored("00000.0")
    assert row is not None
    assert (row.data, row.smtp_code, row.smtp_response) == (
        {"state": "refused"},
        451,
        "4.7.1 try again later",
    )
    assert (later.attempt, later.tries, later.count) == (2, 1, 1)


def test_who_is_refused_for_good_has_failed_with_the_relays_words(stage: Stage) -> None:
    stage.relay.answers[2] = NEVER
    assert sent(stage, claimed_block(stage, 1, 2)) == Tally(accepted=1, failed=1)
    row = stage.row(2)
    assert row is not None
    assert (row.data, row.smtp_code, row.smtp_response) == (
        {"state": "failed"},
        550,
        "5.7.1 not here",
    )


def test_words_of_the_relay_are_kept_without_the_address(stage: Stage) -> None:
    stage.relay.answers[2] = replace(NEVER, response="5.1.1 <c2@example.com> is not here")
    sent(stage, claimed_block(stage, 1, 2))
    row = stage.row(2)
    assert row is not None
    assert str(row.smtp_response).startswith("5.1.1 <{contact:")


def test_an_answer_that_never_came_is_a_doubt(stage: Stage) -> None:
    stage.relay.answers[2] = LOST
    assert sent(stage, claimed_block(stage, 1, 2)) == Tally(accepted=1, doubted=1)
    assert stage.in_doubt() == [2]
    assert len(stage.batches.rows) == 1  # nobody tries it again


def test_evidence_that_was_faster_than_the_mark_leaves_no_doubt(stage: Stage) -> None:
    stage.relay.answers[1] = LOST

    def delivered() -> None:
        row = stage.row(1)
        assert row is not None
        stage.messages.table.put(
            replace(row, event_key="delivered", event_type=EventType.DELIVERED, data={})
        )

    stage.relay.meanwhile[1] = delivered
    assert sent(stage, claimed_block(stage, 1)) == Tally(accepted=1)
    assert stage.in_doubt() == []


def test_the_places_of_the_refused_are_returned_and_a_doubt_keeps_its_own(stage: Stage) -> None:
    ip = stage.put_ip("ip1", limit=10)
    stage.relay.answers.update({1: LATER, 2: NEVER, 3: LOST})
    send_block(stage, claimed_block(stage, *range(1, 5)))
    assert reserved(stage, ip) == 2


def test_who_is_put_off_when_the_campaigns_patience_is_over_has_expired(stage: Stage) -> None:
    since = NOW - timedelta(hours=GIVE_UP_HOURS)
    batch = claimed_block(stage, 1, 2, 3, attempt=9, tries=8, put_off_at=since)
    stage.relay.answers = {1: LATER, 2: NEVER}
    assert sent(stage, batch) == Tally(accepted=1, failed=2)
    expired, refused = stage.row(1), stage.row(2)
    assert expired is not None
    assert refused is not None
    assert expired.data == {"state": "failed", "reason": "expired"}
    assert (expired.smtp_code, refused.data) == (451, {"state": "failed"})
