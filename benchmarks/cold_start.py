"""Cold start: what importing each function costs in a fresh process, from byte-code as deployed.

The package is built as for Lambda, and nothing but it and the standard library can be imported. The
time is CPU time of the import alone, the least of several rounds taken in turns. A machine that is
busy or slow is so to a ruler of the standard library too, which is imported in the same rounds; all
times are given as on a machine on which the ruler takes `RULER_MS`. Such is, while it is idle, one
of two shared vCPUs (AMD EPYC) with CPython 3.13, which is slower than Lambda's build of it.

Units: milliseconds of CPU (user and system).
"""

import platform
import subprocess
import sys
from collections.abc import Collection, Iterable, Mapping
from pathlib import Path

from benchmarks.promise import Promise
from infra.build import Artifacts, Target, build, function_names

RULER_MS = 75.0
RULER = "asyncio, dataclasses, decimal, email.message, http.client, inspect, json, logging, ssl"
OTHERS_MS = 260.0
_OWN = {
    "tracking": 100.0,  # a reader waits
    "webhook": 100.0,  # a mail system waits
    # Powertools' resolver and pydantic, which check requests and describe them, take 225 already.
    "insights": 380.0,
    # The same, and what checks templates and addresses: Liquid 175, email-validator 40. They could
    # load at their first use, but only while a function starts has it a whole CPU.
    "api": 840.0,
}
BUDGETS: Mapping[str, float] = {name: _OWN.get(name, OTHERS_MS) for name in function_names()}
ROUNDS = 9
TIMED = "import time; t = time.process_time(); import {}; print(time.process_time() - t)"


def run() -> Iterable[Promise]:
    """Yield one promise per function."""
    artifacts = package()
    ruler, measured = measure(artifacts, BUDGETS)
    for name, milliseconds in sorted(measured.items(), key=lambda one: one[1]):
        yield Promise(
            claim=f"cold start: import of `{name}`, CPU",
            measured=milliseconds,
            bound=BUDGETS[name],
            at_least=False,
            figures=f"{milliseconds * ruler / RULER_MS:.0f} ms as measured, where the standard "
            f"library's ruler takes {ruler:.0f} ms in place of {RULER_MS:.0f}",
            unit="ms",
        )


def package() -> Artifacts:
    """Build what is deployed, for this machine and this Python."""
    arm = platform.machine().lower() in {"arm64", "aarch64"}
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return build(Target("arm64" if arm else "x86_64", version))


def measure(
    artifacts: Artifacts, functions: Collection[str], rounds: int = ROUNDS
) -> tuple[float, dict[str, float]]:
    """Return the ruler as measured, and what each function's import takes in its measure."""
    ruler: list[float] = []
    found: dict[str, list[float]] = {name: [] for name in functions}
    for _ in range(rounds):
        ruler.append(_import_ms(RULER, []))
        for name, times in found.items():
            # In the order of Lambda's search path: the function, then its layers.
            layers = [artifacts.dependencies / "python", artifacts.common / "python"]
            path = [artifacts.function(name), *layers]
            times.append(_import_ms(f"functions.{name}.handler", path))
    unit = min(ruler) / RULER_MS
    return min(ruler), {name: min(times) / unit for name, times in found.items()}


def _import_ms(modules: str, path: Iterable[Path]) -> float:
    # The virtual environment's own Python would find its packages, too.
    command = [str(Path(sys.executable).resolve()), "-s", "-c", TIMED.format(modules)]
    environment = {
        "PYTHONPATH": ":".join(map(str, path)),
        "PYTHONDONTWRITEBYTECODE": "1",  # in Lambda the folders are read-only
        "AWS_REGION": "us-east-1",
    }
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout) * 1000
