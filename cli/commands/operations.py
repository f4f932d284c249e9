"""Operations: the queues of a deployed stack, what died in them, and its alarms.

These commands call AWS with the credentials of the environment, not the API.
"""

from collections.abc import Iterator
from typing import Annotated, Any

import boto3
import typer

from cli.output import show_rows
from cli.session import AsJson
from cli.stack import Region, Stack, Target

PEEK_SECONDS = 5  # for which a message that was looked at stays hidden

Queue = Annotated[str, typer.Argument(help="launch, sending, events, imports, jobs …")]
commands = typer.Typer(no_args_is_help=True, help="Queues, dead letters and alarms of a stack.")


@commands.command()
def queues(stack: Stack = "Mailtide", region: Region = None, as_json: AsJson = False) -> None:
    """List the queues: what waits, what is being worked on, what died."""
    target = Target(stack, None, region)
    sqs = boto3.client("sqs", region_name=target.region_name())
    outputs = target.outputs()
    rows = [
        {"queue": name, **_depth(sqs, outputs[f"{name.title()}Queue"]), "dead": dead}
        for name, dead in _dead(sqs, outputs)
    ]
    show_rows(rows, ("queue", "waiting", "in_work", "dead"), as_json=as_json)


@commands.command()
def dead(
    queue: Queue, stack: Stack = "Mailtide", region: Region = None, as_json: AsJson = False
) -> None:
    """Look at up to ten messages that died; they stay where they are."""
    target = Target(stack, None, region)
    sqs = boto3.client("sqs", region_name=target.region_name())
    found = sqs.receive_message(
        QueueUrl=_dead_letters(target, queue),
        MaxNumberOfMessages=10,
        VisibilityTimeout=PEEK_SECONDS,
        AttributeNames=["All"],
    )
    rows = [{"message_id": m["MessageId"], "body": m["Body"]} for m in found.get("Messages", [])]
    show_rows(rows, ("message_id", "body"), as_json=as_json)


@commands.command()
def redrive(queue: Queue, stack: Stack = "Mailtide", region: Region = None) -> None:
    """Put what died back into its queue; every job may run again."""
    target = Target(stack, None, region)
    sqs = boto3.client("sqs", region_name=target.region_name())
    url = _dead_letters(target, queue)
    attributes = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])
    sqs.start_message_move_task(SourceArn=attributes["Attributes"]["QueueArn"])
    typer.echo(f"What died in {queue} goes back into it.")


@commands.command()
def alarms(stack: Stack = "Mailtide", region: Region = None, as_json: AsJson = False) -> None:
    """List the stack's alarms that ring, with where the runbook explains them."""
    target = Target(stack, None, region)
    cloudwatch = boto3.client("cloudwatch", region_name=target.region_name())
    pages = cloudwatch.get_paginator("describe_alarms").paginate(StateValue="ALARM")
    rows = [
        {
            "alarm": one["AlarmName"],
            "since": one["StateUpdatedTimestamp"].isoformat(),
            "means": one.get("AlarmDescription", ""),
        }
        for page in pages
        for one in page["MetricAlarms"]
        if one["AlarmName"].startswith(f"{stack}-")
    ]
    show_rows(rows, ("alarm", "since", "means"), as_json=as_json)


def _dead(sqs: Any, outputs: dict[str, str]) -> Iterator[tuple[str, int]]:
    for name in sorted(outputs):
        if name.endswith("DeadLetters"):
            depth = _depth(sqs, outputs[name])
            yield name.removesuffix("DeadLetters").lower(), depth["waiting"]


def _dead_letters(target: Target, queue: str) -> str:
    outputs = target.outputs()
    name = f"{queue.title()}DeadLetters"
    if name not in outputs:
        known = sorted(
            one.removesuffix("DeadLetters").lower()
            for one in outputs
            if one.endswith("DeadLetters")
        )
        raise typer.BadParameter(f"there is no queue {queue}; there are {', '.join(known)}")
    return outputs[name]


def _depth(sqs: Any, url: str) -> dict[str, int]:
    names = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=names)["Attributes"]
    return {"waiting": int(found[names[0]]), "in_work": int(found[names[1]])}
