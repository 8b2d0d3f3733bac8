"""One installation of podid as a person has it: started by `podid up`, reached by `podid env`, typed at with aws and kubectl."""

from __future__ import annotations

import contextlib
import functools
import json
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import boto3
from botocore.config import Config

from podid.local.demo.terminal import run

PODID = str(Path(sys.executable).with_name("podid"))
CLUSTER = "eksdemo1"
ADDON = "eks-pod-identity-agent"
PATIENCE = 60.0
"""Seconds until something that must come about is given up."""


class Typed(NamedTuple):
    """What a command ended with, and what it showed: both streams, as on a terminal."""

    code: int
    output: str

    def json(self) -> Any:
        """The output as JSON; fails with the output where the command failed."""
        assert self.code == 0, self.output
        return json.loads(self.output)


def clean_environment(home: Path) -> dict[str, str]:
    """This process's variables without what would speak for somebody else."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_") and name != "KUBECONFIG"}
    return kept | {"PODID_HOME": str(home), "AWS_PAGER": "", "KUBECACHEDIR": str(home.parent / "kube-cache")}


def until(holds: Callable[[], bool], what: str, within: float = PATIENCE) -> None:
    """Until it holds; fails with `what` where it never does."""
    end = time.monotonic() + within
    while not holds():
        assert time.monotonic() < end, f"not within {within:.0f} s: {what}"
        time.sleep(0.1)


class Installed:
    """A home, and words for what is done with it. `up()` before anything else."""

    def __init__(self, folder: Path, isolation: str = "auto", *, user: int | None = None) -> None:
        self.folder = folder
        self.home = folder / "home"
        self.isolation = isolation
        self.environment = clean_environment(self.home)
        self.pod_uids: set[str] = set()
        self._as_user: dict[str, Any] = {} if user is None else {"user": user, "group": user, "extra_groups": []}

    # --- podid

    def podid(self, *arguments: str, stdin: str | None = None, environment: Mapping[str, str] | None = None) -> Typed:
        """Run `podid ARGUMENTS`."""
        return self._run([PODID, *arguments], stdin=stdin, environment=environment)

    def podid_json(self, *arguments: str) -> Any:
        """What `podid ARGUMENTS -o json` writes on standard output; its exit code does not matter."""
        done = subprocess.run(
            [PODID, *arguments, "-o", "json"],
            env=self.environment,
            capture_output=True,
            check=False,
            timeout=PATIENCE,
            **self._as_user,
        )
        return json.loads(done.stdout)

    def up(self, *more: str) -> Typed:
        """`podid up --detach`; from the first one on aws and kubectl mean this installation."""
        done = self.podid("up", "--detach", "--isolation", self.isolation, *(more or ("--port", "0")))
        if done.code == 0 and "KUBECONFIG" not in self.environment:
            self.environment |= self.podid_json("env")
        return done

    def down(self) -> Typed:
        """`podid down`, after which nothing may be left."""
        with contextlib.suppress(Exception):
            listed = self.kubectl("get", "pods", "-A", "-o", "jsonpath={.items[*].metadata.uid}")
            if listed.code == 0:
                self.pod_uids |= set(listed.output.split())
        return self.podid("down")

    def status(self) -> dict[str, Any]:
        told: dict[str, Any] = self.podid_json("status")
        return told

    def pids(self) -> dict[str, int]:
        """The processes of the parts and of the supervisor, by name."""
        told = self.status()
        return {"supervisor": told["supervisor"]} | {one["name"]: one["pid"] for one in told["parts"]}

    def processes(self) -> list[str]:
        """Every process of this machine that belongs here: podid's own by PODID_HOME, containers by their pod's uid."""
        found = []
        for entry in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                variables = (entry / "environ").read_bytes().split(b"\0")
                pods = {
                    v.removeprefix(b"PODID_CONTAINER=").partition(b"/")[0].decode()
                    for v in variables
                    if v.startswith(b"PODID_CONTAINER=")
                }
                if f"PODID_HOME={self.home}".encode() in variables or pods & self.pod_uids:
                    found.append(
                        f"{entry.name} {(entry / 'cmdline').read_bytes().replace(bytes(1), b' ').decode()[:100]}"
                    )
        return found

    # --- what a person types

    def type(self, command: str, *, terminal: bool = False, path: Sequence[Path] = ()) -> Typed:
        """A line as it is typed at a shell; on a terminal of its own where it needs one; `path` comes before PATH."""
        environment = {**self.environment, "PATH": os.pathsep.join([*map(str, path), self.environment["PATH"]])}
        ran = run(
            command,
            environment=environment,
            folder=self.folder,
            terminal=terminal,
            timeout=PATIENCE,
            waiting=lambda _: None,
        )
        return Typed(ran.code, ran.output)

    def kubectl(self, *arguments: str, stdin: str | None = None) -> Typed:
        kubectl = shutil.which("kubectl", path=self.environment["PATH"])
        assert kubectl is not None
        return self._run([kubectl, *arguments], stdin=stdin)

    def apply(self, *objects: Mapping[str, Any]) -> Typed:
        """`kubectl apply -f -` of these objects."""
        return self.kubectl("apply", "-f", "-", stdin="\n---\n".join(json.dumps(one) for one in objects))

    def exec(self, pod: str, script: str) -> Typed:
        """A shell script in a pod."""
        return self.kubectl("exec", pod, "--", "sh", "-c", script)

    def wait_ready(self, *pods: str) -> None:
        """Until the pods are ready; their uids are remembered for the end."""
        names = [f"pod/{pod}" for pod in pods]
        waited = self.kubectl("wait", "--for=condition=Ready", f"--timeout={PATIENCE:.0f}s", *names)
        assert waited.code == 0, waited.output + self.kubectl("describe", *names).output
        self.pod_uids |= set(
            self.kubectl("get", "pods", "-A", "-o", "jsonpath={.items[*].metadata.uid}").output.split()
        )

    def _run(
        self, argv: Sequence[str], *, stdin: str | None = None, environment: Mapping[str, str] | None = None
    ) -> Typed:
        done = subprocess.run(
            argv,
            env=dict(environment if environment is not None else self.environment),
            cwd=self.folder,
            input=(stdin or "").encode(),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            timeout=2 * PATIENCE,
            check=False,
            **self._as_user,
        )
        return Typed(done.returncode, done.stdout.decode(errors="replace"))

    # --- the AWS endpoint, by boto3

    def client(self, service: str, credentials: Mapping[str, str] | None = None) -> Any:
        """A boto3 client: the administrator's, or that of credentials with the names that the agent and `podid env` give them."""
        who = credentials or self.environment
        return _client(
            service,
            self.environment["AWS_REGION"],
            self.environment["AWS_ENDPOINT_URL"],
            who.get("AccessKeyId") or who["AWS_ACCESS_KEY_ID"],
            who.get("SecretAccessKey") or who["AWS_SECRET_ACCESS_KEY"],
            who.get("Token"),
        )

    @property
    def account(self) -> str:
        return str(self.client("sts").get_caller_identity()["Account"])

    def have_addon(self) -> None:
        """The agent's add-on, ACTIVE."""
        eks = self.client("eks")
        with contextlib.suppress(eks.exceptions.ResourceInUseException):
            eks.create_addon(clusterName=CLUSTER, addonName=ADDON)
        until(lambda: self.addon_status() == "ACTIVE", f"the add-on is ACTIVE (it is {self.addon_status()})")

    def addon_status(self) -> str:
        eks = self.client("eks")
        with contextlib.suppress(eks.exceptions.ResourceNotFoundException):
            return str(eks.describe_addon(clusterName=CLUSTER, addonName=ADDON)["addon"]["status"])
        return ""

    def have_no_addon(self) -> None:
        eks = self.client("eks")
        with contextlib.suppress(eks.exceptions.ResourceNotFoundException):
            eks.delete_addon(clusterName=CLUSTER, addonName=ADDON)
        until(lambda: self.addon_status() == "", "the add-on is gone")

    def make_role(self, name: str, trust: Mapping[str, Any], *statements: Mapping[str, Any], account: str = "") -> str:
        """A role with one inline policy; its ARN. In another account as that account's administrator."""
        who = None if not account else self.podid_json("env", "--account", account)
        iam = self.client("iam", who)
        arn = str(iam.create_role(RoleName=name, AssumeRolePolicyDocument=json.dumps(trust))["Role"]["Arn"])
        if statements:
            iam.put_role_policy(RoleName=name, PolicyName="may", PolicyDocument=json.dumps(document(*statements)))
        return arn

    def associate(self, service_account: str, role_arn: str, **more: Any) -> str:
        """An association in namespace default; its id."""
        made = self.client("eks").create_pod_identity_association(
            clusterName=CLUSTER, namespace="default", serviceAccount=service_account, roleArn=role_arn, **more
        )
        assert re.fullmatch(r"a-[a-z0-9]{17}", made["association"]["associationId"])
        return str(made["association"]["associationId"])


_SESSION = boto3.session.Session()
"""One for all: it keeps the service models that it has read."""


@functools.cache
def _client(service: str, region: str, endpoint: str, key_id: str, secret: str, token: str | None) -> Any:
    return _SESSION.client(
        service,
        region_name=region,
        endpoint_url=endpoint,
        aws_access_key_id=key_id,
        aws_secret_access_key=secret,
        aws_session_token=token,
        config=Config(retries={"total_max_attempts": 2}),  # a kept connection may have been closed meanwhile
    )


# --- documents and manifests


def allow(action: str | list[str], resource: str | list[str] = "*", **more: Any) -> dict[str, Any]:
    """A statement that allows."""
    return {"Effect": "Allow", "Action": action, "Resource": resource, **more}


def document(*statements: Mapping[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def trust(condition: Mapping[str, Any] | None = None, *, tag: bool = True) -> dict[str, Any]:
    """A trust policy for pods; without `tag` it does not let the session be tagged."""
    statement: dict[str, Any] = {
        "Effect": "Allow",
        "Principal": {"Service": "pods.eks.amazonaws.com"},
        "Action": ["sts:AssumeRole", "sts:TagSession"] if tag else "sts:AssumeRole",
    }
    return document(statement | ({"Condition": dict(condition)} if condition else {}))


def service_account(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name, "namespace": "default"}}


def pod(name: str, account: str = "") -> dict[str, Any]:
    """A pod that waits; as the service account of its own name unless another is given."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {
            "serviceAccountName": account or name,
            "terminationGracePeriodSeconds": 1,
            "containers": [{"name": "aws-cli", "image": "amazon/aws-cli", "command": ["sleep", "infinity"]}],
        },
    }


ASK_AGENT = (
    "curl -sS -w '\\n%{http_code}' -H \"Authorization: $(cat $AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE)\""
    " $AWS_CONTAINER_CREDENTIALS_FULL_URI"
)
"""What every AWS SDK asks in a pod with an association. Prints the body, and the status on a line of its own."""


class Answer(NamedTuple):
    """What the agent said."""

    status: int
    body: str


def ask_agent(installed: Installed, pod_name: str) -> Answer:
    """Ask for credentials in a pod, as its SDK would."""
    done = installed.exec(pod_name, ASK_AGENT)
    assert done.code == 0, done.output
    body, _, status = done.output.rpartition("\n")
    return Answer(int(status), body)


def credentials_of(installed: Installed, pod_name: str) -> dict[str, str]:
    """The credentials that a pod is given."""
    answer = ask_agent(installed, pod_name)
    assert answer.status == 200, answer
    found: dict[str, str] = json.loads(answer.body)
    return found
