"""What is built for Lambda: the layout, and byte-code that survives an asset's dates."""

import platform
import sys
from pathlib import Path

import pytest

from infra.build import Target, compile_tree, function_names, lay_out

HERE = f"{sys.version_info.major}.{sys.version_info.minor}"
UNCHECKED_HASH = (1).to_bytes(4, "little")  # PEP 552: by hash, not compared with the source


def test_a_handler_keeps_the_import_name_it_has_in_tests(tmp_path: Path) -> None:
    artifacts = lay_out(tmp_path)
    for name in function_names():
        assert (artifacts.function(name) / "functions" / name / "handler.py").is_file()


def test_a_function_carries_no_other_function(tmp_path: Path) -> None:
    artifacts = lay_out(tmp_path)
    for name in function_names():
        assert [folder.name for folder in (artifacts.function(name) / "functions").iterdir()] == [
            name
        ]


def test_every_module_has_byte_code_that_is_never_checked_against_its_source(
    tmp_path: Path,
) -> None:
    artifacts = lay_out(tmp_path)
    compile_tree(artifacts.common, Target(platform.machine(), HERE))
    modules = list(artifacts.common.rglob("*.py"))
    assert modules
    for module in modules:
        compiled = (
            module.parent / "__pycache__" / f"{module.stem}.{sys.implementation.cache_tag}.pyc"
        )
        assert compiled.read_bytes()[4:8] == UNCHECKED_HASH


def test_without_the_right_interpreter_the_code_goes_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "module.py").write_text("")
    compile_tree(tmp_path, Target("arm64", "3.99"))
    assert [file.name for file in tmp_path.iterdir()] == ["module.py"]
    assert "no Python 3.99 here" in caplog.text
