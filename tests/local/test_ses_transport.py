"""Our transport and the SES of the receivers, which knows nothing of us, understand each other."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from local import receivers_process
from local.memory.ses_rate import SesRate
from local.receivers_process import Receivers
from mailtide.domain.handover import Accepted, Outgoing, Refused, Unknown
from mailtide.domain.sending_ip import SendingIp, Ses
from mailtide.domain.suppression import Stream
from mailtide.errors import InvalidInputError
from mailtide.flows.ses_sets import SesSets
from mailtide.transports.ses import SesTransport
from mailtide.transports.ses_account import SesAccounts
from mailtide.transports.ses_call import MOST_IN_FLIGHT, Done, SesParts
from mailtide.transports.ses_crew import Threads
from mailtide.transports.ses_mailer import SesMailer
from mailtide.transports.ses_sets import SesConfiguration
from tests.local.sns_recorder import Topics, topics
from tests.local.test_receivers_system import CAMPAIGN, DELAYS, mail
from tests.transports.scripted_ses import client_of, wire_to

TOPIC = "arn:aws:sns:us-east-1:000000000000:ses"


@pytest.fixture(scope="module")
def sns() -> Iterator[Topics]:
    with topics() as recorded:
        yield recorded


@pytest.fixture(scope="module")
def receivers(sns: Topics) -> Iterator[Receivers]:
    config = {
        "listeners": [{"ip": "a1", "username": "u", "password": "p"}],
        "webhook": {"url": f"{sns.url}/nobody", "key": "k"},
        "delays": DELAYS,
        "ses": {"aws_endpoint": sns.url, "throttle": 0.01, "retry": 0.01},
    }
    with receivers_process.running(config) as running:
        yield running


def now() -> datetime:
    return datetime.now(UTC)


@pytest.fixture
def url(receivers: Receivers) -> str:
    assert receivers.ses_url is not None
    return receivers.ses_url


@pytest.fixture
def sets(url: str) -> SesSets:
    return SesSets(SesConfiguration(lambda: client_of(url), TOPIC), TOPIC)


@pytest.fixture
def transport(url: str, sets: SesSets) -> Iterator[SesTransport]:
    ses = sets.settle("org1", "ses1", {})
    ip = SendingIp("org1", "ip1", "ses1", Stream.MARKETING, ses)
    account = SesAccounts(lambda: client_of(url), now)
    crew = Threads[Done](MOST_IN_FLIGHT)
    mailer = SesMailer(wire_to(url))
    yield SesTransport(ip, ses, SesParts(mailer, account, SesRate(), crew, now))
    mailer.close()


def message(word: str) -> Outgoing:
    recipient = f"{word}+ours@gmail.com"
    message_id = f"{CAMPAIGN}{word[:16]:0>16}"
    content = mail(recipient, "http://127.0.0.1:1")
    return Outgoing(message_id, recipient, "b-ses1-x@bounce.example", lambda: content)


def test_a_set_is_made_and_found_again(sets: SesSets) -> None:
    made = sets.settle("org1", "fresh", {})
    assert made == sets.settle("org1", "fresh", {}) == Ses("mailtide-org1-fresh")
    assert sets.settle("org1", "fresh", {"configuration_set": made.configuration_set}) == made
    with pytest.raises(InvalidInputError):
        sets.settle("org2", "other", {"configuration_set": made.configuration_set})


def test_everybody_is_taken_once_whatever_is_lost_or_throttled(
    transport: SesTransport, receivers: Receivers
) -> None:
    words = ["quiet", "drop", "relay4xx", "relay5xx", "hard"]
    outcomes = list(transport.deliver(map(message, words), now() + timedelta(minutes=1)))
    kinds = [type(outcome) for outcome in outcomes]
    assert kinds == [Accepted, Unknown, Accepted, Refused, Accepted]
    assert isinstance(outcomes[3], Refused)
    assert not outcomes[3].later
    taken = [m["recipient"] for m in receivers.ledger(CAMPAIGN)["messages"]]
    assert sorted(taken) == sorted(f"{word}+ours@gmail.com" for word in words if word != "relay5xx")


def test_a_paused_account_gets_nothing_and_loses_nobody(
    transport: SesTransport, receivers: Receivers
) -> None:
    receivers.change_ses({"sending": False})
    outcomes = list(transport.deliver(map(message, "ab"), now() + timedelta(minutes=1)))
    receivers.change_ses({"sending": True})
    for outcome in outcomes:
        assert isinstance(outcome, Refused)
        assert (outcome.later, outcome.tried) == (True, False)
        assert "paused" in outcome.response
