"""Stack: where a deployed stack keeps its tables and queues."""

import os
from dataclasses import dataclass
from typing import Annotated

import boto3
import typer
from botocore.exceptions import BotoCoreError, ClientError

from mailtide.store import tables

_TABLE_PREFIX = "TablePrefix"  # the stack's output

Stack = Annotated[str, typer.Option(help="name of the deployed stack")]
Region = Annotated[str | None, typer.Option(help="AWS region; the environment's if not given")]


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
        region = self.region_name()
        tables.bind(self.table_prefix or self._prefix(), region)

    def region_name(self) -> str:
        """Return the region the stack is in.

        Raises:
            typer.BadParameter: when nobody named one.
        """
        region = self.region or os.environ.get("AWS_REGION") or boto3.Session().region_name
        if not region:
            raise typer.BadParameter("name the region: --region, or AWS_REGION")
        return region

    def outputs(self) -> dict[str, str]:
        """Return what the stack tells about itself.

        Raises:
            typer.BadParameter: when the stack cannot be found.
        """
        region = self.region_name()
        client = boto3.client("cloudformation", region_name=region)
        try:
            described = client.describe_stacks(StackName=self.stack)["Stacks"]
        except (ClientError, BotoCoreError) as error:
            raise typer.BadParameter(f"the stack {self.stack} in {region}: {error}") from error
        found = described[0].get("Outputs", [])
        return {one["OutputKey"]: str(one["OutputValue"]) for one in found}

    def _prefix(self) -> str:
        outputs = self.outputs()
        if _TABLE_PREFIX not in outputs:
            raise typer.BadParameter(f"the stack {self.stack} has no output {_TABLE_PREFIX}")
        return outputs[_TABLE_PREFIX]
