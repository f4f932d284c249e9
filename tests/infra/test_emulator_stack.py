"""What the parameters change: the same stack for a laptop, and for who wants to hear of alarms."""

import json
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from infra.app import build_app
from infra.build import lay_out
from infra.config import Config


def synthesized(folder: Path, config: Config) -> dict[str, Any]:
    app = App(outdir=str(folder / "assembly"))
    return dict(Template.from_stack(build_app(app, config, lay_out(folder / "code"))).to_json())


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    config = Config(
        platform="x86_64",
        python_version="3.12",
        emulator=True,
        public_url="http://127.0.0.1:8080",
        relay_networks="127.0.0.0/8",
        alarm_email="ops@example.com",
        retain_data=False,
        sender_timeout_seconds=5,
        visibility_seconds=5,
        environment={"AWS_ENDPOINT_URL_SESV2": "http://127.0.0.1:9000"},
    )
    return synthesized(tmp_path_factory.mktemp("emulator"), config)


def properties(template: dict[str, Any], kind: str) -> list[dict[str, Any]]:
    return [item["Properties"] for item in template["Resources"].values() if item["Type"] == kind]


def test_tracing_passes_the_rules_and_a_slash_after_the_public_address_is_no_part_of_links(
    tmp_path: Path,
) -> None:
    app = App(outdir=str(tmp_path / "assembly"))
    config = Config(tracing=True, public_url="https://t.example.com/")
    build_app(app, config, lay_out(tmp_path / "code"))
    app.synth()
    written = (tmp_path / "assembly" / "Mailtide.template.json").read_text()
    assert '"MAILTIDE_PUBLIC_URL": "https://t.example.com"' in written


def test_events_of_the_bus_pass_the_rules_and_are_of_our_messages_alone(tmp_path: Path) -> None:
    app = App(outdir=str(tmp_path / "assembly"))
    build_app(app, Config(ses_event_bridge=True), lay_out(tmp_path / "code"))
    app.synth()
    template = json.loads((tmp_path / "assembly" / "Mailtide.template.json").read_text())
    (rule,) = [rule for rule in properties(template, "AWS::Events::Rule") if "EventPattern" in rule]
    assert rule["EventPattern"] == {
        "source": ["aws.ses"],
        "detail": {"mail": {"tags": {"mt-message": [{"exists": True}]}}},
    }
    (target,) = rule["Targets"]
    assert target["Arn"]["Fn::GetAtt"][0].startswith("EventsJobsQueue")


def test_functions_run_on_the_host_that_the_parameters_name(template: dict[str, Any]) -> None:
    for function in properties(template, "AWS::Lambda::Function"):
        assert function["Architectures"] == ["x86_64"]
        assert function["Runtime"] == "python3.12"


def test_functions_are_told_where_they_run(template: dict[str, Any]) -> None:
    for function in properties(template, "AWS::Lambda::Function"):
        variables = function["Environment"]["Variables"]
        assert variables["MAILTIDE_EMULATOR"] == "true"
        assert variables["MAILTIDE_PUBLIC_URL"] == "http://127.0.0.1:8080"
        assert variables["MAILTIDE_RELAY_NETWORKS"] == "127.0.0.0/8"
        assert variables["MAILTIDE_LEASE_SECONDS"] == "65"
        assert variables["AWS_ENDPOINT_URL_SESV2"] == "http://127.0.0.1:9000"


def test_queues_and_bucket_take_plain_http(template: dict[str, Any]) -> None:
    assert "aws:SecureTransport" not in str(template)
    assert properties(template, "AWS::S3::BucketPolicy") == []


def test_jobs_come_back_as_soon_as_the_parameter_says(template: dict[str, Any]) -> None:
    queues = properties(template, "AWS::SQS::Queue")
    assert {q["VisibilityTimeout"] for q in queues if "RedrivePolicy" in q} == {5}


def test_data_goes_with_the_stack(template: dict[str, Any]) -> None:
    kinds = {"AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket", "AWS::SecretsManager::Secret"}
    policies = {
        item["DeletionPolicy"] for item in template["Resources"].values() if item["Type"] in kinds
    }
    assert policies == {"Delete"}


def test_alarms_are_mailed_to_whom_the_parameter_names(template: dict[str, Any]) -> None:
    subscriptions = properties(template, "AWS::SNS::Subscription")
    (subscription,) = [one for one in subscriptions if one["Protocol"] == "email"]
    assert subscription["Endpoint"] == "ops@example.com"


def test_retention_that_is_not_offered_is_named(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="log_retention_days: 8 is not one of"):
        synthesized(tmp_path, Config(log_retention_days=8))
