"""The codes that the code answers with and the page that explains them name the same."""

import re
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
CODE = re.compile(r"\bcode(?:: str)? ?= ?\"([a-z_]+)\"")
NEVER_SHOWN = {"error", "permanent"}  # the base class, and what is recorded but not answered


def test_every_code_is_explained() -> None:
    page = (ROOT / "docs" / "problems.md").read_text()
    explained = set(re.findall(r"^\| `([a-z_]+)` \|", page, re.MULTILINE))
    sources = [
        *(ROOT / "layers" / "common" / "python" / "mailtide").rglob("*.py"),
        *(ROOT / "functions").rglob("*.py"),
    ]
    used = {code for path in sources for code in CODE.findall(path.read_text())}
    assert used - NEVER_SHOWN <= explained
