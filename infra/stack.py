"""The one stack: layers, data, queues, functions, what triggers them, what they may do, alarms."""

from aws_cdk import ArnFormat, CfnOutput, Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from infra.access import ACCESS, Access
from infra.build import Artifacts
from infra.config import Config
from infra.constructs.account_access import grant_account
from infra.constructs.function import MailtideFunction, runtime
from infra.constructs.http_api import HttpApi
from infra.constructs.inbound_mail import InboundMail
from infra.constructs.monitoring import Monitoring, silence_alarm
from infra.constructs.queue_worker import QueueWorker
from infra.constructs.ses_events import SesEvents, subscription_alarm
from infra.constructs.storage import Storage
from infra.constructs.stream import FailedBatches, iterator_age_alarm, quarantine_alarm, read_stream
from infra.constructs.tables import Tables
from infra.shape import ROUTES, Size, functions, queues

ROLLUP_WINDOW_SECONDS = 60
READ_SECRET = ["secretsmanager:GetSecretValue"]
KEEP_LOGINS = [
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:PutSecretValue",
]


class MailtideStack(Stack):
    """Everything Mailtide needs in one account and region."""

    def __init__(self, scope: Construct, id_: str, *, config: Config, artifacts: Artifacts) -> None:
        super().__init__(scope, id_, stack_name=config.stack_name)
        self.config = config
        self.relay_prefix = f"{config.stack_name}/relay/"
        self.tables = Tables(self, "Tables", config=config)
        self.storage = Storage(self, "Storage", config=config)
        self.http_api = HttpApi(self, "Http", config=config)
        sizes = functions(config)
        self.queues = self._queues(sizes)
        self.ses_events = SesEvents(
            self, "SesEvents", events_queue=self.queues["events"], config=config
        )
        InboundMail(self, "InboundMail", config, self.storage.bucket, self.ses_events.topic)
        self.functions = self._functions(sizes, artifacts)
        self._drain_queues()
        self._route_requests()
        self._read_event_stream()
        self._schedule()
        for name, access in ACCESS.items():
            self._grant(self.functions[name], access)
        self._monitor()
        self._describe()

    def _queues(self, sizes: dict[str, Size]) -> dict[str, QueueWorker]:
        fixed = self.config.visibility_seconds
        return {
            name: QueueWorker(
                self,
                f"{name.title()}Jobs",
                visibility_seconds=fixed or shape.visibility_seconds,
                max_age_minutes=shape.max_age_minutes,
                require_tls=not self.config.emulator,
            )
            for name, shape in queues(sizes).items()
        }

    def _functions(
        self, sizes: dict[str, Size], artifacts: Artifacts
    ) -> dict[str, MailtideFunction]:
        layers = [
            self._layer("Dependencies", str(artifacts.dependencies)),
            self._layer("Common", str(artifacts.common)),
        ]
        environment = self._environment()
        return {
            name: MailtideFunction(
                self,
                name.title(),
                name=name,
                config=self.config,
                artifacts=artifacts,
                layers=layers,
                environment=environment,
                timeout_seconds=size.timeout_seconds,
                memory_mb=size.memory_mb,
            )
            for name, size in sizes.items()
        }

    def _layer(self, id_: str, folder: str) -> lambda_.LayerVersion:
        return lambda_.LayerVersion(
            self,
            id_,
            code=lambda_.Code.from_asset(folder),
            compatible_runtimes=[runtime(self.config)],
        )

    def _environment(self) -> dict[str, str]:
        """Return the settings, the same for every function (`mailtide.app.Settings`)."""
        config = self.config
        queues = {
            f"MAILTIDE_QUEUE_{name.upper()}": worker.queue.queue_url
            for name, worker in self.queues.items()
        }
        return {
            "MAILTIDE_TABLE_PREFIX": self.tables.prefix,
            "MAILTIDE_DATA_BUCKET": self.storage.bucket.bucket_name,
            "MAILTIDE_SECRET_IDENTITY": self.storage.secret_arn("identity"),
            "MAILTIDE_SECRET_SIGNING": self.storage.secret_arn("signing"),
            "MAILTIDE_RELAY_SECRET_PREFIX": self.relay_prefix,
            "MAILTIDE_PUBLIC_URL": self.http_api.address,
            "MAILTIDE_RELAY_NETWORKS": config.relay_networks,
            "MAILTIDE_SES_TOPIC": self.ses_events.topic.topic_arn,
            "MAILTIDE_SES_TOPICS": config.ses_topics,
            "MAILTIDE_SENDER_TIMEOUT_SECONDS": str(config.sender_timeout_seconds),
            "MAILTIDE_LEASE_SECONDS": str(config.effective_lease_seconds),
            "MAILTIDE_REQUESTS_PER_MINUTE": str(config.requests_per_minute),
            "MAILTIDE_EMULATOR": "true" if config.emulator else "false",
            **queues,
            "POWERTOOLS_METRICS_NAMESPACE": "Mailtide",
            "LOG_LEVEL": "INFO",
            **config.environment,
        }

    def _drain_queues(self) -> None:
        self.queues["launch"].drain_with(self.functions["launch"], batch_size=1)
        self.queues["sending"].drain_with(
            self.functions["sender"],
            batch_size=1,
            max_concurrency=self.config.sender_concurrency,
        )
        # One message each, and no cap: a transactional message waits for nothing.
        self.queues["transact"].drain_with(self.functions["transact"], batch_size=1)
        # A payload has up to 100 events (`flows/webhook.py`), of up to 8 calls of about 10 ms one
        # after another: at worst 5 x 100 x 8 x 10 ms = 40 s of the function's 60, as a rule 5 s.
        self.queues["events"].drain_with(self.functions["ingest"], batch_size=5)
        for name in ("imports", "jobs"):
            self.queues[name].drain_with(self.functions[name], batch_size=1, max_concurrency=2)

    def _route_requests(self) -> None:
        for name, methods, paths in ROUTES:
            self.http_api.route(self.functions[name], methods, *paths)

    def _read_event_stream(self) -> None:
        table = self.tables.by_name["email_delivery_events"]
        failed = FailedBatches(self.storage.bucket)
        read_stream(
            table,
            self.functions["rollup"],
            failed=failed,
            tumbling_window_seconds=ROLLUP_WINDOW_SECONDS,
        )
        read_stream(table, self.functions["react"], failed=failed)

    def _schedule(self) -> None:
        self.functions["release"].configure_async_invoke(
            retry_attempts=0, max_event_age=Duration.minutes(1)
        )
        events.Rule(
            self,
            "EveryMinute",
            description="Release what is due",
            schedule=events.Schedule.rate(Duration.minutes(1)),
            # A missed minute is made up for by the next, so none waits or is tried again.
            targets=[
                targets.LambdaFunction(
                    self.functions["release"], retry_attempts=0, max_event_age=Duration.minutes(1)
                )
            ],
        )

    def _grant(self, function: MailtideFunction, access: Access) -> None:
        self.tables.grant(function, access.tables)
        bucket = self.storage.bucket
        for action, prefixes in access.to_objects():
            _allow(function, [action], *(bucket.arn_for_objects(f"{one}/*") for one in prefixes))
        if access.get:
            # Without it a missing object looks like a forbidden one.
            _allow(function, ["s3:ListBucket"], bucket.bucket_arn)
        for queue in access.send:
            self._grant_sending(function, queue)
        if access.secrets:
            _allow(function, READ_SECRET, *map(self.storage.secret_arn, access.secrets))
        if access.reads_relay_logins:
            _allow(function, READ_SECRET, self._relay_logins())
        if access.keeps_relay_logins:
            _allow(function, KEEP_LOGINS, self._relay_logins())
        grant_account(function, access)

    def _grant_sending(self, function: MailtideFunction, queue: str) -> None:
        self.queues[queue].queue.grant_send_messages(function)
        if self.config.emulator:  # in AWS, sqs:SendMessage covers a batch
            self.queues[queue].queue.grant(function, "sqs:SendMessageBatch")

    def _relay_logins(self) -> str:
        return self.format_arn(
            service="secretsmanager",
            resource="secret",
            resource_name=f"{self.relay_prefix}*",
            arn_format=ArnFormat.COLON_RESOURCE_NAME,
        )

    def _monitor(self) -> None:
        readers = [self.functions["rollup"], self.functions["react"]]
        Monitoring(
            self,
            "Monitoring",
            config=self.config,
            functions=list(self.functions.values()),
            queues=list(self.queues.values()),
            http_api=self.http_api,
            alarms=[
                *(iterator_age_alarm(self, reader) for reader in readers),
                quarantine_alarm(self, self.functions["rollup"]),
                silence_alarm(self, self.functions["release"]),
                subscription_alarm(self),
            ],
        )

    def _describe(self) -> None:
        """Tell operators and the command line where things are."""
        places = {
            "TablePrefix": self.tables.prefix,
            "DataBucket": self.storage.bucket.bucket_name,
            "IdentitySecret": self.storage.secret_arn("identity"),
            "SigningSecret": self.storage.secret_arn("signing"),
            "SesTopic": self.ses_events.topic.topic_arn,
        }
        for name, worker in self.queues.items():
            places[f"{name.title()}Queue"] = worker.queue.queue_url
            places[f"{name.title()}DeadLetters"] = worker.dead.queue_url
        for output, value in places.items():
            CfnOutput(self, f"{output}Output", value=value).override_logical_id(output)


def _allow(function: MailtideFunction, actions: list[str], *resources: str) -> None:
    function.add_to_role_policy(iam.PolicyStatement(actions=actions, resources=list(resources)))
