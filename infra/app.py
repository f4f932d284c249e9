"""The CDK app: the stack under cdk-nag's rules."""

from aws_cdk import App, Validations
from cdk_nag import AwsSolutionsChecks

from infra.build import Artifacts
from infra.config import Config
from infra.nag import acknowledge
from infra.stack import MailtideStack


def build_app(app: App, config: Config, artifacts: Artifacts) -> MailtideStack:
    """Put the stack into `app`; `app.synth()` then raises on a finding without a reason."""
    stack = MailtideStack(app, config.stack_name, config=config, artifacts=artifacts)
    if config.emulator:
        return stack  # it speaks plain HTTP, which the rules refuse
    acknowledge(stack)
    Validations.of(app).add_plugins(AwsSolutionsChecks(app))
    return stack
