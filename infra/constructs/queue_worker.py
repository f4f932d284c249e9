"""A queue of jobs, its dead-letter queue, the function that drains it, and alarms on both."""

from aws_cdk import Duration
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from infra.constructs.function import MailtideFunction

MAX_RECEIVES = 5


class QueueWorker(Construct):
    """A job is received at most five times, then it lies 14 days in the dead-letter queue."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        visibility_seconds: int,
        max_age_minutes: int,
        require_tls: bool,
    ) -> None:
        """`max_age_minutes`: how old the oldest job may get before somebody should look."""
        super().__init__(scope, id_)
        self.dead = sqs.Queue(
            self, "Dead", retention_period=Duration.days(14), enforce_ssl=require_tls
        )
        self.queue = sqs.Queue(
            self,
            "Queue",
            visibility_timeout=Duration.seconds(visibility_seconds),
            retention_period=Duration.days(14),
            dead_letter_queue=sqs.DeadLetterQueue(queue=self.dead, max_receive_count=MAX_RECEIVES),
            enforce_ssl=require_tls,
        )
        self.dead_letters = self._dead_letters_alarm()
        self.oldest_job = self._oldest_job_alarm(max_age_minutes)

    def drain_with(
        self, function: MailtideFunction, *, batch_size: int, max_concurrency: int | None = None
    ) -> None:
        """Let `function` take jobs; those it names as failed return to the queue alone."""
        function.add_event_source(
            sources.SqsEventSource(
                self.queue,
                batch_size=batch_size,
                max_concurrency=max_concurrency,
                report_batch_item_failures=True,
            )
        )

    def _dead_letters_alarm(self) -> cw.Alarm:
        return cw.Alarm(
            self,
            "DeadLetters",
            metric=self.dead.metric_approximate_number_of_messages_visible(statistic="Maximum"),
            threshold=1,
            evaluation_periods=1,
            treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
            alarm_description="Jobs were given up on. Runbook: docs/runbook.md#dead-letters",
        )

    def _oldest_job_alarm(self, max_age_minutes: int) -> cw.Alarm:
        return cw.Alarm(
            self,
            "OldestJob",
            metric=self.queue.metric_approximate_age_of_oldest_message(),
            threshold=60 * max_age_minutes,
            evaluation_periods=1,
            treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
            alarm_description="Jobs wait too long. Runbook: docs/runbook.md#queue-age",
        )
