"""Machine: on what a run was measured."""

import os
import platform
import ssl
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

LIBRARIES = ("python-liquid", "botocore", "pynamodb")


def facts() -> str:
    """Return the machine's facts as a list in Markdown."""
    lines = [
        f"Date: {datetime.now(UTC):%Y-%m-%d}",
        f"Machine: {os.cpu_count()} x {_processor()}, {_memory_gb():.0f} GB",
        f"System: {platform.system()} {platform.release()}, Python {platform.python_version()}, "
        f"{ssl.OPENSSL_VERSION}",
        "Libraries: " + ", ".join(f"{name} {version(name)}" for name in LIBRARIES),
    ]
    return "\n".join(f"- {line}" for line in lines)


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
