"""Who hears of trouble, and one page that shows how the machinery runs."""

from collections.abc import Iterable, Sequence

from aws_cdk import CfnOutput, Stack
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_cloudwatch_actions as actions
from aws_cdk import aws_iam as iam
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sns_subscriptions as subscriptions
from constructs import Construct

from infra.config import Config
from infra.constructs.function import MailtideFunction
from infra.constructs.http_api import HttpApi
from infra.constructs.queue_worker import QueueWorker


class Monitoring(Construct):
    """Every alarm of the stack goes to one topic; functions get theirs here."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        config: Config,
        functions: Sequence[MailtideFunction],
        queues: Sequence[QueueWorker],
        http_api: HttpApi,
        alarms: Iterable[cw.Alarm],
    ) -> None:
        super().__init__(scope, id_)
        self.topic = self._topic(config)
        if config.alarm_email:
            self.topic.add_subscription(subscriptions.EmailSubscription(config.alarm_email))
        own = [alarm for function in functions for alarm in self._function_alarms(function)]
        of_queues = [alarm for queue in queues for alarm in (queue.dead_letters, queue.oldest_job)]
        for alarm in [*own, *of_queues, http_api.server_errors, *alarms]:
            alarm.add_alarm_action(actions.SnsAction(self.topic))
        self._dashboard(config, functions, queues, http_api)
        CfnOutput(self, "AlarmTopic", value=self.topic.topic_arn).override_logical_id("AlarmTopic")

    def _topic(self, config: Config) -> sns.Topic:
        topic = sns.Topic(self, "Alarms", enforce_ssl=not config.emulator)
        if not config.emulator:
            # Asking for TLS makes a policy, which takes the place of SNS's own, and with it
            # CloudWatch's leave to publish.
            topic.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[iam.ServicePrincipal("cloudwatch.amazonaws.com")],
                    actions=["sns:Publish"],
                    resources=[topic.topic_arn],
                    conditions={"StringEquals": {"aws:SourceAccount": Stack.of(self).account}},
                )
            )
        return topic

    def _function_alarms(self, function: MailtideFunction) -> list[cw.Alarm]:
        errors = cw.Alarm(
            self,
            f"{function.node.id}Errors",
            metric=function.metric_errors(statistic="Sum"),
            threshold=3,
            evaluation_periods=2,
            treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
            alarm_description="A function fails. Runbook: docs/runbook.md#function-errors",
        )
        throttles = cw.Alarm(
            self,
            f"{function.node.id}Throttles",
            metric=function.metric_throttles(statistic="Sum"),
            threshold=10,
            evaluation_periods=3,
            treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
            alarm_description="A function is throttled. Runbook: docs/runbook.md#throttles",
        )
        return [errors, throttles]

    def _dashboard(
        self,
        config: Config,
        functions: Sequence[MailtideFunction],
        queues: Sequence[QueueWorker],
        http_api: HttpApi,
    ) -> None:
        dashboard = cw.Dashboard(
            self, "Operations", dashboard_name=f"{config.stack_name}-operations"
        )
        waiting = [q.queue.metric_approximate_number_of_messages_visible() for q in queues]
        oldest = [q.queue.metric_approximate_age_of_oldest_message() for q in queues]
        rows: list[tuple[str, list[cw.Metric]]] = [
            ("Jobs waiting", waiting),
            ("Oldest job (s)", oldest),
            ("Given up", [q.dead.metric_approximate_number_of_messages_visible() for q in queues]),
            ("Invocations", [f.metric_invocations() for f in functions]),
            ("Duration (ms)", [f.metric_duration(statistic="p95") for f in functions]),
            ("Errors", [f.metric_errors() for f in functions]),
            ("Throttles", [f.metric_throttles() for f in functions]),
            ("Requests", [http_api.api.metric_count()]),
            (
                "Client and server errors",
                [http_api.api.metric_client_error(), http_api.api.metric_server_error()],
            ),
        ]
        widgets = [cw.GraphWidget(title=title, left=metrics, width=8) for title, metrics in rows]
        for start in range(0, len(widgets), 3):
            dashboard.add_widgets(*widgets[start : start + 3])


def silence_alarm(scope: Construct, function: MailtideFunction) -> cw.Alarm:
    """Tell when a function that a schedule starts every minute is not started any more."""
    return cw.Alarm(
        scope,
        f"{function.node.id}Silence",
        metric=function.metric_invocations(statistic="Sum"),
        threshold=1,
        comparison_operator=cw.ComparisonOperator.LESS_THAN_THRESHOLD,
        evaluation_periods=2,
        treat_missing_data=cw.TreatMissingData.BREACHING,
        alarm_description="Nothing is released any more. Runbook: docs/runbook.md#silence",
    )
