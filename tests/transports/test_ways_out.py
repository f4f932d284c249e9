"""The ways out: each sending IP gets the transport of its kind."""

from datetime import UTC, datetime

import pytest

from local.memory.ses_rate import SesRate
from mailtide.domain.sending_ip import Relay, SendingIp, Ses, Tls, Transport
from mailtide.domain.suppression import Stream
from mailtide.transports.ses import SesTransport
from mailtide.transports.ses_account import SesAccounts
from mailtide.transports.ses_mailer import SesMailer
from mailtide.transports.smtp import SmtpTransport
from mailtide.transports.ways_out import SesParts, WaysOut
from tests.transports.scripted_ses import client_of

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)


def ip(transport: Transport) -> SendingIp:
    return SendingIp("acme", "ip1", "a1", Stream.MARKETING, transport)


def no_ses() -> SesParts:
    raise AssertionError("a relay needs no SES")


@pytest.mark.parametrize(("secret", "password"), [(None, None), ("relay/ip1", "the relay/ip1")])
def test_a_relay_gets_its_password_and_no_ses(secret: str | None, password: str | None) -> None:
    relay = Relay("relay.example", 587, Tls.STARTTLS, "user", secret)
    way = WaysOut(lambda name: f"the {name}", [], no_ses, lambda: NOW).of(ip(relay))
    assert isinstance(way, SmtpTransport)
    assert (way.relay, way.password) == (relay, password)


def test_an_ip_of_ses_sends_with_its_own_configuration_set() -> None:
    client = client_of("http://127.0.0.1:9")
    parts = SesParts(SesMailer(client), SesAccounts(lambda: client, lambda: NOW), SesRate())
    ses = Ses("news", "managed")
    way = WaysOut(lambda name: "", [], lambda: parts, lambda: NOW).of(ip(ses))
    assert isinstance(way, SesTransport)
    assert (way.ip, way.ses) == (ip(ses), ses)
    assert (way.mailer, way.account, way.rate) == (parts.mailer, parts.account, parts.rate)
