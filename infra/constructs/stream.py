"""Readers of a table's change stream: a batch is retried until it passes, for 20 hours."""

import jsii
from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_dynamodb as dynamodb
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_s3 as s3
from constructs import Construct

from infra.constructs.function import MailtideFunction

# DynamoDB forgets a change after 24 hours: what waited behind a failing batch must be read by then.
RETRY_HOURS = 20
METRICS = "Mailtide"  # the namespace of what functions count


@jsii.implements(lambda_.IEventSourceDlq)
class FailedBatches:
    """Where Lambda puts a batch, records and all, that still failed after 20 hours.

    The CDK's own class would let the reader read and write the whole bucket.
    """

    def __init__(self, bucket: s3.IBucket) -> None:
        self.bucket = bucket

    def bind(
        self, target: lambda_.IEventSourceMapping, target_handler: lambda_.IFunction
    ) -> lambda_.DlqDestinationConfig:
        """Let the reader's role put objects where Lambda names them `aws/lambda/...`."""
        target_handler.add_to_role_policy(
            iam.PolicyStatement(
                actions=["s3:PutObject"],
                resources=[self.bucket.arn_for_objects("aws/lambda/*")],
            )
        )
        target_handler.add_to_role_policy(
            iam.PolicyStatement(actions=["s3:ListBucket"], resources=[self.bucket.bucket_arn])
        )
        return lambda_.DlqDestinationConfig(destination=self.bucket.bucket_arn)


def read_stream(
    table: dynamodb.ITable,
    function: MailtideFunction,
    *,
    failed: FailedBatches,
    tumbling_window_seconds: int | None = None,
) -> None:
    """Let `function` read the stream in order: one batch per shard at a time.

    A tumbling window is what makes Lambda name the shard in the event.
    """
    window = tumbling_window_seconds
    function.add_event_source(
        sources.DynamoEventSource(
            table,
            starting_position=lambda_.StartingPosition.TRIM_HORIZON,
            batch_size=100,
            parallelization_factor=1,
            bisect_batch_on_error=True,
            max_record_age=Duration.hours(RETRY_HOURS),
            on_failure=failed,
            tumbling_window=Duration.seconds(window) if window else None,
        )
    )


def iterator_age_alarm(scope: Construct, function: MailtideFunction) -> cw.Alarm:
    """Tell when a reader is more than five minutes behind: the counters are, too."""
    return cw.Alarm(
        scope,
        f"{function.node.id}IteratorAge",
        metric=function.metric("IteratorAge", statistic="Maximum"),
        threshold=5 * 60 * 1000,  # ms
        evaluation_periods=2,
        treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
        alarm_description="A stream reader is behind. Runbook: docs/runbook.md#iterator-age",
    )


def quarantine_alarm(scope: Construct, function: MailtideFunction) -> cw.Alarm:
    """Tell when a record could not be read: the counters of its campaign may miss something."""
    return cw.Alarm(
        scope,
        "Quarantine",
        metric=cw.Metric(
            namespace=METRICS,
            metric_name="RollupQuarantined",
            dimensions_map={"service": "rollup"},
            statistic="Sum",
        ),
        threshold=1,
        evaluation_periods=1,
        treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
        alarm_description="A changed row is unreadable. Runbook: docs/runbook.md#quarantine",
    )
