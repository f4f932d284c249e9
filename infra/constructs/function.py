"""One Lambda function: our runtime, layers, role, log group and environment."""

from collections.abc import Mapping, Sequence

from aws_cdk import Duration
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_logs as logs
from constructs import Construct

from infra.build import Artifacts
from infra.config import Config
from infra.constructs.retention import removal_policy, retention_days

# Pydantic looks for plugins in the metadata of every package, at each start; we have none.
LIBRARY_SETTINGS = {"PYDANTIC_DISABLE_PLUGINS": "__all__"}
ARCHITECTURES = {"arm64": lambda_.Architecture.ARM_64, "x86_64": lambda_.Architecture.X86_64}


def runtime(config: Config) -> lambda_.Runtime:
    """Return the Python runtime of the configured version."""
    return lambda_.Runtime(f"python{config.python_version}", lambda_.RuntimeFamily.PYTHON)


class MailtideFunction(lambda_.Function):
    """The function in `functions/<name>`; its role may write its own log and nothing else yet."""

    def __init__(
        self,
        scope: Construct,
        id_: str,
        *,
        name: str,
        config: Config,
        artifacts: Artifacts,
        layers: Sequence[lambda_.LayerVersion],
        environment: Mapping[str, str],
        timeout_seconds: int,
        memory_mb: int,
    ) -> None:
        log_group = _log_group(scope, f"{id_}Log", config)
        # Lambda's managed policy would let a function write into every log group of the account.
        service = iam.ServicePrincipal("lambda.amazonaws.com")
        role = iam.Role(scope, f"{id_}Role", assumed_by=service)
        log_group.grant_write(role)
        super().__init__(
            scope,
            id_,
            function_name=f"{config.stack_name}-{name}",
            runtime=runtime(config),
            architecture=ARCHITECTURES[config.platform],
            code=lambda_.Code.from_asset(str(artifacts.function(name))),
            handler=f"functions.{name}.handler.lambda_handler",
            layers=list(layers),
            role=role,
            log_group=log_group,
            environment={**environment, **LIBRARY_SETTINGS, "POWERTOOLS_SERVICE_NAME": name},
            timeout=Duration.seconds(timeout_seconds),
            memory_size=memory_mb,
            tracing=lambda_.Tracing.ACTIVE if config.tracing else lambda_.Tracing.DISABLED,
        )
        self.name = name
        self.timeout_seconds = timeout_seconds


def _log_group(scope: Construct, id_: str, config: Config) -> logs.LogGroup:
    return logs.LogGroup(
        scope, id_, retention=retention_days(config), removal_policy=removal_policy(config)
    )
