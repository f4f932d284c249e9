"""The bucket and the two secrets."""

import json

from aws_cdk import Duration
from aws_cdk import aws_s3 as s3
from aws_cdk import aws_secretsmanager as secretsmanager
from constructs import Construct

from infra.config import Config
from infra.constructs.retention import removal_policy


class Storage(Construct):
    """What does not fit a table: manifests, uploads, raw events; and what the keys come from."""

    def __init__(self, scope: Construct, id_: str, *, config: Config) -> None:
        super().__init__(scope, id_)
        self.bucket = s3.Bucket(
            self,
            "Data",
            block_public_access=s3.BlockPublicAccess.BLOCK_ALL,
            encryption=s3.BucketEncryption.S3_MANAGED,
            enforce_ssl=not config.emulator,
            lifecycle_rules=[
                _expire("attachments/", days=14),
                _expire("exports/", days=7),
                _expire("imports/", days=7),
                _expire("inbound/", days=14),
                _expire("payloads/", days=30),
                _expire("raw/", days=90),
                _expire("refused/", days=90),
            ],
            removal_policy=removal_policy(config),
        )
        self.identity = secretsmanager.Secret(
            self,
            "Identity",
            description="Contact and message ids are keyed with this. It must never change.",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
            removal_policy=removal_policy(config),
        )
        self.signing = secretsmanager.Secret(
            self,
            "Signing",
            description="Links and webhooks are signed with these keys. Runbook: rotate-keys",
            generate_secret_string=secretsmanager.SecretStringGenerator(
                secret_string_template=json.dumps({"current": "1"}),
                generate_string_key="1",
                password_length=64,
                exclude_punctuation=True,
            ),
            removal_policy=removal_policy(config),
        )

    def secret_arn(self, name: str) -> str:
        """Return the full ARN of the secret `identity` or `signing`.

        The CDK's `secret_arn` is the resource's reference, which the emulator makes a bare name.
        """
        resource = {"identity": self.identity, "signing": self.signing}[name].node.default_child
        if not isinstance(resource, secretsmanager.CfnSecret):
            raise TypeError(f"the default child of {name} is not a CfnSecret")
        return resource.attr_id


def _expire(prefix: str, *, days: int) -> s3.LifecycleRule:
    return s3.LifecycleRule(
        prefix=prefix,
        expiration=Duration.days(days),
        abort_incomplete_multipart_upload_after=Duration.days(1),
    )
