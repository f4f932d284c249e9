"""What is built for Lambda: the layout, and byte-code that survives an asset's dates."""

import sys
import zipfile
from pathlib import Path

import pytest

from infra.build import Target, build, compile_tree, function_names, lay_out

pytestmark = pytest.mark.thorough

HOST = Target("x86_64", f"{sys.version_info.major}.{sys.version_info.minor}")
UNCHECKED_HASH = (1).to_bytes(4, "little")  # PEP 552: by hash, not compared with the source
WHEEL = "tiny-1.0-py3-none-any.whl"
PACKAGES = {
    "tiny/__init__.py": "",
    "botocore/data/endpoints.json": "{}",
    "botocore/data/sqs/service.json": "{}",
    "botocore/data/ec2/service.json": "{}",
    "babel/locale-data/root.dat": "",
    "babel/locale-data/en_GB.dat": "",
    "babel/locale-data/de.dat": "",
    "pytz/__init__.py": "",
    "pytz/zoneinfo/UTC": "",
    "tiny-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: tiny\nVersion: 1.0\n",
    "tiny-1.0.dist-info/WHEEL": "Wheel-Version: 1.0\nTag: py3-none-any\n",
    "tiny-1.0.dist-info/RECORD": "",
}


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with one function, one module and one package that stands for all."""
    (tmp_path / "functions" / "one").mkdir(parents=True)
    (tmp_path / "functions" / "one" / "handler.py").write_text("")
    (tmp_path / "layers" / "common" / "python").mkdir(parents=True)
    (tmp_path / "layers" / "common" / "python" / "ours.py").write_text("")
    (tmp_path / "constraints.txt").write_text("")
    (tmp_path / "requirements.txt").write_text(f"./{WHEEL}\n")
    with zipfile.ZipFile(tmp_path / WHEEL, "w") as wheel:
        for name, text in PACKAGES.items():
            wheel.writestr(name, text)
    return tmp_path


def test_every_module_has_byte_code_that_is_never_checked_against_its_source(
    checkout: Path,
) -> None:
    artifacts = build(HOST, checkout)
    for folder in (artifacts.dependencies, artifacts.common, artifacts.functions):
        modules = list(folder.rglob("*.py"))
        assert modules
        for module in modules:
            name = f"{module.stem}.{sys.implementation.cache_tag}.pyc"
            assert (module.parent / "__pycache__" / name).read_bytes()[4:8] == UNCHECKED_HASH


def test_dependencies_lose_the_data_that_nobody_reads(checkout: Path) -> None:
    packages = build(HOST, checkout).dependencies / "python"
    kept = {str(file.relative_to(packages)) for file in packages.rglob("*") if file.is_file()}
    assert {"botocore/data/sqs/service.json", "botocore/data/endpoints.json"} <= kept
    assert {"babel/locale-data/root.dat", "babel/locale-data/en_GB.dat"} <= kept
    assert "tiny/__init__.py" in kept
    assert not any("ec2" in file or "de.dat" in file or "zoneinfo" in file for file in kept)


def test_dependencies_are_kept_while_the_pins_stay_the_same(checkout: Path) -> None:
    mark = build(HOST, checkout).dependencies / "mark"
    mark.write_text("")
    build(HOST, checkout)
    assert mark.exists()


def test_other_pins_are_installed_anew(checkout: Path) -> None:
    mark = build(HOST, checkout).dependencies / "mark"
    mark.write_text("")
    (checkout / "constraints.txt").write_text("tiny==1.0\n")
    build(HOST, checkout)
    assert not mark.exists()


def test_our_code_is_always_what_the_checkout_holds(checkout: Path) -> None:
    build(HOST, checkout)
    (checkout / "layers" / "common" / "python" / "ours.py").write_text("NEW = 1\n")
    copied = build(HOST, checkout).common / "python" / "ours.py"
    assert copied.read_text() == "NEW = 1\n"


def test_handlers_keep_the_import_name_that_they_have_in_tests(tmp_path: Path) -> None:
    artifacts = lay_out(tmp_path)
    for name in function_names():
        package = artifacts.function(name) / "functions"
        assert [folder.name for folder in package.iterdir()] == [name]
        assert (package / name / "handler.py").is_file()


def test_without_the_right_interpreter_the_code_goes_as_it_is(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    (tmp_path / "module.py").write_text("")
    compile_tree(tmp_path, Target("arm64", "3.99"))
    assert [file.name for file in tmp_path.iterdir()] == ["module.py"]
    assert "no Python 3.99 here" in caplog.text
