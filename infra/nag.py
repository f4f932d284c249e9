"""Where the stack differs from a rule of cdk-nag's AwsSolutions pack, and why."""

from collections.abc import Iterator
from typing import TYPE_CHECKING

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct

from infra.access import ACCESS
from infra.constructs.account_access import IDENTITIES, POOLS, SETS

if TYPE_CHECKING:
    from infra.stack import MailtideStack

WHOLE_STACK = {
    "APIG4": "The functions check callers themselves: bearer keys, signed webhooks and links.",
    "L1": "The dependencies are tested and byte-compiled for the Python that config.py names.",
    "S1": "Only the functions use the bucket; CloudTrail's data events tell who did what.",
    "SMG4": "Ids are keyed with one secret for ever; the signing keys rotate as the runbook says.",
}
INDEX = "A query on any of the table's own indexes; the table itself is named."
OBJECTS = "A function reads or writes any object under its own prefix; keys hold random ids."
FAILED = "Lambda names the objects that hold what a stream reader gave up on."
ACCOUNT = "SES's account is no resource; X-Ray takes segments for none in particular."
SES = "Sending IPs name configuration sets and pools, and mail is from any verified identity."
RELAY = "Logins of the relays that organisations add; they share a prefix of their own."


def acknowledge(stack: "MailtideStack") -> None:
    """Give every exception its reason; whatever else a rule finds makes the synthesis fail."""
    for finding, reason in exceptions(stack).items():
        Validations.of(stack).acknowledge(Acknowledgment(id=finding, reason=reason))


def exceptions(stack: "MailtideStack") -> dict[str, str]:
    """Return the reason of each exception by the finding's own id."""
    findings = [*WHOLE_STACK.items(), *_wildcards(stack)]
    return {f"AwsSolutions::AwsSolutions-{finding}": reason for finding, reason in findings}


def _wildcards(stack: "MailtideStack") -> Iterator[tuple[str, str]]:
    for name in stack.tables.indexed:
        table = _logical_id(stack.tables.by_name[name])
        yield f"IAM5[Resource::<{table}.Arn>/index/*]", INDEX
    bucket = _logical_id(stack.storage.bucket)
    for prefix in sorted({prefix for a in ACCESS.values() for prefix in (*a.get, *a.put)}):
        yield f"IAM5[Resource::<{bucket}.Arn>/{prefix}/*]", OBJECTS
    yield f"IAM5[Resource::<{bucket}.Arn>/aws/lambda/*]", FAILED
    secrets = "arn:<AWS::Partition>:secretsmanager:<AWS::Region>:<AWS::AccountId>:secret"
    yield f"IAM5[Resource::{secrets}:{stack.relay_prefix}*]", RELAY
    yield "IAM5[Resource::*]", ACCOUNT
    for resource in (IDENTITIES, POOLS, SETS):
        yield (
            f"IAM5[Resource::arn:<AWS::Partition>:ses:<AWS::Region>:<AWS::AccountId>:{resource}]",
            SES,
        )


def _logical_id(resource: IConstruct) -> str:
    element = resource.node.default_child
    return str(Stack.of(resource).get_logical_id(element))  # type: ignore[arg-type]
