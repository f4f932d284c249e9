"""The bootstrap command: an organisation and a key that works, once per name."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from typer.testing import CliRunner

from cli.__main__ import app
from mailtide.domain.organisation import Scope, key_hash
from mailtide.store.organisations import Organisations
from mailtide.store.tables import OrganisationRow
from tests.tables import PREFIX, moto_tables

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
def _tables() -> Iterator[None]:
    with moto_tables(OrganisationRow):
        yield


def run(*arguments: str, code: int = 0) -> str:
    result = CliRunner().invoke(app, ["bootstrap", *arguments])
    assert result.exit_code == code, result.output
    return result.output


@pytest.mark.usefixtures("_tables")
def test_the_new_organisation_has_a_key_with_every_scope() -> None:
    shown = json.loads(run("--organisation", "Acme", "--table-prefix", PREFIX, "--json"))
    key = Organisations().find_key(key_hash(shown["key"]))
    assert key is not None
    assert (key.org_id, key.key_id) == (shown["org_id"], shown["key_id"])
    assert key.scopes == frozenset(Scope)
    organisation = Organisations().get(shown["org_id"])
    assert organisation is not None
    assert organisation.name == "Acme"


@pytest.mark.usefixtures("_tables")
def test_the_key_is_shown_for_people_too() -> None:
    shown = run("--organisation", "Acme", "--table-prefix", PREFIX)
    assert "mt_" in shown
    assert "cannot be shown again" in shown


@pytest.mark.usefixtures("_tables")
def test_a_second_organisation_of_the_name_is_refused() -> None:
    run("--organisation", "Acme", "--table-prefix", PREFIX)
    shown = run("--organisation", " acme ", "--table-prefix", PREFIX, code=1)
    assert "There is an organisation named acme" in shown
    assert "mt_" not in shown


@pytest.fixture
def cloudformation(monkeypatch: pytest.MonkeyPatch) -> Iterator[Stubber]:
    """CloudFormation's answers, given by hand: moto's own needs half of its extras."""
    client = boto3.client("cloudformation", region_name="us-east-1")
    monkeypatch.setattr(boto3, "client", lambda *_, **__: client)
    with Stubber(client) as stubber:
        yield stubber


def described(outputs: list[dict[str, str]]) -> dict[str, Any]:
    stack = {"StackName": "S", "CreationTime": NOW, "StackStatus": "CREATE_COMPLETE"}
    return {"Stacks": [{**stack, "Outputs": outputs}]}


@pytest.mark.usefixtures("_tables")
def test_the_tables_are_found_by_the_stack(cloudformation: Stubber) -> None:
    outputs = [{"OutputKey": "TablePrefix", "OutputValue": PREFIX}]
    cloudformation.add_response("describe_stacks", described(outputs), {"StackName": "Mailtide"})
    assert "mt_" in run("--organisation", "Acme")


def test_a_missing_stack_is_named(cloudformation: Stubber) -> None:
    cloudformation.add_client_error("describe_stacks", "ValidationError", "does not exist")
    assert "Nowhere" in run("--organisation", "Acme", "--stack", "Nowhere", code=2)


def test_a_stack_without_the_output_is_told(cloudformation: Stubber) -> None:
    cloudformation.add_response("describe_stacks", described([]))
    assert "TablePrefix" in run("--organisation", "Acme", "--stack", "Other", code=2)


def test_a_missing_region_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    assert "--region" in run("--organisation", "Acme", code=2)


def test_an_empty_name_is_refused() -> None:
    assert "name" in run("--organisation", "  ", "--table-prefix", PREFIX, code=2)
