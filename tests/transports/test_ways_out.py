"""The ways out: each sending IP gets the transport of its kind."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

import pytest

from local.memory.ses_rate import SesRate
from mailtide.domain.handover import Accepted, Outcome, Outgoing, Refused
from mailtide.domain.sending_ip import Relay, SendingIp, Ses, Tls
from mailtide.domain.sending_ip import Transport as Kind
from mailtide.domain.suppression import Stream
from mailtide.flows.hand_over import Transport
from mailtide.transports.ses_account import SesAccounts
from mailtide.transports.ses_call import MOST_IN_FLIGHT, Done, SesParts
from mailtide.transports.ses_crew import Threads
from mailtide.transports.ses_mailer import SesMailer
from mailtide.transports.smtp import SmtpTransport
from mailtide.transports.ways_out import WaysOut
from tests.transports.scripted_relay import FREEZE, LATER, LOOPBACK, ScriptedRelay, reaching
from tests.transports.scripted_ses import Reply, ScriptedSes, client_of, wire_to

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)


def ip(transport: Kind) -> SendingIp:
    return SendingIp("acme", "ip1", "a1", Stream.MARKETING, transport)


def no_ses() -> SesParts:
    raise AssertionError("a relay needs no SES")


@pytest.mark.parametrize(("secret", "password"), [(None, None), ("relay/ip1", "the relay/ip1")])
def test_a_relay_gets_its_password_and_no_ses(secret: str | None, password: str | None) -> None:
    relay = Relay("relay.example", 587, Tls.STARTTLS, "user", secret)
    way = WaysOut(lambda name: f"the {name}", [], no_ses, lambda: NOW).of(ip(relay))
    assert isinstance(way, SmtpTransport)
    assert (way.relay, way.password) == (relay, password)


def test_ips_of_one_relay_share_its_connections() -> None:
    relay = Relay("relay.example", 587, Tls.STARTTLS, "user", "relay/ip1")
    passwords = iter(["old", "old", "new"])
    ways = WaysOut(lambda name: next(passwords), [], no_ses, lambda: NOW)
    first, second, third = (ways.of(ip(relay)) for _ in range(3))
    assert first is second
    assert third is not first


def test_a_password_is_not_shown_with_the_ways_out() -> None:
    ways = WaysOut(lambda name: "open sesame", [], no_ses, lambda: NOW)
    ways.of(ip(Relay("relay.example", 587, Tls.STARTTLS, "user", "relay/ip1")))
    assert "open sesame" not in repr(ways)


def test_a_silent_relay_does_not_hold_up_another() -> None:
    rendered: list[str] = []

    def message(name: str) -> Outgoing:
        def render() -> bytes:
            rendered.append(name)
            return b"x\r\n"

        return Outgoing(name, f"{name}@example.net", f"b-{name}@bounce.example", render)

    with ScriptedRelay({("mail", 0): FREEZE}) as silent, ScriptedRelay() as quick:
        relays = [Relay("127.0.0.1", relay.port, Tls.NONE) for relay in (silent, quick)]
        ways = WaysOut(lambda name: "", LOOPBACK, no_ses, lambda: NOW)
        silenced = reaching(relays[0], reply_seconds=0.5)
        loads: list[tuple[Transport, list[Outgoing]]] = [
            (silenced, [message("a"), message("b")]),
            (ways.of(ip(relays[1])), [message("c"), message("d")]),
        ]
        outcomes = [[type(outcome) for outcome in load] for load in ways.deliver(loads, LATER)]
        silenced.close()
        ways.close()
    assert outcomes == [[Refused, Accepted], [Accepted, Accepted]]
    assert rendered.index("d") < rendered.index("b")


def test_relays_and_ses_get_their_own_outcomes() -> None:
    class Mailed:
        def deliver(self, outgoing: Sequence[Outgoing], until: datetime) -> list[Outcome]:
            return [Accepted(one.message_id) for one in outgoing]

    one = Outgoing("m", "a@example.net", "b-m@bounce.example", lambda: b"x\r\n")
    with ScriptedRelay() as relay:
        ways = WaysOut(lambda name: "", LOOPBACK, no_ses, lambda: NOW)
        to = ways.of(ip(Relay("127.0.0.1", relay.port, Tls.NONE)))
        answers = ways.deliver([(Mailed(), [one]), (to, [one]), (Mailed(), [])], LATER)
        ways.close()
    assert answers == [[Accepted("m")], [Accepted("250 2.0.0 Message queued with id 1f")], []]


def test_an_ip_of_ses_sends_with_its_own_configuration_set_until_it_is_closed() -> None:
    one = Outgoing("m" * 26, "a@example.net", "b-m@bounce.example", lambda: b"x\r\n")
    quota = {"Max24HourSend": -1.0, "MaxSendRate": 500.0, "SentLast24Hours": 0.0}
    account = {
        "ProductionAccessEnabled": True,
        "SendingEnabled": True,
        "EnforcementStatus": "HEALTHY",
        "SendQuota": quota,
    }

    def clock() -> datetime:
        return datetime.now(UTC)

    until = clock() + timedelta(hours=1)
    with ScriptedSes(answer=lambda *_: Reply(200, account)) as ses:
        client = client_of(ses.url)
        crew = Threads[Done](MOST_IN_FLIGHT)
        known = SesAccounts(lambda: client, clock)
        parts = SesParts(SesMailer(wire_to(ses.url)), known, SesRate(), crew, clock)
        ways = WaysOut(lambda name: "", [], lambda: parts, clock)
        way = ways.of(ip(Ses("news", "managed")))
        for _ in range(2):
            ways.deliver([(way, [one])], until)
        assert ses.connections == 2  # the account's and one to send over
        ways.close()
        assert ways.deliver([(way, [one])], until) == [[Accepted("ses-3")]]
        ways.close()
    assert ses.connections == 3
    assert {taken["ConfigurationSetName"] for taken in ses.taken} == {"news"}
