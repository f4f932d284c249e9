"""Fresh tables on moto, made from the schema that the stack builds its own from."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from typing import Any

import boto3
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto import mock_aws
from moto.core.models import botocore_stubber

from local.tables import definition
from mailtide.sigv4 import Credentials
from mailtide.small_client import DYNAMODB, Patience, SmallClient
from mailtide.store import tables
from mailtide.store.row import Row
from tests.serving import QuietHandler, serving

PREFIX = "test"
REGION = "us-east-1"


@contextmanager
def moto_tables(*models: type[Row]) -> Iterator[None]:
    """Create these tables (all, when none is named) and bind the models to them."""
    with mock_aws():
        create_tables(*models)
        yield


@contextmanager
def small_client_tables(*models: type[Row]) -> Iterator[None]:
    """Do as `moto_tables`, where the small client makes the calls, over HTTP."""
    with moto_tables(*models), serving(_MotoOverHttp) as url:
        client = SmallClient(
            DYNAMODB,
            url,
            REGION,
            Patience(answer=5, tries=1, pause=0),
            lambda: Credentials("access", "secret"),
            lambda: datetime.now(UTC),
        )
        tables.bind(PREFIX, REGION, client)
        try:
            yield
        finally:
            client.close()
            tables.bind(PREFIX, REGION)


class _MotoOverHttp(QuietHandler):
    """Answers with the bytes that moto answers with."""

    def do_POST(self) -> None:  # noqa: N802
        body = self.rfile.read(int(self.headers["Content-Length"]))
        url = f"https://dynamodb.{REGION}.amazonaws.com/"
        headers = HTTPHeaders.from_dict(dict(self.headers))
        request = AWSPreparedRequest("POST", url, headers, body, False)
        answer: Any = botocore_stubber("before-send", request=request)
        self.send_response(answer.status_code)
        self.send_header("Content-Length", str(len(answer.content)))
        self.end_headers()
        self.wfile.write(answer.content)


def create_tables(*models: type[Row]) -> None:
    """Create and bind tables within a mock that is already there."""
    for model in models or tables.ALL:
        _client().create_table(**definition(model.schema(), PREFIX))
    # A client outlives the mock it was first used in, and making one is most of a test's time.
    if not all(model.Meta.table_name.startswith(f"{PREFIX}-") for model in tables.ALL):
        tables.bind(PREFIX, REGION)


@cache
def _client() -> Any:
    return boto3.client("dynamodb", region_name=REGION)
