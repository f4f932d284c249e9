"""The command line, for whoever operates a deployed stack: `python -m cli --help`."""

import sys
from pathlib import Path

# The package lies where its Lambda layer is made from.
sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "layers" / "common" / "python"))
