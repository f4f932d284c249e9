"""One message to SES, with a server that misbehaves at every stage: never a wrong outcome."""

import socket
from collections.abc import Mapping
from dataclasses import replace

import pytest

from mailtide.domain.handover import Accepted, Refused, Unknown
from mailtide.transports import ses_mailer
from mailtide.transports.ses_mailer import Answer, Letter, SesMailer, Then
from tests.transports import scripted_ses as script
from tests.transports.scripted_ses import Action, Reply, ScriptedSes, client_of, refusal

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
        mailer = SesMailer(client_of(ses.url))
        answer = mailer.send(letter, left)
        mailer.close()
    return answer, ses


@pytest.fixture(autouse=True)
def little_patience(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(ses_mailer, "_ANSWER_SECONDS", 0.3)
    monkeypatch.setattr(ses_mailer, "_LONGEST_SECONDS", 0.3)


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
    answer = SesMailer(client_of(f"http://127.0.0.1:{port}")).send(LETTER, 60)
    words = "no answer from SES: EndpointConnectionError"
    assert answer == Answer(Refused(later=True, code=None, response=words), reached=False)


def test_a_host_that_cannot_be_found_was_no_hand_over() -> None:
    answer = SesMailer(client_of("http://nowhere.invalid")).send(LETTER, 60)
    assert isinstance(answer.outcome, Refused)
    assert answer.outcome.later


def test_a_server_that_speaks_no_tls_was_no_hand_over() -> None:
    with ScriptedSes() as ses:
        mailer = SesMailer(client_of(ses.url.replace("http:", "https:")))
        answer = mailer.send(LETTER, 60)
        mailer.close()
    assert isinstance(answer.outcome, Refused)
    assert answer.outcome.later
    assert not answer.reached


@pytest.mark.parametrize("how", [script.DROP_EARLY, script.RESET_EARLY])
def test_a_request_that_did_not_leave_whole_was_no_hand_over(how: str) -> None:
    answer, ses = send({0: how}, LARGE)
    assert isinstance(answer.outcome, Refused)
    assert answer.outcome.later
    assert not answer.reached
    assert ses.asked == [script.SEND]


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
        mailer = SesMailer(client_of(ses.url))
        kinds = [type(mailer.send(LETTER, 60).outcome) for _ in range(3)]
        mailer.close()
    assert kinds == [Unknown, Accepted, Accepted]
    assert ses.connections == 2


def test_what_the_client_itself_refuses_was_no_hand_over() -> None:
    with ScriptedSes() as ses:
        answer = SesMailer(client_of(ses.url)).send(replace(LETTER, recipient=7), 60)  # type: ignore[arg-type]
    words = "no answer from SES: ParamValidationError"
    assert answer == Answer(Refused(later=True, code=None, response=words), reached=False)
    assert ses.asked == []


def test_what_the_client_refuses_is_not_taken_for_the_message_before() -> None:
    with ScriptedSes() as ses:
        mailer = SesMailer(client_of(ses.url))
        assert isinstance(mailer.send(LETTER, 60).outcome, Accepted)
        answer = mailer.send(replace(LETTER, recipient=7), 60)  # type: ignore[arg-type]
        mailer.close()
    assert isinstance(answer.outcome, Refused)


@pytest.mark.parametrize("mode", ["legacy", "standard", "adaptive"])
def test_no_mode_of_the_environment_repeats_a_request(
    mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_RETRY_MODE", mode)
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "5")
    for action in (script.DROP, refusal(503, "ServiceUnavailable"), refusal(429, "Throttling")):
        _, ses = send({0: action})
        assert ses.sends == 1
