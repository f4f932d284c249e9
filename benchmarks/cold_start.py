"""Cold start: what importing each function costs in a fresh process, from byte-code as deployed.

The package is built as for Lambda, and nothing but it and the standard library can be imported. The
time is CPU time. A machine that is busy or slow is so to a ruler of the standard library too, which
is imported just before; what counts is the ratio of the two, the median of several, given in
milliseconds of a machine on which the ruler takes `RULER_MS`. Such is, while it is idle, one of two
shared vCPUs (AMD EPYC) with CPython 3.13, which is slower than Lambda's build of it.

A budget is for the import. It is not all that a start takes: behind it a function's flow is built
with its clients (`mailtide.app`), and the API loads the routes of a resource when a path first
names it (`mailtide/late_routes.py`). Both are measured in the same way, and stand beside it.

Units: milliseconds of CPU (user and system).
"""

import json
import platform
import subprocess
import sys
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import fields
from pathlib import Path
from statistics import median
from typing import NamedTuple

from benchmarks.promise import Promise
from functions.api.handler import MODULES as API_ROUTES
from functions.insights.handler import MODULES as INSIGHTS_ROUTES
from infra.build import Artifacts, Target, build, function_names
from infra.constructs.function import LIBRARY_SETTINGS
from mailtide.app import Settings

RULER_MS = 75.0
RULER = "asyncio, dataclasses, decimal, email.message, http.client, inspect, json, logging, ssl"
OTHERS_MS = 260.0
_OWN = {
    "tracking": 100.0,  # a reader waits
    "webhook": 100.0,  # a mail system waits
}
BUDGETS: Mapping[str, float] = {name: _OWN.get(name, OTHERS_MS) for name in function_names()}
LATE_ROUTES = {"api": API_ROUTES, "insights": INSIGHTS_ROUTES}
ROUNDS = 9
ROUNDS_BEHIND = 3  # for what has no budget

TIMED = "{0}\nimport time; t = time.process_time()\n{1}\nprint(time.process_time() - t)"
# Secrets are given, not fetched; so the first call, with its TLS, is not counted.
SECRETS = {"identity": "i" * 64, "signing": json.dumps({"current": "1", "1": "r" * 64})}
BUILDER = f"from mailtide import app; app.base.secret = {SECRETS!r}.__getitem__"


class Step(NamedTuple):
    """A part of one function's start."""

    function: str
    what: str  # `import`, `build`, or the part of a path whose routes are loaded
    before: str  # statements that are not timed
    timed: str


def run() -> Iterable[Promise]:
    """Yield one promise per function."""
    artifacts = package()
    ruler, measured = measure(artifacts, [*imports()])
    measured |= measure(artifacts, [*builds(), *routes()], ROUNDS_BEHIND)[1]
    for name in sorted(BUDGETS, key=lambda one: measured[one, "import"]):
        start = {what: took for (function, what), took in measured.items() if function == name}
        yield _promise(name, start, ruler)


def imports() -> Iterator[Step]:
    """Yield what a budget is for."""
    for name in BUDGETS:
        yield Step(name, "import", "", f"import functions.{name}.handler")


def builds() -> Iterator[Step]:
    """Yield what `app` does once the environment is there, in Lambda while it starts."""
    for name in BUDGETS:
        yield Step(name, "build", f"import functions.{name}.handler; {BUILDER}", f"app.{name}()")


def routes() -> Iterator[Step]:
    """Yield what a first request for a resource loads."""
    for name, late in LATE_ROUTES.items():
        for part, modules in late.items():
            loaded = f"import functions.{name}.handler"
            yield Step(name, part, loaded, f"import {', '.join(modules)}")


def package() -> Artifacts:
    """Build what is deployed, for this machine and this Python."""
    arm = platform.machine().lower() in {"arm64", "aarch64"}
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    return build(Target("arm64" if arm else "x86_64", version))


def measure(
    artifacts: Artifacts, steps: Sequence[Step], rounds: int = ROUNDS
) -> tuple[float, dict[tuple[str, str], float]]:
    """Return the ruler as measured, and what each step takes in its measure, by name and part."""
    rulers: list[float] = []
    taken: dict[tuple[str, str], list[float]] = {(one.function, one.what): [] for one in steps}
    for _ in range(rounds):
        for function, what, before, timed in steps:
            # In the order of Lambda's search path: the function, then its layers.
            layers = [artifacts.dependencies / "python", artifacts.common / "python"]
            path = [artifacts.function(function), *layers]
            rulers.append(_cpu_ms("", f"import {RULER}", []))
            took = _cpu_ms(before, timed, path)
            taken[function, what].append(took / rulers[-1] * RULER_MS)
    return median(rulers), {step: median(times) for step, times in taken.items()}


def _promise(name: str, start: dict[str, float], ruler: float) -> Promise:
    imported, built = start.pop("import"), start.pop("build")
    figures = (
        f"{imported * ruler / RULER_MS:.0f} ms as measured, where the standard library's ruler "
        f"takes {ruler:.0f} in place of {RULER_MS:.0f}; building its flow takes {built:.0f} ms more"
    )
    if start:
        least, most = min(start, key=start.__getitem__), max(start, key=start.__getitem__)
        figures += (
            f", and loading the routes of a resource {start[least]:.0f} (`{least}`) to "
            f"{start[most]:.0f} (`{most}`)"
        )
    claim = f"cold start: import of `{name}`, CPU"
    return Promise(claim, imported, BUDGETS[name], at_least=False, figures=figures, unit="ms")


def _cpu_ms(before: str, timed: str, path: Iterable[Path]) -> float:
    # The virtual environment's own Python would find its packages, too.
    command = [str(Path(sys.executable).resolve()), "-s", "-c", TIMED.format(before, timed)]
    environment = {**_environment(), "PYTHONPATH": ":".join(map(str, path))}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return float(done.stdout) * 1000


def _environment() -> dict[str, str]:
    """Return what the stack and Lambda set, with names of nothing."""
    ours = {field.name: "1" if field.type is int else "" for field in fields(Settings)}
    ours |= {
        name: f"https://sqs.us-east-1.amazonaws.com/1/{name}" for name in ours if "queue" in name
    }
    ours |= {"secret_identity": "identity", "secret_signing": "signing"}
    return {
        **{f"MAILTIDE_{name.upper()}": value for name, value in ours.items()},
        **LIBRARY_SETTINGS,
        "AWS_REGION": "us-east-1",
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "PYTHONDONTWRITEBYTECODE": "1",  # in Lambda the folders are read-only
        "TZ": ":UTC",  # Lambda's own; without it Babel, which Liquid loads, looks for the zone
    }
