"""One message to SES, with a server that misbehaves at every stage: never a wrong outcome."""

import socket
import ssl
from collections.abc import Mapping
from datetime import UTC, datetime

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Botocores

from mailtide import small_client
from mailtide.domain.handover import Accepted, Refused, Unknown
from mailtide.sigv4 import Credentials
from mailtide.transports import ses_mailer, ses_wire
from mailtide.transports.ses_mailer import Answer, Letter, SesMailer, Then
from mailtide.transports.ses_wire import PATH
from tests.transports import scripted_ses as script
from tests.transports.scripted_ses import Action, Reply, ScriptedSes, client_of, refusal, wire_to

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
UNVERIFIED = (
    "Email address is not verified. The following identities failed the check in region EU-WEST-1"
)
LETTER = Letter("a@example.net", b"Subject: x\r\n\r\nHello\r\n", "news", {"mt-message": "m1"})
# Far more than the kernel's buffers hold: what closes the connection is noticed while writing.
LARGE = Letter("a@example.net", b"x" * 24_000_000, "news", {})


def send(
    script_: Mapping[int, Action] | None = None, letter: Letter = LETTER, left: float = 60
) -> tuple[Answer, ScriptedSes]:
    with ScriptedSes(script_) as ses:
        mailer = SesMailer(wire_to(ses.url))
        answer = mailer.send(letter, left)
        mailer.close()
    return answer, ses


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ses_wire, "_ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(ses_wire, "_LONGEST_SECONDS", 0.3)


def test_a_message_arrives_byte_for_byte_with_its_tags() -> None:
    letter = Letter(
        "a@xn--bcher-kva.example",
        bytes(range(256)) + b"\r\n.\r\n",
        "news",
        {"mt-message": "m1", "mt-org": "acme"},
    )
    answer, ses = send(letter=letter)
    assert answer == Answer(Accepted("ses-1"))
    assert ses.content(0) == letter.content
    del ses.taken[0]["Content"]
    assert ses.taken == [
        {
            "Destination": {"ToAddresses": ["a@xn--bcher-kva.example"]},
            "ConfigurationSetName": "news",
            "EmailTags": [
                {"Name": "mt-message", "Value": "m1"},
                {"Name": "mt-org", "Value": "acme"},
            ],
        }
    ]


def test_a_refused_connection_was_no_hand_over() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    answer = SesMailer(wire_to(f"http://127.0.0.1:{port}")).send(LETTER, 60)
    words = "no answer from SES: ConnectionRefusedError"
    assert answer == Answer(Refused(later=True, code=None, response=words), reached=False)


def test_a_host_that_cannot_be_found_was_no_hand_over() -> None:
    answer = SesMailer(wire_to("http://nowhere.invalid")).send(LETTER, 60)
    assert isinstance(answer.outcome, Refused)
    assert answer.outcome.later


def test_a_server_that_speaks_no_tls_was_no_hand_over() -> None:
    with ScriptedSes() as ses:
        mailer = SesMailer(wire_to(ses.url.replace("http:", "https:")))
        answer = mailer.send(LETTER, 60)
        mailer.close()
    assert isinstance(answer.outcome, Refused)
    assert answer.outcome.later
    assert not answer.reached


def test_a_server_that_never_ends_its_greeting_was_no_hand_over(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ses_wire, "_CONNECT_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as listener:  # speaks no TLS, nor anything
        port = listener.getsockname()[1]
        answer = SesMailer(wire_to(f"https://127.0.0.1:{port}")).send(LETTER, 60)
    words = "no answer from SES: TimeoutError"
    assert answer == Answer(Refused(later=True, code=None, response=words), reached=False)


def test_who_has_a_connection_only_when_the_time_is_over_asks_nobody() -> None:
    answer, ses = send(left=-0.001)
    words = "no answer from SES: TimeoutError"
    assert answer == Answer(Refused(later=True, code=None, response=words), reached=False)
    assert ses.asked == []


@pytest.mark.parametrize("how", [script.DROP_EARLY, script.RESET_EARLY])
def test_a_request_that_did_not_leave_whole_was_no_hand_over(how: str) -> None:
    answer, ses = send({0: how}, LARGE)
    assert isinstance(answer.outcome, Refused)
    assert answer.outcome.later
    assert not answer.reached
    assert ses.asked == [script.SEND]


def test_a_server_that_stops_reading_is_not_waited_for() -> None:
    answer, _ = send({0: script.FREEZE_EARLY}, LARGE)
    words = "no answer from SES: TimeoutError"
    assert answer == Answer(Refused(later=True, code=None, response=words), reached=False)


@pytest.mark.parametrize("how", [script.FREEZE, script.TAKE_AND_FREEZE])
def test_a_server_that_stops_answering_is_not_waited_for(how: str) -> None:
    answer, _ = send({0: how})
    assert answer == Answer(Unknown("no answer from SES: TimeoutError"), reached=False)


@pytest.mark.parametrize(
    ("action", "taken"),
    [
        (script.DROP_EARLY, 0),  # all bytes left all the same: they were few
        (script.DROP, 0),
        (script.RESET, 0),
        (script.FREEZE, 0),
        (script.TAKE_AND_DROP, 1),
        (script.TAKE_AND_FREEZE, 1),
        (script.TAKE_AND_CUT, 1),
        (Reply(200, b"no JSON"), 0),
        (Reply(200, b"\xff\xfe\x00"), 0),
        (Reply(200, b""), 0),
        (Reply(200, ["a list"]), 0),
        (Reply(200, {"MessageId": None}), 0),
        (Reply(302, {}), 0),
        (refusal(500, "InternalServiceErrorException"), 0),
        (refusal(503, "ServiceUnavailable"), 0),
        (Reply(502, b"<html>Bad gateway</html>"), 0),
        (Reply(500, b"\xff\xfe\x00"), 0),
        (Reply(413, b"\xff\xfe\x00"), 0),  # a refusal, but whose?
    ],
)
def test_no_meaningful_answer_to_a_whole_request_is_in_doubt(action: Action, taken: int) -> None:
    answer, ses = send({0: action})
    assert isinstance(answer.outcome, Unknown)
    assert not answer.reached
    assert answer.then is Then.GO_ON
    assert len(ses.taken) == taken
    assert ses.asked == [script.SEND]  # once, whatever happened


@pytest.mark.parametrize(
    ("error", "message"),
    [
        ("MessageRejected", "Address blacklisted."),
        # The sandbox: SES names whom it may not mail.
        ("MessageRejected", f"{UNVERIFIED}: A@example.net"),
        ("MessageRejected", f"{UNVERIFIED}: a@example.net, news@acme.test"),
        ("BadRequestException", "Missing final '@domain'"),
    ],
)
def test_what_ses_says_about_the_message_is_final_and_says_why(error: str, message: str) -> None:
    answer, _ = send({0: refusal(400, error, message)})
    assert answer == Answer(Refused(later=False, code=None, response=f"{error}: {message}"))


@pytest.mark.parametrize(
    "reply",
    [
        refusal(429, "TooManyRequestsException", "Maximum sending rate exceeded."),
        refusal(400, "ThrottlingException", "Maximum sending rate exceeded"),
        refusal(400, "Throttling"),
        refusal(429, "SomethingNewException"),
        Reply(429, b"<html>Too many requests</html>"),
    ],
)
def test_what_ses_throttles_was_not_taken_and_slows(reply: Reply) -> None:
    answer, ses = send({0: reply})
    assert isinstance(answer.outcome, Refused)
    assert (answer.outcome.later, answer.outcome.tried) == (True, False)
    assert answer.then is Then.SLOW_DOWN
    assert ses.sends == 1


@pytest.mark.parametrize(
    "reply",
    [
        refusal(429, "TooManyRequestsException", "Daily message quota exceeded."),
        refusal(400, "ThrottlingException", "Daily sending quota exceeded"),
        refusal(400, "LimitExceededException"),
        refusal(400, "SendingPausedException", "Sending paused for this account."),
        refusal(400, "AccountSuspendedException"),
    ],
)
def test_what_halts_the_account_says_nothing_about_the_message(reply: Reply) -> None:
    answer, _ = send({0: reply})
    assert isinstance(answer.outcome, Refused)
    assert (answer.outcome.later, answer.outcome.tried) == (True, False)
    assert answer.then is Then.STOP


@pytest.mark.parametrize(
    "reply",
    [
        refusal(404, "NotFoundException", "Configuration set <news> does not exist."),
        refusal(400, "BadRequestException", "Configuration set <news> does not exist."),
        refusal(403, "AccessDeniedException"),
        refusal(403, "ExpiredTokenException"),
        Reply(404, b"<html>Not found</html>"),
        refusal(400, "SomethingNewException"),
        # The sender lost its verification: a whole campaign must not be given up for that.
        refusal(400, "MessageRejected", f"{UNVERIFIED}: news@acme.test"),
        refusal(400, "MailFromDomainNotVerifiedException", "The domain is not verified."),
    ],
)
def test_what_is_about_us_is_tried_again_and_counted(reply: Reply) -> None:
    answer, _ = send({0: reply})
    assert isinstance(answer.outcome, Refused)
    assert (answer.outcome.later, answer.outcome.tried) == (True, True)
    assert answer.then is Then.STOP


def test_an_answer_is_kept_as_far_as_a_row_can_hold_it() -> None:
    answer, _ = send({0: refusal(400, "MessageRejected", "x" * 5000)})
    assert isinstance(answer.outcome, Refused)
    assert len(answer.outcome.response) == ses_mailer.MAX_RESPONSE


def test_a_new_connection_follows_a_lost_one() -> None:
    with ScriptedSes({0: script.DROP}) as ses:
        mailer = SesMailer(wire_to(ses.url))
        kinds = [type(mailer.send(LETTER, 60).outcome) for _ in range(3)]
        mailer.close()
    assert kinds == [Unknown, Accepted, Accepted]
    assert ses.connections == 2


def test_without_credentials_nothing_was_handed_over() -> None:
    def none() -> Credentials:
        raise KeyError("AWS_ACCESS_KEY_ID")

    with ScriptedSes() as ses:
        wire = wire_to(ses.url)
        wire.credentials = none
        answer = SesMailer(wire).send(LETTER, 60)
    words = "no answer from SES: KeyError"
    assert answer == Answer(Refused(later=True, code=None, response=words), reached=False)
    assert ses.asked == []


def test_a_request_is_signed_as_botocore_signs_it() -> None:
    with ScriptedSes() as ses:
        wire = wire_to(ses.url)
        wire.clock = lambda: NOW
        SesMailer(wire).send(LETTER, 60)
        wire.close()
    ours = ses.headers[0]
    named = ("content-type", "host", "x-amz-date", "x-amz-security-token")
    request = AWSRequest("POST", ses.url + PATH, data=ses.bodies[0])
    for name in ("content-type", "host"):
        request.headers[name] = ours[name]
    model = client_of(ses.url).meta.service_model
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda: NOW)
        who = Botocores("access", "secret", "token")
        auth.SigV4Auth(who, model.signing_name, "eu-west-1").add_auth(request)
    operation = model.operation_model("SendEmail")
    assert (operation.http["method"], operation.http["requestUri"]) == ("POST", PATH)
    for name in (*named, "authorization"):
        assert request.headers[name] == ours[name]


def test_a_connection_is_used_again() -> None:
    with ScriptedSes() as ses:
        mailer = SesMailer(wire_to(ses.url))
        assert [mailer.send(LETTER, 60) for _ in range(3)] == [
            Answer(Accepted(f"ses-{n}")) for n in (1, 2, 3)
        ]
        mailer.close()
    assert ses.connections == 1


def test_a_connection_that_was_closed_meanwhile_is_not_used_again() -> None:
    """Its request would leave whole and be in doubt."""
    with ScriptedSes({0: script.TAKE_AND_CLOSE}) as ses:
        mailer = SesMailer(wire_to(ses.url))
        assert mailer.send(LETTER, 60) == Answer(Accepted("ses-1"))
        ses.wait_until_closed(0)
        assert mailer.send(LETTER, 60) == Answer(Accepted("ses-2"))
        mailer.close()
    assert ses.connections == 2


@pytest.mark.parametrize("how", [script.DROP, script.RESET, script.TAKE_AND_DROP])
def test_a_kept_connection_that_is_lost_is_one_doubt_and_no_repeat(how: str) -> None:
    with ScriptedSes({1: how}) as ses:
        mailer = SesMailer(wire_to(ses.url))
        kinds = [type(mailer.send(LETTER, 60).outcome) for _ in range(3)]
        mailer.close()
    assert kinds == [Accepted, Unknown, Accepted]
    assert (ses.sends, ses.connections) == (3, 2)


def test_a_request_that_crosses_the_closing_is_not_repeated(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The server closes after the look at the connection and before the request."""
    monkeypatch.setattr(ses_wire, "_speaks", lambda _: False)
    with ScriptedSes({0: script.TAKE_AND_CLOSE}) as ses:
        mailer = SesMailer(wire_to(ses.url))
        assert mailer.send(LETTER, 60) == Answer(Accepted("ses-1"))
        ses.wait_until_closed(0)
        crossing = mailer.send(LETTER, 60)
        mailer.close()
    # How much the kernel took before it heard of the closing is a matter of luck.
    assert isinstance(crossing.outcome, Unknown) or crossing.outcome.later  # type: ignore[union-attr]
    assert not crossing.reached
    assert (ses.sends, ses.connections) == (1, 1)


def test_a_connection_is_used_again_under_tls(
    server_tls: ssl.SSLContext, trust: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What TLS says on its own, such as its tickets, is not taken for a closing."""
    monkeypatch.setattr(small_client, "_trust", lambda: trust)
    with ScriptedSes(tls=server_tls) as ses:
        mailer = SesMailer(wire_to(ses.url))
        kinds = [type(mailer.send(LETTER, 60).outcome) for _ in range(3)]
        mailer.close()
    assert kinds == [Accepted] * 3
    assert ses.connections == 1


def test_a_connection_that_idled_for_long_is_not_used_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ses_wire, "_IDLE_SECONDS", 0.0)
    with ScriptedSes() as ses:
        mailer = SesMailer(wire_to(ses.url))
        assert [type(mailer.send(LETTER, 60).outcome) for _ in range(2)] == [Accepted] * 2
        mailer.close()
    assert ses.connections == 2


def test_a_server_that_says_that_it_closes_is_believed() -> None:
    closing = Reply(200, {"MessageId": "ses-1"}, close=True)
    with ScriptedSes({0: closing}) as ses:
        mailer = SesMailer(wire_to(ses.url))
        assert [type(mailer.send(LETTER, 60).outcome) for _ in range(2)] == [Accepted] * 2
        mailer.close()
    assert ses.connections == 2
