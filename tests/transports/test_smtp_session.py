"""Sessions with a relay: where it may stand, encryption, log-in, and addresses on the wire."""

import datetime as dt
import ipaddress
import socket
import ssl
from base64 import b64decode, b64encode
from typing import Any

import pytest

from mailtide.domain.handover import Accepted, Outcome, Outgoing, Refused, Unknown
from mailtide.domain.sending_ip import Relay, Tls
from mailtide.transports.smtp import SmtpTransport
from tests.transports.scripted_relay import (
    FREEZE,
    LOOPBACK,
    NOW,
    ScriptedRelay,
    handed_over,
    reaching,
)

AUTH = ("AUTH PLAIN",)


def message(name: str) -> Outgoing:
    return Outgoing(name, f"{name}@example.net", f"b-ip1-{name}@bounce.example", lambda: b"x\r\n")


def deliver(relay: Relay, *outgoing: Outgoing, **changes: Any) -> list[Outcome]:
    return handed_over(reaching(relay, **changes), outgoing or [message("a")])


def b64(text: str) -> str:
    return b64encode(text.encode()).decode()


def put_off(outcomes: list[Outcome], words: str, code: int | None = None) -> None:
    """Check that all were refused until later, for a reason."""
    for outcome in outcomes:
        assert isinstance(outcome, Refused)
        assert outcome.later
        assert outcome.code == code
        assert words in outcome.response


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_encrypts_and_logs_in(tls: Tls, server_tls: ssl.SSLContext, trust: ssl.SSLContext) -> None:
    implicit = tls is Tls.IMPLICIT
    with ScriptedRelay(extensions=("STARTTLS", *AUTH), tls=server_tls, implicit=implicit) as relay:
        to = Relay("localhost", relay.port, tls, "user")
        outcomes = deliver(to, password="secret", trust=trust)  # noqa: S106
    assert outcomes == [Accepted("250 2.0.0 Message queued with id 1f")]
    verbs = [command.split()[0].lower() for command in relay.commands]
    before = ["ehlo"] if implicit else ["ehlo", "starttls", "ehlo"]
    assert verbs == [*before, "auth", "mail", "rcpt", "data", "quit"]


@pytest.mark.parametrize("tls", [Tls.STARTTLS, Tls.IMPLICIT])
def test_a_certificate_that_is_not_trusted_gets_no_mail_and_no_password(
    tls: Tls, server_tls: ssl.SSLContext
) -> None:
    implicit = tls is Tls.IMPLICIT
    with ScriptedRelay(extensions=("STARTTLS", *AUTH), tls=server_tls, implicit=implicit) as relay:
        to = Relay("localhost", relay.port, tls, "user")
        put_off(deliver(to, password="secret"), "certificate")  # noqa: S106
    assert not relay.taken
    assert not any(command.lower().startswith("auth") for command in relay.commands)


def test_a_certificate_of_another_host_is_not_trusted(
    server_tls: ssl.SSLContext, trust: ssl.SSLContext
) -> None:
    with ScriptedRelay(tls=server_tls, implicit=True) as relay:
        put_off(deliver(Relay("127.0.0.1", relay.port, Tls.IMPLICIT), trust=trust), "certificate")


def test_never_goes_on_in_the_clear_when_starttls_is_missing(trust: ssl.SSLContext) -> None:
    with ScriptedRelay(extensions=AUTH) as relay:
        to = Relay("localhost", relay.port, Tls.STARTTLS, "user")
        put_off(deliver(to, password="secret", trust=trust), "does not offer STARTTLS")  # noqa: S106
    assert [command.split()[0] for command in relay.commands] == ["EHLO"]


def test_a_refused_starttls_puts_off(trust: ssl.SSLContext) -> None:
    with ScriptedRelay({("starttls", 0): "454 4.7.0 not now"}, extensions=("STARTTLS",)) as relay:
        to = Relay("localhost", relay.port, Tls.STARTTLS)
        put_off(deliver(to, trust=trust), "454 4.7.0 not now", 454)


@pytest.mark.parametrize(
    ("reply", "code"), [("535 5.7.8 wrong", 535), ("454 4.7.0 not now", 454), ("drop", None)]
)
def test_a_refused_log_in_puts_off_with_its_reply(reply: str, code: int | None) -> None:
    with ScriptedRelay({("auth", 0): reply}, extensions=AUTH) as relay:
        to = Relay("127.0.0.1", relay.port, Tls.NONE, "user")
        put_off(deliver(to, password="secret"), reply if code else "connection", code)  # noqa: S106
    assert not relay.taken


@pytest.mark.parametrize("extensions", [(), ("AUTH CRAM-MD5",)])
def test_a_log_in_that_cannot_be_made_puts_off(extensions: tuple[str, ...]) -> None:
    with ScriptedRelay(extensions=extensions) as relay:
        put_off(deliver(Relay("127.0.0.1", relay.port, Tls.NONE, "user")), "no connection")
    assert [command.split()[0] for command in relay.commands] == ["EHLO"]


def test_logs_in_with_names_of_all_letters() -> None:
    with ScriptedRelay(extensions=AUTH) as relay:
        to = Relay("127.0.0.1", relay.port, Tls.NONE, "jürgen")
        assert kinds(deliver(to, password="geheim")) == ["accepted"]  # noqa: S106
    assert b64decode(relay.commands[1].removeprefix("AUTH PLAIN ")).decode() == "\0jürgen\0geheim"


def test_logs_in_word_by_word_where_nothing_else_is_offered() -> None:
    replies = {("auth", 0): "334 VXNlcm5hbWU6", (b64("user").lower(), 0): "334 UGFzc3dvcmQ6"}
    script = {**replies, (b64("secret").lower(), 0): "235 2.7.0 welcome"}
    with ScriptedRelay(script, extensions=("AUTH LOGIN",)) as relay:
        to = Relay("127.0.0.1", relay.port, Tls.NONE, "user")
        assert kinds(deliver(to, password="secret")) == ["accepted"]  # noqa: S106


def test_a_login_in_the_clear_ends_before_the_connection(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, "93.184.216.34")
    put_off(deliver(Relay("relay.example", 587, Tls.NONE, "user")), "A login needs")


def test_a_relay_that_no_network_names_is_not_connected_to() -> None:
    with ScriptedRelay() as relay:
        to = Relay("127.0.0.1", relay.port, Tls.NONE)
        put_off(deliver(to, networks=()), "relay_networks")
    assert relay.connections == 0


def test_every_address_is_checked_before_any_is_connected_to(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    resolve(monkeypatch, "127.0.0.1", "10.0.0.1")
    with ScriptedRelay() as relay:
        put_off(deliver(Relay("relay.example", relay.port, Tls.NONE)), "10.0.0.1")
    assert relay.connections == 0


def test_connects_to_the_address_that_was_checked(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = resolve(monkeypatch, "127.0.0.1")
    with ScriptedRelay() as relay:
        outcomes = deliver(Relay("relay.example", relay.port, Tls.NONE))
    assert [type(outcome) for outcome in outcomes] == [Accepted]
    assert [host for host in asked if not ipaddress_like(host)] == ["relay.example"]


def test_tries_the_next_address_when_one_does_not_answer(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, "127.0.0.2", "127.0.0.1")
    with ScriptedRelay() as relay:
        outcomes = deliver(Relay("relay.example", relay.port, Tls.NONE))
    assert [type(outcome) for outcome in outcomes] == [Accepted]


def test_a_name_that_does_not_resolve_puts_off(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch)
    put_off(deliver(Relay("relay.example", 587, Tls.NONE)), "no connection to the relay")


def test_a_port_that_is_not_for_relays_is_not_connected_to(monkeypatch: pytest.MonkeyPatch) -> None:
    resolve(monkeypatch, "8.8.8.8")
    put_off(deliver(Relay("relay.example", 25, Tls.NONE)), "port 25")


def resolve(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name resolve to these addresses; return the list of names asked for."""
    asked: list[str] = []

    def getaddrinfo(host: str, port: int, *_args: Any, **_options: Any) -> list[Any]:
        asked.append(host)
        if not addresses:
            raise socket.gaierror(socket.EAI_NONAME, "not known")
        found = [host] if ipaddress_like(host) else addresses
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port)) for address in found]

    monkeypatch.setattr(socket, "getaddrinfo", getaddrinfo)
    return asked


def ipaddress_like(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True


def plain(relay: ScriptedRelay) -> Relay:
    return Relay("127.0.0.1", relay.port, Tls.NONE)


def kinds(outcomes: list[Outcome]) -> list[str]:
    return [
        ("later" if outcome.later else "never") if isinstance(outcome, Refused) else "accepted"
        for outcome in outcomes
    ]


def deliver_until(relay: ScriptedRelay, until: dt.datetime) -> list[Outcome]:
    """Deliver two messages by the real clock."""
    to = Relay("127.0.0.1", relay.port, Tls.NONE)
    transport = SmtpTransport(to, None, LOOPBACK, lambda: dt.datetime.now(dt.UTC))
    return handed_over(transport, [message("a"), message("b")], until)


@pytest.mark.parametrize(
    ("stage", "words"),
    [("greeting", "the time for handing over has run out"), ("rcpt", "timed out")],
)
def test_a_silent_relay_is_not_waited_for_beyond_the_time(stage: str, words: str) -> None:
    began = dt.datetime.now(dt.UTC)
    with ScriptedRelay({(stage, 0): FREEZE}) as relay:
        outcomes = deliver_until(relay, began + dt.timedelta(seconds=0.5))
        assert dt.datetime.now(dt.UTC) - began < dt.timedelta(seconds=5)
    put_off(outcomes[:1], words)
    put_off(outcomes[1:], "the time for handing over has run out")


def test_the_answer_to_a_whole_message_is_waited_for_after_the_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("mailtide.transports.smtp_patience.LAST_SECONDS", 0.6)
    monkeypatch.setattr("mailtide.transports.smtp_patience.LEAST_SECONDS", 0.1)
    began = dt.datetime.now(dt.UTC)
    with ScriptedRelay({("end", 0): FREEZE}) as relay:
        outcomes = deliver_until(relay, began + dt.timedelta(seconds=1))
        waited = dt.datetime.now(dt.UTC) - began
    assert isinstance(outcomes[0], Unknown)
    assert dt.timedelta(seconds=1.6) <= waited < dt.timedelta(seconds=5)


def test_a_password_is_not_shown_with_its_transport() -> None:
    to = Relay("127.0.0.1", 587, Tls.STARTTLS, "user")
    assert "open sesame" not in repr(SmtpTransport(to, "open sesame", LOOPBACK, lambda: NOW))


def test_domains_travel_in_ascii() -> None:
    one = Outgoing("m", "anna@bücher.example", "b-ip1-m@prüf.example", lambda: b"x")
    with ScriptedRelay(extensions=()) as relay:
        assert kinds(deliver(plain(relay), one)) == ["accepted"]
    assert relay.taken[0][:2] == ("b-ip1-m@xn--prf-ioa.example", "anna@xn--bcher-kva.example")


def test_an_international_local_part_needs_smtputf8() -> None:
    one = Outgoing("m", "jürgen@example.net", "b-ip1-m@bounce.example", lambda: b"x")
    with ScriptedRelay({("rcpt", 0): "550 no"}) as relay:
        outcomes = deliver(plain(relay), message("a"), one)
    assert kinds(outcomes) == ["never", "accepted"]
    assert relay.recipients() == ["jürgen@example.net"]
    assert "MAIL FROM:<b-ip1-m@bounce.example> SMTPUTF8 BODY=8BITMIME" in relay.commands
    with ScriptedRelay(extensions=()) as relay:
        outcomes = deliver(plain(relay), one, message("a"))
    assert kinds(outcomes) == ["never", "accepted"]
    assert "SMTPUTF8" in str(outcomes[0])


@pytest.mark.parametrize("address", ["a", "a b@x.example", "a>\r\nDATA@x.example", "a@ü..example"])
def test_an_address_that_breaks_the_protocol_never_reaches_it(address: str) -> None:
    one = Outgoing("m", address, "b-ip1-m@bounce.example", lambda: b"x")
    with ScriptedRelay() as relay:
        outcomes = deliver(plain(relay), one, message("a"))
    assert kinds(outcomes) == ["never", "accepted"]
    assert relay.recipients() == ["a@example.net"]
