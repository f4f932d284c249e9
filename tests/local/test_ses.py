"""The SES of the receivers as botocore meets it: what it takes, refuses, loses, and tells."""

import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import pytest
from botocore.config import Config
from botocore.exceptions import ClientError, ConnectionClosedError
from botocore.session import get_session

from local import receivers_process
from local.memory.ses_identities import verified
from local.receivers_process import Receivers
from mailtide.transports.ses_identities import SesIdentities
from tests.local.sns_recorder import Topics, topics
from tests.local.test_receivers_system import CAMPAIGN, DELAYS, PATIENCE_SECONDS, mail

TOPIC = "arn:aws:sns:us-east-1:000000000000:ses"
KINDS = ["SEND", "REJECT", "BOUNCE", "COMPLAINT", "DELIVERY", "DELIVERY_DELAY"]
SET = "mailtide-ses1"


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


@pytest.fixture(scope="module")
def made(receivers: Receivers) -> Any:
    """A client of SES with a configuration set that publishes everything."""
    ses = get_session().create_client(
        "sesv2",
        region_name="us-east-1",
        endpoint_url=receivers.ses_url,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106 - nobody's
        config=Config(retries={"total_max_attempts": 1}),
    )
    ses.create_configuration_set(
        ConfigurationSetName=SET, Tags=[{"Key": "mailtide-org", "Value": "org1"}]
    )
    ses.create_configuration_set_event_destination(
        ConfigurationSetName=SET, EventDestinationName="mailtide", EventDestination=destination()
    )
    return ses


@pytest.fixture
def ses(made: Any, receivers: Receivers) -> Iterator[Any]:
    yield made
    receivers.change_ses({"production": True, "sending": True, "rate": 500, "quota": 50_000,
                          "verified": [], "enforcement": "HEALTHY"})  # fmt: skip


def destination(**changed: Any) -> dict[str, Any]:
    sns = {"TopicArn": TOPIC}
    return {"Enabled": True, "MatchingEventTypes": KINDS, "SnsDestination": sns} | changed


def tags(message: str) -> list[dict[str, str]]:
    named = {"mt-message": f"{CAMPAIGN}{message:0>16}", "mt-ip": "ses1", "mt-org": "org1"}
    return [{"Name": name, "Value": value} for name, value in named.items()]


def send(ses: Any, recipient: str, message: str = "1", **changed: Any) -> str:
    request: dict[str, Any] = {
        "Destination": {"ToAddresses": [recipient]},
        "Content": {"Raw": {"Data": mail(recipient, "http://127.0.0.1:1")}},
        "ConfigurationSetName": SET,
        "EmailTags": tags(message),
    }
    return str(ses.send_email(**request | changed)["MessageId"])


def refused(call: Callable[[], Any]) -> str:
    with pytest.raises(ClientError) as caught:
        call()
    return str(caught.value.response["Error"]["Code"])


def told(receivers: Receivers, sns: Topics, recipient: str) -> list[dict[str, Any]]:
    """Wait until everything has happened; return the records about a recipient."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not receivers.is_settled():
        assert time.monotonic() < deadline
        time.sleep(0.02)
    return sns.of(recipient)


def test_a_message_is_kept_byte_for_byte_told_and_in_the_ledger(
    ses: Any, receivers: Receivers, sns: Topics
) -> None:
    ses_id = send(ses, "quiet+a@gmail.com", "a")
    records = told(receivers, sns, "quiet+a@gmail.com")
    assert [record["eventType"] for record in records] == ["Send", "Delivery"]
    assert {record["mail"]["messageId"] for record in records} == {ses_id}
    assert records[0]["mail"]["tags"]["mt-org"] == ["org1"]
    assert records[1]["delivery"]["smtpResponse"].startswith("250 2.0.0 OK")
    [entry] = [m for m in receivers.ledger(CAMPAIGN)["messages"] if m["ip"] == "ses1"
               and m["recipient"] == "quiet+a@gmail.com"]  # fmt: skip
    assert entry["message_id"] == f"{CAMPAIGN}{'a':0>16}"
    assert entry["fate"] == "delivered"
    raw = receivers._get("/mail", recipient="quiet+a@gmail.com")["messages"]
    assert [one.encode("utf-8", "surrogateescape") for one in raw] == [
        mail("quiet+a@gmail.com", "http://127.0.0.1:1")
    ]


@pytest.mark.parametrize(
    ("word", "events", "verdict"),
    [
        ("hard", ["Send", "Bounce"], ("Permanent", "General")),
        ("soft", ["Send", "DeliveryDelay", "Bounce"], ("Transient", "MailboxFull")),
        ("block", ["Send", "Bounce"], ("Transient", "General")),
        ("defer", ["Send", "DeliveryDelay", "Delivery"], None),
        ("complain", ["Send", "Delivery", "Complaint"], None),
    ],
)
def test_every_fate_is_told_as_ses_does(
    ses: Any,
    receivers: Receivers,
    sns: Topics,
    word: str,
    events: list[str],
    verdict: tuple[str, str] | None,
) -> None:
    recipient = f"{word}+fate@gmail.com"
    send(ses, recipient, word)
    records = told(receivers, sns, recipient)
    assert [record["eventType"] for record in records] == events
    bounces = [r["bounce"] for r in records if r["eventType"] == "Bounce"]
    made = [(bounce["bounceType"], bounce["bounceSubType"]) for bounce in bounces]
    assert made == ([verdict] if verdict else [])


def test_a_reply_that_is_lost_is_not_a_message_that_is_lost(
    ses: Any, receivers: Receivers, sns: Topics
) -> None:
    with pytest.raises(ConnectionClosedError):
        send(ses, "drop+x@gmail.com", "d")
    records = told(receivers, sns, "drop+x@gmail.com")
    assert [record["eventType"] for record in records] == ["Send", "Delivery"]


def test_who_is_refused_for_now_is_throttled_once_and_for_good_is_rejected(
    ses: Any, receivers: Receivers
) -> None:
    throttled = "relay4xx+x@gmail.com"
    assert refused(lambda: send(ses, throttled, "t")) == "TooManyRequestsException"
    send(ses, throttled, "t")
    assert refused(lambda: send(ses, "relay5xx+x@gmail.com", "r")) == "MessageRejected"
    codes = {r["recipient"]: r["code"] for r in receivers.ledger(CAMPAIGN)["refusals"]}
    assert codes[throttled] == 454
    assert codes["relay5xx+x@gmail.com"] == 554


def test_who_bounced_for_good_or_complained_is_kept_back(
    ses: Any, receivers: Receivers, sns: Topics
) -> None:
    for word in ("hard", "complain"):
        recipient = f"{word}+again@outlook.com"
        send(ses, recipient, f"{word}1")
        told(receivers, sns, recipient)
        send(ses, recipient, f"{word}2")
        *_, last = told(receivers, sns, recipient)
        assert last["bounce"]["bounceSubType"] == "OnAccountSuppressionList"
        ses.delete_suppressed_destination(EmailAddress=recipient)
        with pytest.raises(ClientError, match="does not exist"):
            ses.delete_suppressed_destination(EmailAddress=recipient)
    fates = [m["fate"] for m in receivers.ledger(CAMPAIGN)["messages"]
             if m["recipient"] == "hard+again@outlook.com"]  # fmt: skip
    assert fates == ["hard", "kept_back"]


def test_the_suppression_list_is_kept_by_hand_too(
    ses: Any, sns: Topics, receivers: Receivers
) -> None:
    ses.put_suppressed_destination(EmailAddress="Kept@icloud.com", Reason="COMPLAINT")
    found = ses.get_suppressed_destination(EmailAddress="kept@icloud.com")
    assert found["SuppressedDestination"]["Reason"] == "COMPLAINT"
    send(ses, "kept@icloud.com", "k")
    assert len(told(receivers, sns, "kept@icloud.com")) == 2


def test_more_than_the_rate_is_throttled_and_nothing_of_it_is_taken(
    ses: Any, receivers: Receivers
) -> None:
    receivers.change_ses({"rate": 2})
    codes = []
    for number in range(6):
        try:
            send(ses, f"quiet+rate{number}@gmail.com", f"rate{number}")
        except ClientError as error:
            codes.append(error.response["Error"]["Code"])
    assert set(codes) == {"TooManyRequestsException"}
    taken = [m for m in receivers.ledger(CAMPAIGN)["messages"] if "+rate" in m["recipient"]]
    assert len(taken) == 6 - len(codes)
    assert len(taken) <= 4  # two a second, one more, and a slow machine's second second


def test_the_sandbox_takes_mail_to_the_verified_alone(ses: Any, receivers: Receivers) -> None:
    receivers.change_ses({"production": False, "verified": ["news.example", "me@gmail.com"]})
    assert not ses.get_account()["ProductionAccessEnabled"]
    assert refused(lambda: send(ses, "you@gmail.com", "s1")) == "MessageRejected"
    send(ses, "me@gmail.com", "s2")


def test_an_unverified_sender_is_rejected(ses: Any, receivers: Receivers) -> None:
    receivers.change_ses({"verified": ["other.example"]})
    assert refused(lambda: send(ses, "quiet+v@gmail.com", "v")) == "MessageRejected"


def test_identities_are_those_that_are_verified(ses: Any, receivers: Receivers) -> None:
    identities = SesIdentities(lambda: ses)
    assert identities.find("any.example") == verified("any.example")
    receivers.change_ses({"verified": ["news.example", "me@gmail.com"]})
    assert identities.find("any.example") is None
    assert identities.find("news.example") == verified("news.example")
    assert identities.find("me@gmail.com") == replace(verified("me@gmail.com"), signed=False)


@pytest.mark.parametrize(
    ("state", "code"),
    [
        ({"sending": False}, "SendingPausedException"),
        ({"enforcement": "SHUTDOWN"}, "AccountSuspendedException"),
        ({"quota": 0}, "TooManyRequestsException"),
    ],
)
def test_a_paused_account_sends_nothing(
    ses: Any, receivers: Receivers, state: dict[str, Any], code: str
) -> None:
    receivers.change_ses(state)
    assert refused(lambda: send(ses, "quiet+p@gmail.com", "p")) == code
    account = ses.get_account()
    assert account["SendingEnabled"] is state.get("sending", True)
    assert account["EnforcementStatus"] == state.get("enforcement", "HEALTHY")


@pytest.mark.parametrize(
    ("changed", "code"),
    [
        ({"ConfigurationSetName": "other"}, "NotFoundException"),
        ({"Destination": {"ToAddresses": ["a@gmail.com", "b@gmail.com"]}}, "BadRequestException"),
        ({"Content": {"Raw": {"Data": b"Subject: nobody\r\n\r\n"}}}, "BadRequestException"),
        ({"EmailTags": [{"Name": "a b", "Value": "c"}]}, "BadRequestException"),
        ({"EmailTags": [{"Name": "a", "Value": "é"}]}, "BadRequestException"),
    ],
)
def test_what_ses_would_not_take_is_not_taken(ses: Any, changed: dict[str, Any], code: str) -> None:
    assert refused(lambda: send(ses, "quiet+n@gmail.com", "n", **changed)) == code


def test_configuration_sets_are_made_once_shown_and_changed(ses: Any) -> None:
    assert refused(lambda: ses.create_configuration_set(ConfigurationSetName=SET)) == (
        "AlreadyExistsException"
    )
    shown = ses.get_configuration_set(ConfigurationSetName=SET)
    assert shown["Tags"] == [{"Key": "mailtide-org", "Value": "org1"}]
    pool = {"SendingPoolName": "nobody-has-it"}
    assert refused(
        lambda: ses.create_configuration_set(ConfigurationSetName="b", DeliveryOptions=pool)
    ) == ("BadRequestException")
    assert refused(lambda: ses.get_configuration_set(ConfigurationSetName="b")) == (
        "NotFoundException"
    )


def test_event_destinations_say_what_is_told(ses: Any, receivers: Receivers, sns: Topics) -> None:
    ses.create_configuration_set(ConfigurationSetName="few")
    where = {"ConfigurationSetName": "few", "EventDestinationName": "mailtide"}
    change = ses.update_configuration_set_event_destination
    assert refused(lambda: change(**where, EventDestination=destination())) == "NotFoundException"
    few = destination(MatchingEventTypes=["BOUNCE"])
    ses.create_configuration_set_event_destination(**where, EventDestination=few)
    send(ses, "quiet+few@gmail.com", "few1", ConfigurationSetName="few")
    assert told(receivers, sns, "quiet+few@gmail.com") == []
    change(**where, EventDestination=destination())
    [shown] = ses.get_configuration_set_event_destinations(ConfigurationSetName="few")[
        "EventDestinations"
    ]
    assert set(shown["MatchingEventTypes"]) == set(KINDS)
    send(ses, "quiet+more@gmail.com", "few2", ConfigurationSetName="few")
    assert len(told(receivers, sns, "quiet+more@gmail.com")) == 2


def test_pools_have_tags(ses: Any, receivers: Receivers) -> None:
    arn = "arn:aws:ses:us-east-1:000000000000:dedicated-ip-pool/pool-a"
    assert refused(lambda: ses.list_tags_for_resource(ResourceArn=arn)) == "NotFoundException"
    receivers.change_ses({"pool_tags": {"pool-a": {"mailtide-org": "org1"}}})
    found = ses.list_tags_for_resource(ResourceArn=arn)["Tags"]
    assert found == [{"Key": "mailtide-org", "Value": "org1"}]


def test_what_sns_did_not_take_is_published_again(
    ses: Any, receivers: Receivers, sns: Topics
) -> None:
    sns.refused = 2
    send(ses, "quiet+again@gmail.com", "again")
    words = {record["eventType"] for record in told(receivers, sns, "quiet+again@gmail.com")}
    assert words == {"Send", "Delivery"}
