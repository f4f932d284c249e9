"""Build what Lambda runs: third-party layer, our code's layer and the functions, with byte-code.

Lambda's folders are read-only, so a module without valid byte-code is compiled anew at every cold
start (250-400 ms), and the CDK stamps each file of an asset with 1980: only byte-code that is not
checked against its source survives that.
"""

import argparse
import hashlib
import logging
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

# pip takes each tag literally: 2014 alone would silently fall back to old releases.
MANYLINUX = ("manylinux2014", "manylinux_2_24", "manylinux_2_28", "manylinux_2_34")
WHEEL_ARCHITECTURE = {"arm64": "aarch64", "x86_64": "x86_64"}

# The services that the functions call; botocore describes 25 MB of others.
BOTOCORE_SERVICES = frozenset(
    {"dynamodb", "events", "s3", "secretsmanager", "sesv2", "sns", "sqs", "ssm", "sts"}
)
NOT_CODE = shutil.ignore_patterns("__pycache__", "ruff.toml", "py.typed")

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Target:
    """Where the code will run."""

    platform: str  # arm64 or x86_64
    python_version: str  # such as 3.13


@dataclass(frozen=True, slots=True)
class Artifacts:
    """Folders that become assets as they lie."""

    dependencies: Path
    common: Path
    functions: Path  # one folder per function, which holds `functions/<name>`

    def function(self, name: str) -> Path:
        """Return the folder of one function's code."""
        return self.functions / name


def build(target: Target, root: Path = ROOT) -> Artifacts:
    """Build the checkout in `root`: about 8 s, or half a second while the pins stay the same."""
    folder = root / "build" / f"{target.platform}-{target.python_version}"
    artifacts = lay_out(folder, root)
    _build_dependencies(target, artifacts.dependencies, root)
    compile_tree(artifacts.common, target)
    compile_tree(artifacts.functions, target)
    return artifacts


def lay_out(folder: Path, root: Path = ROOT) -> Artifacts:
    """Copy our code into `folder` the way Lambda wants it; the third-party layer starts empty."""
    artifacts = Artifacts(folder / "dependencies", folder / "common", folder / "functions")
    (artifacts.dependencies / "python").mkdir(parents=True, exist_ok=True)
    for copy in (artifacts.common, artifacts.functions):
        shutil.rmtree(copy, ignore_errors=True)
    artifacts.functions.mkdir()
    shutil.copytree(root / "layers" / "common", artifacts.common, ignore=NOT_CODE)
    for name in function_names(root):
        # The package path is kept, so that a handler has one import name in Lambda and in tests.
        package = artifacts.function(name) / "functions" / name
        shutil.copytree(root / "functions" / name, package, ignore=NOT_CODE)
    return artifacts


def function_names(root: Path = ROOT) -> list[str]:
    """Return the names of the folders in `functions/` that hold a handler, sorted."""
    return sorted(handler.parent.name for handler in root.glob("functions/*/handler.py"))


def _build_dependencies(target: Target, folder: Path, root: Path) -> None:
    """Install the pinned packages; a finished folder of the same pins is kept."""
    stamp = folder.with_suffix(".stamp")
    wanted = _fingerprint(target, root)
    if stamp.is_file() and stamp.read_text() == wanted:
        return
    stamp.unlink(missing_ok=True)
    shutil.rmtree(folder)
    packages = folder / "python"
    subprocess.run(_pip_command(target, packages), check=True, cwd=root)
    _prune(packages)
    compile_tree(folder, target)
    stamp.write_text(wanted)


def _fingerprint(target: Target, root: Path) -> str:
    inputs = (root / "requirements.txt", root / "constraints.txt", Path(__file__))
    digest = hashlib.sha256(b"".join(path.read_bytes() for path in inputs))
    return f"{digest.hexdigest()} byte-code={_find_interpreter(target) is not None}\n"


def _pip_command(target: Target, packages: Path) -> list[str]:
    architecture = WHEEL_ARCHITECTURE[target.platform]
    command = [sys.executable, "-m", "pip", "install", "-qq", "--disable-pip-version-check"]
    command += ["--requirement", "requirements.txt", "--constraint", "constraints.txt"]
    command += ["--target", str(packages), "--only-binary=:all:", "--no-compile"]
    command += ["--implementation", "cp", "--python-version", target.python_version]
    for tag in MANYLINUX:
        command += ["--platform", f"{tag}_{architecture}"]
    return command


def _prune(packages: Path) -> None:
    """Drop data that no function reads: half of the layer's files."""
    shutil.rmtree(packages / "bin", ignore_errors=True)
    for service in (packages / "botocore" / "data").glob("*/"):
        if service.name not in BOTOCORE_SERVICES:
            shutil.rmtree(service)
    # Babel imports pytz and asks it for nothing; the standard library reads tzdata.
    shutil.rmtree(packages / "pytz" / "zoneinfo", ignore_errors=True)
    # Liquid imports Babel, but its filters that read locales are not registered.
    for locale in (packages / "babel" / "locale-data").glob("*.dat"):
        if locale.stem != "root" and not locale.stem.startswith("en"):
            locale.unlink()


def compile_tree(folder: Path, target: Target) -> None:
    """Compile every module in place, where an interpreter of the target's version is at hand."""
    interpreter = _find_interpreter(target)
    if interpreter is None:
        logger.warning("no Python %s here: no byte-code in %s", target.python_version, folder)
        return
    command = [interpreter, "-m", "compileall", "-q", "-j", "0", "-s", str(folder)]
    command += ["--invalidation-mode", "unchecked-hash", str(folder)]
    subprocess.run(command, check=True)


def _find_interpreter(target: Target) -> str | None:
    """Return a Python of exactly the target's minor version, or None."""
    if target.python_version == f"{sys.version_info.major}.{sys.version_info.minor}":
        return sys.executable
    script = [str(ROOT / ".ci" / "find-python"), target.python_version.removeprefix("3.")]
    found = subprocess.run(script, capture_output=True, text=True, check=False)
    return found.stdout.strip() or None


def main() -> None:
    """Build for the platform and Python version given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__, prog="python -m infra.build")
    parser.add_argument("--platform", choices=sorted(WHEEL_ARCHITECTURE), default="arm64")
    parser.add_argument("--python-version", default="3.13")
    options = parser.parse_args()
    build(Target(options.platform, options.python_version))


if __name__ == "__main__":
    main()
