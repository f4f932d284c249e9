"""The real template in the emulator, permissions enforced: create, update, destroy, no trace left.

The tests of a deployment run in the order of its life.
"""

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import httpx
import pytest
from botocore.exceptions import ClientError

from infra.build import function_names
from local import deploy, emulator, front_door
from local.deploy import Deployment
from local.emulator import Emulator
from local.front_door import FrontDoor

pytestmark = pytest.mark.system

PARALLEL = 24


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulator]:
    with emulator.running(enforce_iam=True) as running:
        yield running


@pytest.fixture(scope="module")
def door() -> Iterator[FrontDoor]:
    with front_door.listening(0) as listening:
        yield listening


@pytest.fixture(scope="module")
def deployment(aws: Emulator, door: FrontDoor) -> Deployment:
    up = deploy.deploy(aws, {"public_url": door.url})
    door.open_to(aws.endpoint, up.outputs["ApiId"])
    return up


def acting_as(aws: Emulator, function: str) -> dict[str, str]:
    """Return credentials of the function's own role."""
    role = aws.client("lambda").get_function_configuration(FunctionName=f"Mailtide-{function}")
    session = aws.client("sts").assume_role(RoleArn=role["Role"], RoleSessionName=function)
    credentials = session["Credentials"]
    return {
        "aws_access_key_id": credentials["AccessKeyId"],
        "aws_secret_access_key": credentials["SecretAccessKey"],
        "aws_session_token": credentials["SessionToken"],
    }


@pytest.mark.usefixtures("deployment")
def test_every_function_is_deployed(aws: Emulator) -> None:
    functions = aws.client("lambda").list_functions()["Functions"]
    assert {item["FunctionName"] for item in functions} == {
        f"Mailtide-{name}" for name in function_names()
    }


def test_webhook_may_fill_the_queue_of_events_and_no_other(
    aws: Emulator, deployment: Deployment
) -> None:
    sqs = aws.client("sqs", **acting_as(aws, "webhook"))
    sqs.send_message(QueueUrl=deployment.outputs["EventsQueue"], MessageBody="{}")
    with pytest.raises(ClientError, match="not authorized"):
        sqs.send_message(QueueUrl=deployment.outputs["SendingQueue"], MessageBody="{}")


@pytest.mark.parametrize(
    ("function", "table", "key"),
    [
        ("rollup", "contacts", ("shard_key", "contact_id")),
        ("webhook", "organisations", ("id", "item")),
        ("release", "suppression_list", ("shard_key", "contact_id")),
    ],
)
@pytest.mark.usefixtures("deployment")
def test_function_may_not_read_a_table_it_does_not_need(
    aws: Emulator, function: str, table: str, key: tuple[str, str]
) -> None:
    dynamodb = aws.client("dynamodb", **acting_as(aws, function))
    with pytest.raises(ClientError, match="not authorized"):
        dynamodb.get_item(TableName=f"Mailtide-{table}", Key={name: {"S": "x"} for name in key})


def test_only_the_sender_reads_a_relays_login(aws: Emulator, deployment: Deployment) -> None:
    name = "Mailtide/relay/test"
    aws.client("secretsmanager", **acting_as(aws, "api")).create_secret(
        Name=name, SecretString="{}"
    )
    aws.client("secretsmanager", **acting_as(aws, "sender")).get_secret_value(SecretId=name)
    with pytest.raises(ClientError, match="not authorized"):
        aws.client("secretsmanager", **acting_as(aws, "api")).get_secret_value(SecretId=name)


@pytest.mark.usefixtures("deployment")
def test_requests_in_parallel_all_get_their_own_answer(door: FrontDoor) -> None:
    def unsubscribe_page(n: int) -> tuple[int, str]:
        answer = httpx.get(f"{door.url}/u/forged-{n}", timeout=120)
        return answer.status_code, answer.headers["apigw-requestid"]

    with ThreadPoolExecutor(PARALLEL) as pool:
        answers = list(pool.map(unsubscribe_page, range(2 * PARALLEL)))
    assert {status for status, _ in answers} == {404}
    assert len({request_id for _, request_id in answers}) == 2 * PARALLEL


def test_second_deployment_changes_what_the_parameters_say(
    aws: Emulator, door: FrontDoor, deployment: Deployment
) -> None:
    updated = deploy.deploy(aws, {"public_url": door.url, "relay_networks": "10.1.0.0/16"})
    assert updated.outputs["ApiId"] == deployment.outputs["ApiId"]
    sender = aws.client("lambda").get_function_configuration(FunctionName="Mailtide-sender")
    assert sender["Environment"]["Variables"]["MAILTIDE_RELAY_NETWORKS"] == "10.1.0.0/16"


def test_refused_template_says_why(aws: Emulator, door: FrontDoor) -> None:
    with pytest.raises(deploy.DeploymentError, match="log_retention_days: 8 is not one of"):
        deploy.deploy(aws, {"public_url": door.url, "log_retention_days": 8})


def test_destroying_leaves_nothing(aws: Emulator, deployment: Deployment) -> None:
    bucket = deployment.outputs["DataBucket"]
    aws.client("s3").put_object(Bucket=bucket, Key="raw/left-over.json", Body=json.dumps({}))
    deploy.destroy(aws)
    assert aws.client("dynamodb").list_tables()["TableNames"] == []
    assert aws.client("lambda").list_functions()["Functions"] == []
    assert aws.client("sqs").list_queues().get("QueueUrls", []) == []
    assert bucket not in {item["Name"] for item in aws.client("s3").list_buckets()["Buckets"]}


def test_emulator_leaves_neither_a_process_nor_a_file() -> None:
    with emulator.running(enforce_iam=False) as running:
        endpoint, folder = running.endpoint, running.log_file.parent
        assert httpx.get(f"{endpoint}/_ministack/health").is_success
    assert not Path(folder).exists()
    with pytest.raises(httpx.ConnectError):
        httpx.get(endpoint)
