"""The whole demo: an installation, the walk through it, and the end of it."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import msgspec

from podid.local import detach
from podid.local.demo.facts import Facts
from podid.local.demo.script import Line, Step, script, write_files
from podid.local.demo.telling import Audience, Heard, Stage, tell
from podid.local.environment import environment
from podid.local.home import Home
from podid.local.installation import load
from podid.local.own_name import own_name
from podid.local.problems import Forbidden, LocalProblem
from podid.local.report import report
from podid.local.shells import UNSET
from podid.local.stop import stop
from podid.local.supervisor import Wishes
from podid.local.tools import find_tools

_TOKEN_FILE = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token"  # noqa: S105 - a path, not a token


class Played(msgspec.Struct, frozen=True, kw_only=True):
    """The transcript, and where the time went (seconds)."""

    isolation: str
    lines: tuple[Heard, ...]
    start_seconds: float
    stop_seconds: float
    seconds: float
    tool_seconds: float
    own_seconds: float
    farewell: tuple[str, ...]


class Silent:
    """An audience that is given the transcript afterwards."""

    def step(self, step: Step) -> None: ...
    def typed(self, line: Line) -> None: ...
    def waiting(self, seconds: float) -> None: ...
    def heard(self, heard: Heard) -> None: ...


def play(
    chosen_home: Callable[[], Home],
    *,
    keep: bool,
    isolation: str,
    audience: Audience | None,
    note: Callable[[str], None],
) -> Played:
    """Play it in a home of its own (in PODID_HOME where that is named), and leave nothing running unless `keep`.

    Raises LocalProblem where something stands in the way or a step does not show what it must; what was started is ended then too.
    """
    began = time.monotonic()
    tools = find_tools(note)
    if tools.missing:
        raise Forbidden(
            f"the demo types {' and '.join(tools.missing)}, which this machine does not have",
            "install it, and run podid demo again",
        )
    named = bool(os.environ.get("PODID_HOME"))
    home = chosen_home() if named or keep else Home(Path(tempfile.mkdtemp(prefix="podid-demo-")))
    if report(home).running:
        raise Forbidden(
            f"podid already runs in {home.path}, and the demo would mix with what is there",
            "stop it (podid down), or name another PODID_HOME",
        )
    folder = Path(tempfile.mkdtemp(prefix="podid-walk-"))

    def end() -> None:
        if not keep:
            stop(home, note)

    try:
        starting = time.monotonic()
        state = detach.start(home, Wishes(port=None if keep else 0, isolation=isolation), note)
        start_seconds = time.monotonic() - starting
        stage = _stage(home, folder)
        installation = load(home)
        assert installation is not None
        write_files(folder)
        transcript = tell(
            script(installation.account, installation.cluster, _environment_lines(state.isolation)),
            stage,
            audience or Silent(),
        )
        stop_seconds = 0.0
        if not keep:
            stopping = time.monotonic()
            stop(home, note)
            stop_seconds = time.monotonic() - stopping
    except LocalProblem:
        end()
        note(f"podid: the logs of this demo are kept: PODID_HOME={home.path} podid logs")
        raise
    except BaseException:  # Ctrl-C above all: whatever was under way, nothing is left
        end()
        if not named and not keep:
            shutil.rmtree(home.path, ignore_errors=True)
        raise
    else:
        if not named and not keep:
            shutil.rmtree(home.path, ignore_errors=True)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - began
    tool_seconds = sum(heard.tool_seconds for heard in transcript)
    return Played(
        isolation=state.isolation,
        lines=tuple(transcript),
        start_seconds=round(start_seconds, 3),
        stop_seconds=round(stop_seconds, 3),
        seconds=round(seconds, 3),
        tool_seconds=round(tool_seconds, 3),
        own_seconds=round(seconds - tool_seconds - stage.facts.measuring_seconds, 3),
        farewell=_farewell(keep, aws_is_v1=tools.aws_is_v1),
    )


def _stage(home: Home, folder: Path) -> Stage:
    variables = {name: value for name, value in os.environ.items() if name not in UNSET and not name.startswith("AWS_")}
    variables.update(environment(home))
    variables["AWS_PAGER"] = ""
    variables["KUBECACHEDIR"] = str(folder / "kube-cache")
    began = time.monotonic()
    starts = {
        tool: _start_seconds(command, variables)
        for tool, command in (("aws", "aws --version"), ("kubectl", "kubectl version --client"))
    }
    facts = Facts(home, measuring_seconds=time.monotonic() - began)

    def tool_seconds(command: str) -> float:
        """Each `aws` and `kubectl` in the command starts once, also the `aws` in the pod."""
        return sum(starts[tool] * len(re.findall(rf"(?:^|[\s(|]){tool}\s", command)) for tool in starts)

    return Stage(environment=variables, folder=folder, facts=facts, tool_seconds=tool_seconds)


def _start_seconds(command: str, variables: dict[str, str]) -> float:
    """What a tool takes to start and do nothing."""
    began = time.monotonic()
    subprocess.run(
        ["/bin/sh", "-c", command],
        env=variables,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        check=False,
        timeout=60,
    )
    return time.monotonic() - began


def _environment_lines(isolation: str) -> tuple[str, str]:
    if isolation == "namespaces":
        return (
            r"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://169\.254\.170\.23/v1/credentials",
            "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=" + re.escape(_TOKEN_FILE),
        )
    return (
        r"AWS_CONTAINER_CREDENTIALS_FULL_URI=http://127\.0\.0\.1:\d+/v1/credentials",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE=/.*" + re.escape(_TOKEN_FILE),
    )


def _farewell(keep: bool, *, aws_is_v1: bool) -> tuple[str, ...]:
    lines = ["That was all of it: the same wire, the same checks and the same errors as on EKS."]
    if aws_is_v1:
        lines.append("(AWS CLI v1 served here: it ends with 255 where v2 ends with 254.)")
    if keep:
        lines += [
            "podid is still running. Go on by hand:",
            f'  eval "$({own_name()} env)"',
            "  aws eks list-clusters; kubectl get pods -A",
            f"and stop it with: {own_name()} down",
        ]
    else:
        lines += [
            "Nothing is left running. To walk by hand:",
            f"  {own_name()} up --detach",
            f'  eval "$({own_name()} env)"',
            "and type the commands above.",
        ]
    return tuple(lines)
