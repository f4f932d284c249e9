"""Put the real template into the emulator: synthesize, upload assets, create or update, destroy.

It does what `cdk deploy` does with the same cloud assembly, without that program.
"""

import io
import json
import os
import platform
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError

from local.emulator import ACCOUNT, PYTHON, REGION, ROOT, Emulator

STACK = "Mailtide"
SEARCH_PATH = os.pathsep.join([str(ROOT), str(ROOT / "layers" / "common" / "python")])
ASSET_BUCKET = f"cdk-hnb659fds-assets-{ACCOUNT}-{REGION}"
BOOTSTRAP_VERSION = "/cdk-bootstrap/hnb659fds/version"
DEPLOY_SECONDS = 120.0
ZIP_DATE = (1980, 1, 1, 0, 0, 0)  # the CDK's, on every member


class DeploymentError(Exception):
    """The stack did not get where it should; the message holds the failed events."""


@dataclass(frozen=True, slots=True)
class Deployment:
    """A stack that is up."""

    outputs: Mapping[str, str]  # the template's, such as ApiId
    resources: Mapping[str, str]  # logical id to physical id


def deploy(emulator: Emulator, context: Mapping[str, object]) -> Deployment:
    """Create the stack, or update it to what the code and `context` say now.

    `context` holds parameters of the stack by their name (`infra.config.Config`).

    Raises:
        DeploymentError: the stack does not synthesize, was refused, or was rolled back.
    """
    folder = Path(tempfile.mkdtemp(prefix="mailtide-"))
    try:
        synthesize(folder, {**_defaults(), **context})
        template = _upload(emulator, folder)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _apply(emulator.client("cloudformation"), template)
    return describe(emulator)


def synthesize(folder: Path, context: Mapping[str, object]) -> None:
    """Write the cloud assembly of the stack with these parameters into `folder`."""
    environment = {
        **os.environ,
        "CDK_OUTDIR": str(folder),
        "CDK_CONTEXT_JSON": json.dumps(context),
        "CDK_VALIDATION": "false",  # seconds; `make synth` checks the template for AWS
        "TMPDIR": str(folder),  # what pip and the CDK's kernel leave there goes with it
        "PYTHONPATH": SEARCH_PATH,
    }
    synthesis = subprocess.Popen(
        [sys.executable, "-m", "infra"],
        cwd=ROOT,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        output, _ = synthesis.communicate()
    except BaseException:
        # It has children, pip and the CDK's kernel: none may outlive us.
        os.killpg(synthesis.pid, signal.SIGKILL)
        synthesis.communicate()
        raise
    if synthesis.returncode:
        raise DeploymentError(output)


def describe(emulator: Emulator) -> Deployment:
    """Return what the stack tells of itself."""
    cloudformation = emulator.client("cloudformation")
    stack = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]
    pages = cloudformation.get_paginator("list_stack_resources").paginate(StackName=STACK)
    return Deployment(
        outputs={item["OutputKey"]: item["OutputValue"] for item in stack.get("Outputs", [])},
        resources={
            item["LogicalResourceId"]: item["PhysicalResourceId"]
            for page in pages
            for item in page["StackResourceSummaries"]
        },
    )


def destroy(emulator: Emulator) -> None:
    """Delete the stack and everything in it."""
    _empty_bucket(emulator.client("s3"), describe(emulator).outputs["DataBucket"])
    cloudformation = emulator.client("cloudformation")
    stack_id = cloudformation.describe_stacks(StackName=STACK)["Stacks"][0]["StackId"]
    cloudformation.delete_stack(StackName=STACK)
    _wait(cloudformation, stack_id, "DELETE_COMPLETE")


def _defaults() -> dict[str, object]:
    """Return what differs from production because the functions run on this machine."""
    machine = platform.machine().lower()
    return {
        "stack_name": STACK,
        "platform": "arm64" if machine in {"arm64", "aarch64"} else "x86_64",
        "python_version": _python_version(),
        "emulator": True,
        "retain_data": False,
        "relay_networks": "127.0.0.0/8",
    }


def _python_version() -> str:
    script = "import sys; print(f'{sys.version_info.major}.{sys.version_info.minor}')"
    command = [str(PYTHON), "-c", script]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def _upload(emulator: Emulator, folder: Path) -> str:
    """Put every asset where the template looks for it; return the template's URL."""
    s3, ssm = emulator.client("s3"), emulator.client("ssm")
    s3.create_bucket(Bucket=ASSET_BUCKET)
    ssm.put_parameter(Name=BOOTSTRAP_VERSION, Value="30", Type="String", Overwrite=True)
    manifest = json.loads((folder / f"{STACK}.assets.json").read_text())
    template_key = ""
    for asset in manifest["files"].values():
        source = asset["source"]
        (destination,) = asset["destinations"].values()
        s3.put_object(
            Bucket=ASSET_BUCKET, Key=destination["objectKey"], Body=_packed(folder, source)
        )
        if source["path"] == f"{STACK}.template.json":
            template_key = destination["objectKey"]
    return f"{emulator.endpoint}/{ASSET_BUCKET}/{template_key}"


def _packed(folder: Path, source: Mapping[str, str]) -> bytes:
    path = folder / source["path"]
    if source["packaging"] == "file":
        return path.read_bytes()
    packed = io.BytesIO()
    # Stored, not compressed: each process of a function unpacks its layers anew.
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_STORED) as archive:
        for file in sorted(path.rglob("*")):
            if file.is_file():
                member = zipfile.ZipInfo(str(file.relative_to(path)), ZIP_DATE)
                member.external_attr = 0o644 << 16
                archive.writestr(member, file.read_bytes())
    return packed.getvalue()


def _apply(cloudformation: Any, template_url: str) -> None:
    request = {
        "StackName": STACK,
        "TemplateURL": template_url,
        "Capabilities": ["CAPABILITY_IAM", "CAPABILITY_NAMED_IAM"],
    }
    if not _exists(cloudformation):
        cloudformation.create_stack(**request)
        _wait(cloudformation, STACK, "CREATE_COMPLETE")
        return
    try:
        cloudformation.update_stack(**request)
    except ClientError as error:
        if "No updates are to be performed" in str(error):  # it has no code of its own
            return
        raise
    _wait(cloudformation, STACK, "UPDATE_COMPLETE")


def _exists(cloudformation: Any) -> bool:
    stacks = cloudformation.list_stacks()["StackSummaries"]
    return any(s["StackName"] == STACK and s["StackStatus"] != "DELETE_COMPLETE" for s in stacks)


def _wait(cloudformation: Any, stack: str, wanted: str) -> None:
    deadline = time.monotonic() + DEPLOY_SECONDS
    state = ""
    while time.monotonic() < deadline:
        state = cloudformation.describe_stacks(StackName=stack)["Stacks"][0]["StackStatus"]
        if state == wanted:
            return
        if state.endswith(("FAILED", "ROLLBACK_COMPLETE")):
            break
        time.sleep(0.1)
    events = cloudformation.describe_stack_events(StackName=stack)["StackEvents"]
    failed = [
        f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
        for event in events
        if event["ResourceStatus"].endswith("FAILED")
    ]
    raise DeploymentError("\n".join([f"{stack} is {state}, not {wanted}", *failed]))


def _empty_bucket(s3: Any, bucket: str) -> None:
    for page in s3.get_paginator("list_objects_v2").paginate(Bucket=bucket):
        keys = [{"Key": item["Key"]} for item in page.get("Contents", [])]
        if keys:
            s3.delete_objects(Bucket=bucket, Delete={"Objects": keys})
