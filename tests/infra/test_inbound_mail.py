"""Mail that SES takes for the stack: only where it is wanted, and only what that needs."""

import json
from collections.abc import Mapping
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from infra.app import build_app
from infra.build import lay_out
from infra.config import Config
from infra.constructs.inbound_mail import PREFIX
from mailtide.sources import ses_mail

Items = Mapping[str, Mapping[str, Any]]


@pytest.fixture(scope="module")
def items(tmp_path_factory: pytest.TempPathFactory) -> Items:
    """The resources of a stack that takes the mail of two domains."""
    config = Config(inbound_domains="reply.example.com, bounce.example.com")
    app = App(outdir=str(tmp_path_factory.mktemp("assembly")))
    stack = build_app(app, config, lay_out(tmp_path_factory.mktemp("code")))
    resources: Items = Template.from_stack(stack).to_json()["Resources"]
    return resources


def of_type(items: Items, kind: str) -> list[Mapping[str, Any]]:
    return [item for item in items.values() if item["Type"] == kind]


def statements(items: Items, kind: str, action: str) -> list[Mapping[str, Any]]:
    """Return what policies of a kind let SES do."""
    policies = [item["Properties"]["PolicyDocument"] for item in of_type(items, kind)]
    return [
        statement
        for policy in policies
        for statement in policy["Statement"]
        if statement["Action"] == action
        and statement.get("Principal") == {"Service": "ses.amazonaws.com"}
    ]


def test_a_stack_takes_nobodys_mail_unless_it_is_asked_to(template: Mapping[str, Any]) -> None:
    kinds = {item["Type"] for item in template["Resources"].values()}
    assert not {kind for kind in kinds if kind.startswith("AWS::SES::Receipt")}


def test_the_rule_scans_stores_and_tells_the_topic_of_events(items: Items) -> None:
    [rule] = of_type(items, "AWS::SES::ReceiptRule")
    made = rule["Properties"]["Rule"]
    assert made["Recipients"] == ["reply.example.com", "bounce.example.com"]
    assert (made["Enabled"], made["ScanEnabled"]) == (True, True)
    [action] = made["Actions"]
    assert action["S3Action"]["ObjectKeyPrefix"] == PREFIX == ses_mail.PREFIX
    assert action["S3Action"]["TopicArn"]["Ref"].startswith("SesEvents")


@pytest.mark.parametrize(
    ("kind", "action"),
    [("AWS::S3::BucketPolicy", "s3:PutObject"), ("AWS::SNS::TopicPolicy", "sns:Publish")],
)
def test_ses_may_do_that_for_this_rule_set_alone(items: Items, kind: str, action: str) -> None:
    sources = [json.dumps(one["Condition"]) for one in statements(items, kind, action)]
    [ours] = [source for source in sources if "receipt-rule" in source]
    assert ":receipt-rule-set/Mailtide-inbound:receipt-rule/*" in ours
    assert '"aws:SourceAccount": {"Ref": "AWS::AccountId"}' in ours


def test_ses_writes_mails_and_nothing_else_into_the_bucket(items: Items) -> None:
    [allowed] = statements(items, "AWS::S3::BucketPolicy", "s3:PutObject")
    assert json.dumps(allowed["Resource"]).endswith(f'"/{PREFIX}*"]]}}')


def test_the_rule_is_made_when_ses_may_do_what_it_tries_then(items: Items) -> None:
    [rule] = of_type(items, "AWS::SES::ReceiptRule")
    needed = {items[id_]["Type"] for id_ in rule["DependsOn"]}
    assert needed == {
        "AWS::S3::BucketPolicy",
        "AWS::SES::ReceiptRuleSet",
        "AWS::SNS::TopicPolicy",
    }
