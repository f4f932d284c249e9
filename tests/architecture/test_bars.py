"""What a script can check: sizes, docstrings, the domain's imports, complete documents."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.build import function_names
from mailtide.store.tables import ALL

ROOT = Path(__file__).resolve().parents[2]
PACKAGE = ROOT / "layers" / "common" / "python" / "mailtide"
MAX_MODULE_LINES = 300
MAX_FUNCTION_LINES = 40
MAX_HANDLER_LINES = 80
# Beside the standard library, the domain uses its field's pure libraries, only in these modules.
DOMAIN_LIBRARIES = {
    "address.py": {"email_validator"},
    "host.py": {"idna"},
    "inlining.py": {"css_inline"},
    "liquid_compiler.py": {"liquid"},
    "liquid_expressions.py": {"liquid"},
    "liquid_language.py": {"dateutil", "liquid"},
    "liquid_limits.py": {"liquid"},
    "liquid_runtime.py": {"liquid"},
    "liquid_statements.py": {"liquid"},
    "mjml_compiler.py": {"mjml"},
}

CODE = sorted(
    file
    for folder in ("layers", "functions", "infra", "local", "cli")
    for file in (ROOT / folder).rglob("*.py")
)
HANDLERS = sorted((ROOT / "functions").glob("*/handler.py"))
DOMAIN = sorted((PACKAGE / "domain").rglob("*.py"))


def name(path: Path) -> str:
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("module", CODE, ids=name)
def test_modules_and_functions_are_short(module: Path) -> None:
    source = module.read_text()
    assert source.count("\n") <= MAX_MODULE_LINES
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            lines = (node.end_lineno or node.lineno) - node.lineno + 1
            assert lines <= MAX_FUNCTION_LINES, node.name


@pytest.mark.parametrize("handler", HANDLERS, ids=name)
def test_a_handler_is_short_and_says_trigger_writes_and_errors(handler: Path) -> None:
    source = handler.read_text()
    assert source.count("\n") <= MAX_HANDLER_LINES
    docstring = ast.get_docstring(ast.parse(source)) or ""
    assert all(f"\n{field}: " in docstring for field in ("Trigger", "Writes", "Errors"))


@pytest.mark.parametrize("module", DOMAIN, ids=name)
def test_the_domain_imports_the_standard_library_and_its_own(module: Path) -> None:
    allowed = sys.stdlib_module_names | DOMAIN_LIBRARIES.get(module.name, set())
    for imported in _imports(module):
        ours = imported == "mailtide.errors" or imported.startswith("mailtide.domain")
        assert ours or imported.partition(".")[0] in allowed, imported


def test_every_function_stands_in_the_architecture() -> None:
    text = (ROOT / "ARCHITECTURE.md").read_text()
    assert [function for function in function_names() if f"`{function}`" not in text] == []


def test_every_table_is_described() -> None:
    text = (ROOT / "docs" / "tables.md").read_text()
    assert [model.schema().table for model in ALL if f"`{model.schema().table}`" not in text] == []


def _imports(module: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(module.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or ""
