"""The real `aws` drives IAM and STS: a few commands always, every operation with PODID_TOOLS=1 (a command takes 0.6 s of CPU)."""

from __future__ import annotations

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any, Final

import pytest
from tests.tools.steps import Memory, Step, at, resolved
from tests.tools.stories import CHAPTERS, begin
from tests.tools.test_boto3_sweep import caller, remember

from podid.core.operations import snake_case
from podid.core.sigv4 import Credentials
from podid.local.tools import find_tools

pytestmark = pytest.mark.tools

_SHORTLY: Final = (
    "CreateUser",
    "ListUsers",
    "CreateVirtualMFADevice",
    "EnableMFADevice",
    "CreateRole",
    "AssumeRole",
    "GetCallerIdentity",
)
"""One command each of the usual kinds, and what the CLI has a form of its own for."""

_FAILED: Final = re.compile(r"An error occurred \((\w+)\) when calling the (\w+) operation")


class AwsCli:
    """The `aws` command against an endpoint."""

    def __init__(self, url: str, folder: Path) -> None:
        tools = find_tools(lambda _text: None)
        if tools.aws_is_v1:
            pytest.skip("AWS CLI v2 does not run here, and v1 says and does some things otherwise")
        self._program = tools.pod_aws / "bin/aws"
        self._folder = folder
        self._environment = {
            "AWS_ENDPOINT_URL": url,
            "AWS_REGION": "us-east-1",
            "AWS_PAGER": "",
            "AWS_MAX_ATTEMPTS": "1",
            "AWS_EC2_METADATA_DISABLED": "true",
            "HOME": str(folder),
            "PATH": os.environ["PATH"],
        }
        self.unknown: set[str] = set()
        """Operations that are newer than this CLI."""

    def call(self, step: Step, memory: Memory, who: Credentials) -> tuple[str, Any]:
        """The code of the refusal, empty where there was none, and the answer or what was printed."""
        command = snake_case(step.operation).replace("_", "-")
        members = resolved(step.members, memory)
        seed = self._folder / "seed"
        if step.operation == "CreateVirtualMFADevice":
            given = ("--virtual-mfa-device-name", members["VirtualMFADeviceName"])
            arguments: tuple[str, ...] = (*given, "--outfile", str(seed), "--bootstrap-method", "Base32StringSeed")
        else:
            file = self._folder / "input.json"
            file.write_text(json.dumps(members))
            arguments = ("--cli-input-json", f"file://{file}")
        done = subprocess.run(
            (self._program, step.service, command, *arguments, "--output", "json"),
            env={
                **self._environment,
                "AWS_ACCESS_KEY_ID": who.access_key_id,
                "AWS_SECRET_ACCESS_KEY": who.secret_access_key,
            },
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        if done.returncode == 0:
            answer = json.loads(done.stdout or "{}")
            if step.operation == "CreateVirtualMFADevice":
                answer["VirtualMFADevice"]["Base32StringSeed"] = seed.read_text()
            return "", answer
        failed = _FAILED.search(done.stderr)
        if failed is not None:
            assert failed.group(2) == step.operation
            assert done.returncode == 254
            return failed.group(1), done.stderr
        return f"exit {done.returncode}", done.stderr[-500:]


def test_the_usual_commands(endpoint: Any, tmp_path: Path) -> None:
    tell(endpoint, tmp_path, CHAPTERS, _SHORTLY)


@pytest.mark.skipif(os.environ.get("PODID_TOOLS") != "1", reason="set PODID_TOOLS=1: three minutes of `aws` commands")
@pytest.mark.timeout(1800)
def test_every_command(endpoint: Any, tmp_path: Path) -> None:
    tell(endpoint, tmp_path, CHAPTERS, ())


def tell(endpoint: Any, folder: Path, chapters: dict[str, tuple[Step, ...]], only: tuple[str, ...]) -> None:
    memory = begin(endpoint.iam, endpoint.ring)
    cli = AwsCli(endpoint.url, folder)
    wrong = []
    for chapter, steps in chapters.items():
        for step in steps:
            if only and (step.operation not in only or step.refused):
                continue
            code, answer = cli.call(step, memory, caller(step, memory, endpoint.administrator))
            if code == "exit 252" and "Found invalid choice" in answer:
                cli.unknown.add(step.operation)
            elif code != step.refused:
                wrong.append(f"{chapter}: {step.label}: {code} {answer if code else ''}")
            elif not code:
                remember(step, answer, memory)
                found = {path: at(answer, path) for path in step.expect}
                if found != dict(step.expect):
                    wrong.append(f"{chapter}: {step.label}: {found}, not {dict(step.expect)}")
    assert not wrong, "\n".join(wrong)
    assert len(cli.unknown) < 10, cli.unknown
