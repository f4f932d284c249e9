"""The SES account: as SES says it, asked at most once a minute, also when it does not say."""

from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from mailtide.domain.ses_account import SesAccount
from mailtide.errors import RetryableError
from mailtide.transports.ses_account import FRESH, SesAccounts
from tests.transports.scripted_ses import Reply, ScriptedSes, client_of, refusal

NOW = datetime(2026, 11, 24, 10, 15, tzinfo=UTC)
ANSWER = {
    "DedicatedIpAutoWarmupEnabled": True,
    "EnforcementStatus": "PROBATION",
    "ProductionAccessEnabled": True,
    "SendQuota": {"Max24HourSend": 50000.0, "MaxSendRate": 14.5, "SentLast24Hours": 1234.0},
    "SendingEnabled": True,
    "SuppressionAttributes": {"SuppressedReasons": ["BOUNCE", "COMPLAINT"]},
}
ACCOUNT = SesAccount(True, True, "PROBATION", 14.5, 50_000, 1234, ("BOUNCE", "COMPLAINT"))


@dataclass
class Stage:
    """A server whose answer can be changed, and the account seen through it."""

    reply: Reply = field(default_factory=lambda: Reply(200, ANSWER))
    now: datetime = NOW
    asked: int = 0

    def answer(self, method: str, path: str, _body: Any) -> Reply:
        assert (method, path) == ("GET", "/v2/email/account")
        self.asked += 1
        return self.reply


@pytest.fixture
def stage() -> Stage:
    return Stage()


def test_it_is_what_ses_says(stage: Stage) -> None:
    with ScriptedSes(answer=stage.answer) as ses:
        assert SesAccounts(partial(client_of, ses.url), lambda: stage.now).read() == ACCOUNT


def test_an_account_without_limit_or_suppression(stage: Stage) -> None:
    quota = {"Max24HourSend": -1.0, "MaxSendRate": 500.0, "SentLast24Hours": 0.0}
    answer = {name: value for name, value in ANSWER.items() if name != "SuppressionAttributes"}
    stage.reply = Reply(200, {**answer, "SendQuota": quota})
    with ScriptedSes(answer=stage.answer) as ses:
        account = SesAccounts(partial(client_of, ses.url), lambda: stage.now).read()
    assert (account.quota, account.left, account.suppressed_reasons) == (None, None, ())


def test_it_is_asked_again_after_a_minute(stage: Stage) -> None:
    with ScriptedSes(answer=stage.answer) as ses:
        accounts = SesAccounts(partial(client_of, ses.url), lambda: stage.now)
        for minutes_less in (FRESH, timedelta(milliseconds=1)):
            stage.now = NOW + FRESH - minutes_less
            assert accounts.known() == ACCOUNT
        assert stage.asked == 1
        stage.now = NOW + FRESH
        stage.reply = Reply(200, {**ANSWER, "EnforcementStatus": "HEALTHY"})
        account = accounts.known()
    assert account is not None
    assert account.enforcement == "HEALTHY"
    assert stage.asked == 2


def test_while_ses_does_not_say_the_last_answer_stays(stage: Stage) -> None:
    with ScriptedSes(answer=stage.answer) as ses:
        accounts = SesAccounts(partial(client_of, ses.url), lambda: stage.now)
        accounts.known()
        stage.reply = refusal(429, "TooManyRequestsException")
        stage.now = NOW + FRESH
        assert accounts.known() == ACCOUNT
        assert accounts.known() == ACCOUNT
        assert accounts.read() == ACCOUNT
    assert stage.asked == 2  # a failure is not repeated before its time


@pytest.mark.parametrize(
    "reply",
    [
        refusal(429, "TooManyRequestsException"),
        refusal(403, "AccessDeniedException"),  # raised, it would put an opened block in doubt
        Reply(404, b"<html>Not found</html>"),
    ],
)
def test_nothing_is_known_when_ses_never_said(stage: Stage, reply: Reply) -> None:
    stage.reply = reply
    with ScriptedSes(answer=stage.answer) as ses:
        accounts = SesAccounts(partial(client_of, ses.url), lambda: stage.now)
        assert accounts.known() is None
        with pytest.raises(RetryableError):
            accounts.read()
