"""What the production template promises: checked on what CloudFormation would get."""

import json
import re
from collections.abc import Callable, Mapping
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from infra.access import ACCESS
from infra.build import function_names
from infra.config import Config
from infra.nag import exceptions
from infra.stack import MailtideStack
from mailtide.app import Settings
from mailtide.flows.webhook import SLICE
from mailtide.store.tables import ALL

Resources = Callable[[str], Mapping[str, Mapping[str, Any]]]
ROOT = Path(__file__).resolve().parents[2]


def text(value: object) -> str:
    return json.dumps(value)


def test_every_folder_of_functions_is_a_function(resources: Resources) -> None:
    deployed = {item["FunctionName"] for item in resources("AWS::Lambda::Function").values()}
    assert deployed == {f"Mailtide-{name}" for name in function_names()}


def test_every_function_has_its_share_of_access() -> None:
    assert set(ACCESS) == set(function_names())


def test_functions_run_on_arm64_and_python_3_13(resources: Resources) -> None:
    for function in resources("AWS::Lambda::Function").values():
        assert function["Architectures"] == ["arm64"]
        assert function["Runtime"] == "python3.13"


def test_every_function_has_the_settings_that_app_reads(resources: Resources) -> None:
    expected = {f"MAILTIDE_{field.name.upper()}" for field in fields(Settings)}
    for function in resources("AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        assert {name for name in variables if name.startswith("MAILTIDE_")} == expected


def test_nothing_of_the_emulator_is_left_in_production(template: Mapping[str, Any]) -> None:
    written = text(template)
    assert '"MAILTIDE_EMULATOR": "false"' in written
    assert '"MAILTIDE_RELAY_NETWORKS": ""' in written
    assert "AWS_ENDPOINT_URL" not in written


def test_every_log_group_expires(resources: Resources) -> None:
    groups = resources("AWS::Logs::LogGroup")
    assert len(groups) == len(function_names()) + 1  # and the API's access log
    assert all(group["RetentionInDays"] == 30 for group in groups.values())


def test_tables_are_those_of_the_schema(resources: Resources) -> None:
    tables = {
        table["TableName"]: table for table in resources("AWS::DynamoDB::GlobalTable").values()
    }
    schemas = {f"Mailtide-{model.schema().table}": model.schema() for model in ALL}
    assert tables.keys() == schemas.keys()
    for name, schema in schemas.items():
        keys = [key["AttributeName"] for key in tables[name]["KeySchema"]]
        assert keys == [name for name in (schema.key.hash, schema.key.range) if name]
        indexes = {i["IndexName"] for i in tables[name].get("GlobalSecondaryIndexes", [])}
        assert indexes == {index.name for index in schema.indexes}
        ttl = tables[name].get("TimeToLiveSpecification", {})
        assert ttl.get("AttributeName") == schema.ttl


def test_tables_are_recoverable_and_survive_the_stack(template: Mapping[str, Any]) -> None:
    tables = [
        item
        for item in template["Resources"].values()
        if item["Type"] == "AWS::DynamoDB::GlobalTable"
    ]
    for table in tables:
        (replica,) = table["Properties"]["Replicas"]
        assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert replica["DeletionProtectionEnabled"]
        assert table["DeletionPolicy"] == "Retain"


def test_every_queue_of_jobs_gives_up_into_a_queue_with_an_alarm(resources: Resources) -> None:
    queues = resources("AWS::SQS::Queue")
    dead = {text(alarm["Dimensions"][0]["Value"]) for alarm in _alarms(resources, "dead-letters")}
    working = [queue for queue in queues.values() if "RedrivePolicy" in queue]
    assert len(working) == len(queues) / 2 == len(dead)
    for queue in working:
        assert queue["RedrivePolicy"]["maxReceiveCount"] == 5
        target = queue["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
        assert text({"Fn::GetAtt": [target, "QueueName"]}) in dead


def test_a_job_stays_invisible_longer_than_its_function_may_run(resources: Resources) -> None:
    functions, queues = resources("AWS::Lambda::Function"), resources("AWS::SQS::Queue")
    for mapping in _mappings(resources, queues):
        queue = queues[mapping["EventSourceArn"]["Fn::GetAtt"][0]]
        function = functions[mapping["FunctionName"]["Ref"]]
        assert queue["VisibilityTimeout"] >= function["Timeout"] + 30


def test_a_failed_job_returns_to_its_queue_alone(resources: Resources) -> None:
    mappings = _mappings(resources, resources("AWS::SQS::Queue"))
    assert len(mappings) == 6
    for mapping in mappings:
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_ingest_gets_its_largest_round_done_in_time(resources: Resources) -> None:
    (ingest,) = [m for m in _mappings(resources, resources("AWS::SQS::Queue"))
                 if m["FunctionName"]["Ref"].startswith("Ingest")]  # fmt: skip
    timeout = resources("AWS::Lambda::Function")[ingest["FunctionName"]["Ref"]]["Timeout"]
    seconds_per_event = 8 * 0.01  # calls, one after another
    assert ingest["BatchSize"] * SLICE * seconds_per_event <= timeout * 3 / 4


def test_senders_take_one_batch_each_and_are_limited(resources: Resources) -> None:
    (sender,) = [m for m in _mappings(resources, resources("AWS::SQS::Queue"))
                 if m["FunctionName"]["Ref"].startswith("Sender")]  # fmt: skip
    assert sender["BatchSize"] == 1
    assert sender["ScalingConfig"] == {"MaximumConcurrency": Config().sender_concurrency}


def test_a_transactional_message_is_taken_alone_and_by_as_many_as_it_needs(
    resources: Resources,
) -> None:
    (transact,) = [m for m in _mappings(resources, resources("AWS::SQS::Queue"))
                   if m["FunctionName"]["Ref"].startswith("Transact")]  # fmt: skip
    assert transact["BatchSize"] == 1
    assert "ScalingConfig" not in transact


def test_readers_of_the_event_stream_keep_its_order_and_give_up_before_it_forgets(
    resources: Resources,
) -> None:
    readers = _mappings(resources, resources("AWS::DynamoDB::GlobalTable"))
    assert len(readers) == 2
    for reader in readers:
        assert reader["ParallelizationFactor"] == 1
        assert reader["BisectBatchOnFunctionError"]
        assert reader["MaximumRecordAgeInSeconds"] <= 22 * 60 * 60
        assert reader["StartingPosition"] == "TRIM_HORIZON"
        assert "Fn::GetAtt" in reader["DestinationConfig"]["OnFailure"]["Destination"]


def test_rollup_learns_its_shard_from_a_tumbling_window(resources: Resources) -> None:
    windows = {
        reader["FunctionName"]["Ref"].rstrip("0123456789ABCDEF"): reader.get(
            "TumblingWindowInSeconds"
        )
        for reader in _mappings(resources, resources("AWS::DynamoDB::GlobalTable"))
    }
    assert windows == {"Rollup": 60, "React": None}


def test_release_runs_every_minute(resources: Resources) -> None:
    (rule,) = resources("AWS::Events::Rule").values()
    assert rule["ScheduleExpression"] == "rate(1 minute)"
    assert rule["Targets"][0]["Arn"]["Fn::GetAtt"][0].startswith("Release")


def test_a_minute_that_release_missed_is_not_made_up_for_later(resources: Resources) -> None:
    (config,) = resources("AWS::Lambda::EventInvokeConfig").values()
    assert config["FunctionName"]["Ref"].startswith("Release")
    assert (config["MaximumRetryAttempts"], config["MaximumEventAgeInSeconds"]) == (0, 60)


def test_requests_are_throttled_and_logged_without_paths(resources: Resources) -> None:
    (stage,) = resources("AWS::ApiGatewayV2::Stage").values()
    assert stage["DefaultRouteSettings"] == {
        "ThrottlingBurstLimit": 1000,
        "ThrottlingRateLimit": 500,
    }
    assert "path" not in stage["AccessLogSettings"]["Format"].lower()


def test_every_alarm_tells_somebody_and_names_a_section_of_the_runbook(
    resources: Resources,
) -> None:
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "runbook.md").read_text(), re.MULTILINE)
    for alarm in resources("AWS::CloudWatch::Alarm").values():
        anchor = re.search(r"docs/runbook\.md#([a-z-]+)$", alarm["AlarmDescription"])
        assert anchor is not None
        assert anchor[1] in headings
        assert alarm["AlarmActions"]


def test_alarms_may_publish_to_their_topic(resources: Resources) -> None:
    (allowed,) = _allowed(_policy(resources, "AWS::SNS::TopicPolicy", "Alarms"))
    assert allowed["Principal"] == {"Service": "cloudwatch.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"


def test_ses_alone_publishes_events_and_only_for_this_accounts_configuration_sets(
    resources: Resources,
) -> None:
    statements = _policy(resources, "AWS::SNS::TopicPolicy", "SesEvents")
    (allowed,) = _allowed(statements)
    assert allowed["Principal"] == {"Service": "ses.amazonaws.com"}
    assert allowed["Action"] == "sns:Publish"
    conditions = allowed["Condition"]
    assert conditions["StringEquals"] == {"aws:SourceAccount": {"Ref": "AWS::AccountId"}}
    assert text(conditions["ArnLike"]["aws:SourceArn"]).endswith(':configuration-set/*"]]}')
    (refused,) = [s for s in statements if s["Effect"] == "Deny"]
    assert refused["Condition"] == {"Bool": {"aws:SecureTransport": "false"}}


def test_the_queue_of_events_takes_raw_events_from_that_topic_and_from_no_other(
    resources: Resources,
) -> None:
    (subscription,) = resources("AWS::SNS::Subscription").values()
    topic = subscription["TopicArn"]["Ref"]
    assert topic.startswith("SesEvents")
    assert (subscription["Protocol"], subscription["RawMessageDelivery"]) == ("sqs", True)
    assert subscription["Endpoint"]["Fn::GetAtt"][0].startswith("EventsJobsQueue")
    dead = subscription["RedrivePolicy"]["deadLetterTargetArn"]["Fn::GetAtt"][0]
    assert dead.startswith("EventsJobsDead")
    for queue in ("EventsJobsQueue", "EventsJobsDead"):
        (allowed,) = _allowed(_policy(resources, "AWS::SQS::QueuePolicy", queue))
        assert allowed["Principal"] == {"Service": "sns.amazonaws.com"}
        assert allowed["Condition"] == {"ArnEquals": {"aws:SourceArn": {"Ref": topic}}}


def test_functions_are_told_the_topic_and_operators_too(
    resources: Resources, template: Mapping[str, Any]
) -> None:
    topic = template["Outputs"]["SesTopic"]["Value"]
    for function in resources("AWS::Lambda::Function").values():
        variables = function["Environment"]["Variables"]
        assert variables["MAILTIDE_SES_TOPIC"] == topic
        assert variables["MAILTIDE_SES_TOPICS"] == ""


def test_every_function_and_queue_has_its_alarms(resources: Resources) -> None:
    names = function_names()
    assert len(_alarms(resources, "function-errors")) == len(names)
    assert len(_alarms(resources, "throttles")) == len(names)
    assert len(_alarms(resources, "queue-age")) == 6
    assert len(_alarms(resources, "iterator-age")) == 2
    assert len(_alarms(resources, "server-errors")) == 1
    assert len(_alarms(resources, "quarantine")) == 1
    assert len(_alarms(resources, "sns-ended")) == 1


def test_a_schedule_that_has_stopped_is_told_of(resources: Resources) -> None:
    (alarm,) = _alarms(resources, "silence")
    assert alarm["MetricName"] == "Invocations"
    assert alarm["TreatMissingData"] == "breaching"


def test_no_function_may_scan_a_table_or_use_another_actions_wildcard(
    resources: Resources,
) -> None:
    for policy in resources("AWS::IAM::Policy").values():
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                assert "*" not in action
                assert action != "dynamodb:Scan"


@pytest.mark.parametrize("function", ["webhook", "tracking", "release", "rollup", "react"])
def test_who_answers_strangers_or_counts_reads_no_relay_login(function: str) -> None:
    assert not ACCESS[function].reads_relay_logins
    assert not ACCESS[function].keeps_relay_logins


def test_only_senders_read_relay_logins() -> None:
    senders = [name for name, share in ACCESS.items() if share.reads_relay_logins]
    assert senders == ["sender", "transact"]


def test_only_senders_mail_over_ses_and_from_identities_of_this_account(
    resources: Resources,
) -> None:
    sending = [
        (name, statement)
        for name, policy in resources("AWS::IAM::Policy").items()
        for statement in policy["PolicyDocument"]["Statement"]
        if "ses:SendEmail" in statement["Action"]
    ]
    assert {name.partition("RoleDefault")[0] for name, _ in sending} == {"Sender", "Transact"}
    for _, statement in sending:
        assert statement["Action"] == ["ses:SendEmail", "ses:SendRawEmail"]
        ends = [resource["Fn::Join"][1][-1] for resource in statement["Resource"]]
        assert ends == [":identity/*", ":configuration-set/*"]


def test_only_the_api_makes_configuration_sets_and_nobody_deletes_them(
    resources: Resources,
) -> None:
    allowed: dict[str, set[str]] = {}
    for name, policy in resources("AWS::IAM::Policy").items():
        for statement in policy["PolicyDocument"]["Statement"]:
            actions = statement["Action"]
            for action in [actions] if isinstance(actions, str) else actions:
                if action.startswith("ses:"):
                    allowed.setdefault(action, set()).add(name.partition("RoleDefault")[0])
    senders = {"Sender", "Transact"}
    assert allowed.pop("ses:GetAccount") == {"Api", *senders}
    assert allowed.pop("ses:GetEmailIdentity") == {"Api", "Release"}
    assert allowed.pop("ses:SendEmail") == allowed.pop("ses:SendRawEmail") == senders
    assert set.union(*allowed.values()) == {"Api"}
    assert [action for action in allowed if "Delete" in action] == []


@pytest.mark.usefixtures("template")
def test_cdk_nag_finds_only_what_has_a_reason_and_every_reason_is_needed(
    stack: MailtideStack, assembly: Path
) -> None:
    reports = json.loads((assembly / "validation-report.json").read_text())["pluginReports"]
    (report,) = [report for report in reports if report["pluginName"] == "AwsSolutions"]
    assert report["violations"] == []
    used = {finding["acknowledgedId"] for finding in report["suppressedViolations"]}
    assert used == exceptions(stack).keys()


def _alarms(resources: Resources, anchor: str) -> list[Mapping[str, Any]]:
    alarms = resources("AWS::CloudWatch::Alarm").values()
    return [alarm for alarm in alarms if alarm["AlarmDescription"].endswith(f"#{anchor}")]


def _policy(resources: Resources, kind: str, of: str) -> list[Mapping[str, Any]]:
    """Return the statements of the policy whose resource's logical id begins with `of`."""
    (policy,) = [item for id_, item in resources(kind).items() if of in id_]
    return list(policy["PolicyDocument"]["Statement"])


def _allowed(statements: list[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [statement for statement in statements if statement["Effect"] == "Allow"]


def _mappings(resources: Resources, sources: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    mappings = resources("AWS::Lambda::EventSourceMapping").values()
    return [item for item in mappings if item["EventSourceArn"]["Fn::GetAtt"][0] in sources]
