"""Mail that SES receives: a receipt rule that stores it and tells the queue of events."""

from collections.abc import Sequence

from aws_cdk import Aws, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_ses as ses
from aws_cdk import aws_sns as sns
from constructs import Construct

from infra.config import Config

PREFIX = "inbound/"


class InboundMail(Construct):
    """A rule set with one rule; an account has one active set, and who it is is the operator's.

    SES's own construct lets any rule of the account write, so what SES may do is said here.
    """

    def __init__(
        self, scope: Construct, id_: str, config: Config, bucket: s3.Bucket, topic: sns.Topic
    ) -> None:
        """Nothing is made when the stack takes nobody's mail."""
        super().__init__(scope, id_)
        given = (domain.strip() for domain in config.inbound_domains.split(","))
        if domains := [domain for domain in given if domain]:
            self._receive(f"{config.stack_name}-inbound", domains, bucket, topic)

    def _receive(
        self, name: str, domains: Sequence[str], bucket: s3.Bucket, topic: sns.Topic
    ) -> None:
        """Make the rule set `name`; mail to subdomains is not taken."""
        rules = ses.CfnReceiptRuleSet(self, "Rules", rule_set_name=name)
        allowed = [
            bucket.add_to_resource_policy(
                self._allowing("s3:PutObject", bucket.arn_for_objects(f"{PREFIX}*"), name)
            ),
            topic.add_to_resource_policy(self._allowing("sns:Publish", topic.topic_arn, name)),
        ]
        rule = ses.CfnReceiptRule(
            self,
            "Store",
            rule_set_name=name,
            rule=ses.CfnReceiptRule.RuleProperty(
                name="store",
                enabled=True,
                recipients=list(domains),
                scan_enabled=True,  # for spam and viruses
                actions=[
                    ses.CfnReceiptRule.ActionProperty(
                        s3_action=ses.CfnReceiptRule.S3ActionProperty(
                            bucket_name=bucket.bucket_name,
                            object_key_prefix=PREFIX,
                            topic_arn=topic.topic_arn,
                        )
                    )
                ],
            ),
        )
        rule.add_dependency(rules)
        for result in allowed:  # SES tries both when the rule is made
            if result.policy_dependable is not None:
                rule.node.add_dependency(result.policy_dependable)

    def _allowing(self, action: str, resource: str, rules: str) -> iam.PolicyStatement:
        """Let SES do one thing for the rules of this set, and for nobody else's."""
        stack = Stack.of(self)
        rule = f"arn:{Aws.PARTITION}:ses:{stack.region}:{stack.account}:receipt-rule-set/{rules}"
        return iam.PolicyStatement(
            principals=[iam.ServicePrincipal("ses.amazonaws.com")],
            actions=[action],
            resources=[resource],
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": f"{rule}:receipt-rule/*"},
            },
        )
