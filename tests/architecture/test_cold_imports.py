"""What a function loads at its cold start: nothing heavy that it does not need."""

import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

from infra.build import function_names

ROOT = Path(__file__).resolve().parents[2]
# Each costs 40 ms or more, or is needed nowhere else, or belongs to development alone.
HEAVY = {
    "aws_xray_sdk",
    "boto3",
    "css_inline",
    "dns",
    "liquid",
    "mjml",
    "moto",
    "pydantic",
    "requests",
}
ALLOWED = {"api": {"pydantic"}, "insights": {"pydantic"}}
# Called for every message while somebody waits, so these load no AWS SDK and no framework either.
EDGES = ("tracking", "webhook")
NOT_AT_THE_EDGE = {
    "asyncio",
    "aws_lambda_powertools",
    "botocore.session",
    "cryptography",
    "jmespath",
    "pynamodb",
    "urllib3",
}
IMPORT = "import sys, functions.{}.handler; print(*sys.modules)"
# Functions that load the routes of a resource when it is asked for.
LATE = ("api", "insights")
# What a sender makes messages with: Liquid, and nothing that compiles templates.
COMPOSE = "import sys, mailtide.flows.compose, mailtide.flows.block; print(*sys.modules)"


@pytest.mark.parametrize("function", function_names())
def test_a_cold_start_loads_nothing_heavy(function: str) -> None:
    assert HEAVY & _loaded(IMPORT.format(function)) <= ALLOWED.get(function, set())


@pytest.mark.parametrize("function", EDGES)
def test_an_edge_loads_no_sdk_and_no_framework(function: str) -> None:
    assert NOT_AT_THE_EDGE & _loaded(IMPORT.format(function)) == set()


@pytest.mark.parametrize("function", LATE)
def test_a_cold_start_of_the_api_loads_no_resource(function: str) -> None:
    ours = {name for name in _loaded(IMPORT.format(function)) if name.startswith("functions.")}
    assert ours == {f"functions.{function}", f"functions.{function}.handler"}


@pytest.mark.parametrize("function", LATE)
def test_each_resource_is_loaded_for_the_paths_of_its_routes(function: str) -> None:
    handler = import_module(f"functions.{function}.handler")
    needed: dict[str, set[str]] = {}
    for file in (ROOT / "functions" / function).glob("*.py"):
        if file.stem != "handler":
            module = f"functions.{function}.{file.stem}"
            for path, *_ in import_module(module).resource.router._routes:
                needed.setdefault(path.split("/")[2], set()).add(module)
    assert {part: set(modules) for part, modules in handler.MODULES.items()} == needed


def test_single_messages_are_taken_without_what_compiles_templates() -> None:
    """Most single messages name a template; only one with a content of its own is compiled."""
    assert HEAVY & _loaded("import sys, functions.api.messages; print(*sys.modules)") == {
        "pydantic"
    }


def test_what_sends_loads_nothing_that_compiles_templates() -> None:
    assert HEAVY & _loaded(COMPOSE) == {"liquid"}


def _loaded(command: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", command],
        cwd=ROOT,
        env={"PYTHONPATH": ".:layers/common/python", "AWS_REGION": "us-east-1"},
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stdout.split())
