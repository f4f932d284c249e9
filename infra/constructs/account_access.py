"""What a function may do with what the account has one of: SES and the event bus."""

from collections.abc import Sequence

from aws_cdk import Stack
from aws_cdk import aws_iam as iam

from infra.access import Access
from infra.constructs.function import MailtideFunction

SEND = ["ses:SendEmail", "ses:SendRawEmail"]  # raw mail by API v2 needs the second
KEEP_SETS = [
    "ses:CreateConfigurationSet",
    "ses:CreateConfigurationSetEventDestination",
    "ses:GetConfigurationSet",
    "ses:GetConfigurationSetEventDestinations",
    "ses:TagResource",
    "ses:UpdateConfigurationSetEventDestination",
]
IDENTITIES, SETS, POOLS = "identity/*", "configuration-set/*", "dedicated-ip-pool/*"
BUS = "event-bus/default"
EVERY = "*"  # the account itself is no resource that a policy could name


def grant_account(function: MailtideFunction, access: Access) -> None:
    """Give a function its share of SES and of the default event bus."""
    if access.announces:
        _allow(function, ["events:PutEvents"], [_arn(function, BUS, service="events")])
    if access.sends_over_ses:
        _allow(function, SEND, [_arn(function, IDENTITIES), _arn(function, SETS)])
    if access.reads_ses_account:
        _allow(function, ["ses:GetAccount"], [EVERY])
    if access.reads_ses_identities:
        _allow(function, ["ses:GetEmailIdentity"], [_arn(function, IDENTITIES)])
    if access.keeps_ses_sets:
        _allow(function, KEEP_SETS, [_arn(function, SETS)])
        _allow(function, ["ses:ListTagsForResource"], [_arn(function, POOLS)])


def _arn(function: MailtideFunction, resource: str, *, service: str = "ses") -> str:
    stack = Stack.of(function)
    return f"arn:{stack.partition}:{service}:{stack.region}:{stack.account}:{resource}"


def _allow(function: MailtideFunction, actions: Sequence[str], resources: Sequence[str]) -> None:
    statement = iam.PolicyStatement(actions=list(actions), resources=list(resources))
    function.add_to_role_policy(statement)
