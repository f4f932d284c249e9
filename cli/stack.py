"""Stack: where a deployed stack keeps its tables."""

import os
from dataclasses import dataclass

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from mailtide.store import tables

_TABLE_PREFIX = "TablePrefix"  # the stack's output


@dataclass(frozen=True, slots=True)
class Target:
    """A deployed stack; a prefix that is given is not looked up."""

    stack: str
    table_prefix: str | None = None
    region: str | None = None

    def connect(self) -> None:
        """Bind the tables.

        Raises:
            typer.BadParameter: when the stack or the region cannot be found.
        """
        region = self.region or os.environ.get("AWS_REGION") or boto3.Session().region_name
        if not region:
            raise typer.BadParameter("name the region: --region, or AWS_REGION")
        tables.bind(self.table_prefix or _look_up(self.stack, region), region)


def _look_up(stack: str, region: str) -> str:
    client = boto3.client("cloudformation", region_name=region)
    try:
        described = client.describe_stacks(StackName=stack)["Stacks"]
    except (ClientError, BotoCoreError) as error:
        raise typer.BadParameter(f"the stack {stack} in {region}: {error}") from error
    outputs = {one["OutputKey"]: one["OutputValue"] for one in described[0].get("Outputs", [])}
    if _TABLE_PREFIX not in outputs:
        raise typer.BadParameter(f"the stack {stack} has no output {_TABLE_PREFIX}")
    return str(outputs[_TABLE_PREFIX])
