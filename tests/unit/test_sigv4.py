"""The small signer signs as botocore's does, whatever is signed."""

from datetime import UTC, datetime

import pytest
from botocore import auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials as Botocores
from hypothesis import given
from hypothesis import strategies as st

from mailtide.sigv4 import Credentials, Signer

TYPE = "application/x-amz-json-1.0"
TEXT = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=30)


def expected(
    signer: Signer, who: Credentials, target: str, body: bytes, at: datetime
) -> dict[str, str]:
    """Sign the same call with botocore, at the same instant."""
    headers = {"content-type": TYPE, "x-amz-target": target, "host": signer.host}
    request = AWSRequest("POST", f"https://{signer.host}/", headers=headers, data=body)
    botocores = Botocores(who.access_key, who.secret_key, who.token)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(auth, "get_current_datetime", lambda: at)
        auth.SigV4Auth(botocores, signer.service, signer.region).add_auth(request)
    return {name.lower(): value for name, value in request.headers.items()}


@given(
    TEXT,
    TEXT,
    st.none() | TEXT,
    st.sampled_from(["dynamodb", "sqs", "secretsmanager"]),
    st.sampled_from(["us-east-1", "eu-central-2"]),
    st.binary(max_size=300),
    st.datetimes(datetime(2000, 1, 1), datetime(2100, 1, 1)),  # noqa: DTZ001 - made aware below
)
def test_signs_as_botocore_does(
    access: str,
    secret: str,
    token: str | None,
    service: str,
    region: str,
    body: bytes,
    at: datetime,
) -> None:
    signer = Signer(service, region, f"{service}.{region}.amazonaws.com")
    who = Credentials(access, secret, token)
    at = at.replace(tzinfo=UTC)
    signed = signer.headers(who, "Service.Operation", TYPE, body, at)
    assert signed == expected(signer, who, "Service.Operation", body, at)


def test_a_port_is_part_of_the_host() -> None:
    signer, who = Signer("sqs", "us-east-1", "127.0.0.1:4566"), Credentials("a", "s")
    at = datetime(2026, 11, 24, tzinfo=UTC)
    assert signer.headers(who, "T", TYPE, b"{}", at) == expected(signer, who, "T", b"{}", at)
