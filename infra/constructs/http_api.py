"""The HTTP API: routes to functions, throttled, with an access log."""

import json
from collections.abc import Sequence

from aws_cdk import CfnOutput
from aws_cdk import aws_apigatewayv2 as apigw
from aws_cdk import aws_cloudwatch as cw
from aws_cdk import aws_logs as logs
from aws_cdk.aws_apigatewayv2_integrations import HttpLambdaIntegration
from constructs import Construct

from infra.config import Config
from infra.constructs.function import MailtideFunction
from infra.constructs.retention import removal_policy, retention_days

# No path of a tracking link, since it names a recipient, and no query.
ACCESS_LOG = {
    "request_id": "$context.requestId",
    "at": "$context.requestTime",
    "route": "$context.routeKey",
    "status": "$context.status",
    "latency_ms": "$context.responseLatency",
    "bytes": "$context.responseLength",
    "error": "$context.integrationErrorMessage",
}


class HttpApi(Construct):
    """One API with one default stage; who may call what is decided inside the functions."""

    def __init__(self, scope: Construct, id_: str, *, config: Config) -> None:
        super().__init__(scope, id_)
        self.api = apigw.HttpApi(
            self, "Api", api_name=config.stack_name, create_default_stage=False
        )
        log_group = logs.LogGroup(
            self,
            "AccessLog",
            retention=retention_days(config),
            removal_policy=removal_policy(config),
        )
        self.stage = apigw.HttpStage(
            self,
            "Stage",
            http_api=self.api,
            stage_name="$default",
            auto_deploy=True,
            throttle=apigw.ThrottleSettings(
                rate_limit=config.throttle_rate, burst_limit=config.throttle_burst
            ),
        )
        stage = self.stage.node.default_child
        if not isinstance(stage, apigw.CfnStage):
            raise TypeError("the stage's default child is not a CfnStage")
        stage.access_log_settings = apigw.CfnStage.AccessLogSettingsProperty(
            destination_arn=log_group.log_group_arn, format=json.dumps(ACCESS_LOG)
        )
        self.address = config.public_url.rstrip("/") or self.api.api_endpoint
        self.server_errors = cw.Alarm(
            self,
            "ServerErrors",
            metric=self.api.metric_server_error(statistic="Sum"),
            threshold=5,
            evaluation_periods=2,
            treat_missing_data=cw.TreatMissingData.NOT_BREACHING,
            alarm_description="The API answers 5xx. Runbook: docs/runbook.md#server-errors",
        )
        CfnOutput(self, "Address", value=self.address).override_logical_id("Address")
        CfnOutput(self, "ApiId", value=self.api.api_id).override_logical_id("ApiId")

    def route(
        self, function: MailtideFunction, methods: Sequence[apigw.HttpMethod], *paths: str
    ) -> None:
        """Send these methods of these paths to `function`."""
        integration = HttpLambdaIntegration(f"{function.name}-integration", function)
        for path in paths:
            self.api.add_routes(path=path, methods=list(methods), integration=integration)
