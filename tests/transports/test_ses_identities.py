"""Identities as SES has them; whatever else it answers may be asked again."""

from functools import partial
from typing import Any

import pytest

from mailtide.domain.ses_identity import SesIdentity
from mailtide.errors import RetryableError
from mailtide.transports.ses_identities import SesIdentities
from tests.transports.scripted_ses import Reply, ScriptedSes, client_of, refusal

NAME = "news@acme.example"
SIGNED = {"SigningEnabled": True, "Status": "SUCCESS"}


def find(reply: Reply) -> SesIdentity | None:
    def answer(method: str, path: str, _body: Any) -> Reply:
        assert (method, path) == ("GET", "/v2/email/identities/news%40acme.example")
        return reply

    with ScriptedSes(answer=answer) as ses:
        return SesIdentities(partial(client_of, ses.url)).find(NAME)


def test_it_is_what_ses_says() -> None:
    tags = [{"Key": "mailtide-org", "Value": "acme"}]
    told = {"VerifiedForSendingStatus": True, "DkimAttributes": SIGNED, "Tags": tags}
    assert find(Reply(200, told)) == SesIdentity(NAME, True, True, {"mailtide-org": "acme"})


@pytest.mark.parametrize(
    ("dkim", "signed"),
    [
        ({"SigningEnabled": True, "Status": "TEMPORARY_FAILURE"}, True),
        ({"SigningEnabled": True, "Status": "PENDING"}, False),
        ({"SigningEnabled": True, "Status": "FAILED"}, False),
        ({"SigningEnabled": False, "Status": "SUCCESS"}, False),
        ({}, False),
    ],
)
def test_ses_signs_when_it_is_let_to_and_has_seen_the_keys(
    dkim: dict[str, Any], signed: bool
) -> None:
    found = find(Reply(200, {"VerifiedForSendingStatus": False, "DkimAttributes": dkim}))
    assert found == SesIdentity(NAME, False, signed, {})


@pytest.mark.parametrize(
    "reply", [refusal(404, "NotFoundException"), refusal(400, "BadRequestException")]
)
def test_a_name_that_ses_does_not_know(reply: Reply) -> None:
    assert find(reply) is None


@pytest.mark.parametrize(
    "reply",
    [
        refusal(429, "TooManyRequestsException"),
        refusal(403, "AccessDeniedException"),
        refusal(500, "InternalFailure"),
    ],
)
def test_any_other_answer_is_none(reply: Reply) -> None:
    with pytest.raises(RetryableError, match=f"`{NAME}`"):
        find(reply)


def test_no_answer_at_all_is_none() -> None:
    with pytest.raises(RetryableError, match="EndpointConnectionError"):
        SesIdentities(partial(client_of, "http://nowhere.invalid")).find(NAME)
