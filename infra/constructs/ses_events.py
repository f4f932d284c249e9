"""What SES tells of our mail: a topic that it publishes to, carried into the queue of events."""

from aws_cdk import Aws, Stack
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.config import Config
from infra.constructs.queue_worker import QueueWorker
from infra.constructs.stream import METRICS

MESSAGE_TAG = "mt-message"  # on every message that we send over SES


class SesEvents(Construct):
    """The topic that the configuration sets of sending IPs name as their event destination."""

    def __init__(
        self, scope: Construct, id_: str, *, events_queue: QueueWorker, config: Config
    ) -> None:
        super().__init__(scope, id_)
        self.topic = sns.Topic(self, "Topic", enforce_ssl=not config.emulator)
        self.topic.add_to_resource_policy(self._publishing(Stack.of(self)))
        # Raw: what SES wrote, without an envelope around it. The queue takes it from this topic
        # alone, so what lies in the queue needs no signature.
        self.topic.add_subscription(
            subscriptions.SqsSubscription(
                events_queue.queue,
                raw_message_delivery=True,
                dead_letter_queue=events_queue.dead,
            )
        )
        if config.ses_event_bridge:
            self._read_bus(events_queue)

    def _publishing(self, stack: Stack) -> iam.PolicyStatement:
        """Let SES publish for this account's configuration sets, and for nobody else's."""
        sets = f"arn:{Aws.PARTITION}:ses:{stack.region}:{stack.account}:configuration-set/*"
        return iam.PolicyStatement(
            principals=[iam.ServicePrincipal("ses.amazonaws.com")],
            actions=["sns:Publish"],
            resources=[self.topic.topic_arn],
            conditions={
                "StringEquals": {"aws:SourceAccount": stack.account},
                "ArnLike": {"aws:SourceArn": sets},
            },
        )

    def _read_bus(self, events_queue: QueueWorker) -> None:
        """Take SES's events from the account's bus too, those about messages of ours alone."""
        events.Rule(
            self,
            "Bus",
            description="What SES tells of our messages",
            event_pattern=events.EventPattern(
                source=["aws.ses"],
                detail={"mail": {"tags": {MESSAGE_TAG: events.Match.exists()}}},
            ),
            targets=[
                targets.SqsQueue(events_queue.queue, dead_letter_queue=events_queue.dead),
            ],
        )


def subscription_alarm(scope: Construct) -> cw.Alarm:
    """Tell when somebody ended a subscription of `/webhooks/ses`: its events come no more."""
    return cw.Alarm(
        scope,
        "SnsEnded",
        metric=cw.Metric(
            namespace=METRICS,
            metric_name="SnsEnded",
            dimensions_map={"service": "webhook"},
            statistic="Sum",
        ),
        threshold=1,
        evaluation_periods=1,
        treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
        alarm_description="A topic stopped posting. Runbook: docs/runbook.md#sns-ended",
    )
