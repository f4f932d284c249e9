"""Synthesize the stack: `python -m infra`, which `cdk deploy` runs as well."""

import os

from aws_cdk import App

from infra.app import build_app
from infra.build import Target, build
from infra.config import Config


def main() -> None:
    """Build what Lambda runs, then write the template and the list of assets."""
    app = App(outdir=os.environ.get("CDK_OUTDIR", "build/cdk.out"))
    config = Config.from_context(app.node)
    build_app(app, config, build(Target(config.platform, config.python_version)))
    app.synth()


if __name__ == "__main__":
    main()
