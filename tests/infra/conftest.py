"""One synthesis of the production template for all tests here: it takes seconds."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest
from aws_cdk import App
from aws_cdk.assertions import Template

from infra.app import build_app
from infra.build import lay_out
from infra.config import Config
from infra.stack import MailtideStack

Resources = Callable[[str], Mapping[str, Mapping[str, Any]]]


@pytest.fixture(scope="session")
def assembly(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the template and the report of the rules are written."""
    return tmp_path_factory.mktemp("assembly")


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory, assembly: Path) -> MailtideStack:
    """The stack with its defaults; the third-party layer is left empty."""
    app = App(outdir=str(assembly))
    return build_app(app, Config(), lay_out(tmp_path_factory.mktemp("code")))


@pytest.fixture(scope="session")
def template(stack: MailtideStack) -> Mapping[str, Any]:
    return dict(Template.from_stack(stack).to_json())


@pytest.fixture(scope="session")
def resources(template: Mapping[str, Any]) -> Resources:
    """Properties of all resources of a type, by logical id."""

    def of_type(kind: str) -> dict[str, Mapping[str, Any]]:
        found = template["Resources"].items()
        return {id_: item["Properties"] for id_, item in found if item["Type"] == kind}

    return of_type
