"""The commands around the walk: env, run, status, logs, up and down twice, and accounts of an installation."""

from __future__ import annotations

import json
import shutil
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from botocore.exceptions import ClientError
from tests.e2e.installed import CLUSTER, Installed, pod, service_account, trust

pytestmark = [pytest.mark.tools, pytest.mark.namespaces]


# --- env


@pytest.mark.parametrize("shell", ["bash", "sh", "zsh", "fish", "pwsh"])
def test_env_makes_a_shell_reach_the_installation(shared: Installed, shell: str) -> None:
    if shutil.which(shell) is None:
        pytest.skip(f"{shell} is not on this machine")
    name = {"sh": "bash", "pwsh": "powershell"}.get(shell, shell)
    exports = shared.podid("env", "--shell", name).output
    script = shared.folder / "exports"
    script.write_text(exports + '\necho "$AWS_ENDPOINT_URL $KUBECONFIG ${AWS_PROFILE-unset}"\n')
    if shell in ("fish", "pwsh"):
        script.write_text(exports + '\necho "$AWS_ENDPOINT_URL $KUBECONFIG unset"\n')
    before = {**shared.environment, "AWS_PROFILE": "mine", "AWS_ENDPOINT_URL": "http://elsewhere"}
    said = shared._run([shell, str(script)], environment=before).output
    assert said.split() == [shared.environment["AWS_ENDPOINT_URL"], shared.environment["KUBECONFIG"], "unset"]


def test_env_unsets_what_would_win_over_its_key(shared: Installed) -> None:
    lines = shared.podid("env", "--shell", "bash").output.splitlines()
    for name in ("AWS_SESSION_TOKEN", "AWS_PROFILE", "AWS_CONTAINER_CREDENTIALS_FULL_URI"):
        assert f"unset {name}" in lines


def test_env_needs_no_network_and_no_running_podid(install: Callable[[], Installed]) -> None:
    told = install().podid("env")
    assert told.code == 1
    assert "podid is not running in" in told.output
    assert "podid up --detach" in told.output


def test_the_administrator_of_another_account(shared: Installed) -> None:
    other = shared.podid_json("env", "--account", "444455556666")
    assert shared.client("sts", other).get_caller_identity()["Account"] == "444455556666"
    shared.client("iam", other).create_role(
        RoleName="of-the-other",
        AssumeRolePolicyDocument=json.dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {"Effect": "Allow", "Principal": {"Service": "ec2.amazonaws.com"}, "Action": "sts:AssumeRole"}
                ],
            }
        ),
    )
    with pytest.raises(ClientError) as none:
        shared.client("iam").get_role(RoleName="of-the-other")
    assert none.value.response["Error"]["Code"] == "NoSuchEntity"
    assert shared.client("eks", other).list_clusters()["clusters"] == []
    assert shared.podid_json("env", "--account", "444455556666") == other, "made once"
    wrong = shared.podid("env", "--account", "12")
    assert wrong.code == 2
    assert "'12' is not an account id" in wrong.output


# --- run


def test_run_ends_with_the_code_of_its_command(shared: Installed) -> None:
    assert shared.podid("run", "--", "sh", "-c", "exit 7").code == 7
    assert shared.podid("run", "--", "true").code == 0
    killed = shared.podid("run", "--", "sh", "-c", "kill -TERM $$")
    assert killed.code == 128 + 15
    unknown = shared.podid("run", "--", "no-such-command")
    assert unknown.code == 127
    assert "'no-such-command' is not on PATH" in unknown.output
    nothing = shared.podid("run")
    assert nothing.code == 2


def test_run_gives_the_environment_and_passes_options_on(shared: Installed) -> None:
    before = {**shared.environment, "AWS_PROFILE": "mine", "AWS_SESSION_TOKEN": "mine"}
    for name in ("AWS_ENDPOINT_URL", "KUBECONFIG"):
        before.pop(name)
    script = 'echo "$AWS_ENDPOINT_URL ${AWS_PROFILE-unset} ${AWS_SESSION_TOKEN-unset} $1"'
    said = shared.podid("run", "sh", "-c", script, "sh", "--output", environment=before).output
    assert said.split() == [shared.environment["AWS_ENDPOINT_URL"], "unset", "unset", "--output"]
    listed = shared.podid("run", "--", "kubectl", "get", "nodes", "-o", "name", environment=before)
    assert listed.output.startswith("node/")


# --- keys


def test_a_new_signing_key_of_the_cluster_leaves_tokens_of_the_old_one_good(shared: Installed) -> None:
    shared.associate("signed", shared.make_role("signed", trust()))
    assert shared.apply(service_account("signed"), pod("signed")).code == 0
    shared.wait_ready("signed")
    bound = ("--bound-object-kind=Pod", "--bound-object-name=signed", "--audience=pods.eks.amazonaws.com")
    before = shared.kubectl("create", "token", "signed", *bound).output.strip()
    rotated = shared.podid("keys", "rotate", "--only", "service-accounts")
    assert rotated.code == 0, rotated.output
    after = shared.kubectl("create", "token", "signed", *bound).output.strip()
    assert before.partition(".")[0] != after.partition(".")[0], "the header names the key"
    for token in (before, after):
        answer = shared.client("eks-auth").assume_role_for_pod_identity(clusterName=CLUSTER, token=token)
        assert answer["subject"] == {"namespace": "default", "serviceAccount": "signed"}
    assert shared.kubectl("delete", "pod", "signed", "--wait=false").code == 0


# --- status and logs


def test_status_for_programs_and_for_people(shared: Installed) -> None:
    told = shared.status()
    assert told["running"] and told["ready"]
    assert told["isolation"] in ("namespaces", "process")
    assert told["endpoint"] == shared.environment["AWS_ENDPOINT_URL"]
    assert {part["name"]: part["phase"] for part in told["parts"]} == dict.fromkeys(
        ("serve", "webhook", "cluster"), "running"
    )
    assert all(Path(f"/proc/{part['pid']}").exists() for part in told["parts"])
    text = shared.podid("status")
    assert text.code == 0
    assert told["endpoint"] in text.output
    assert f"isolation  {told['isolation']}" in text.output


def test_status_where_nothing_runs(install: Callable[[], Installed]) -> None:
    idle = install()
    told = idle.podid("status")
    assert told.code == 1
    assert "not running" in told.output
    assert idle.status()["running"] is False


def test_logs_tell_the_decisions_and_no_secret(shared: Installed) -> None:
    shared.client("s3").list_buckets()
    every = shared.podid("logs", "--tail", "-1")
    assert every.code == 0
    assert "action=s3:ListAllMyBuckets" in every.output
    assert shared.environment["AWS_SECRET_ACCESS_KEY"] not in every.output
    one = shared.podid("logs", "webhook")
    assert all(line.startswith("webhook ") for line in one.output.splitlines())
    unknown = shared.podid("logs", "nothing")
    assert unknown.code == 2
    assert "choose one of: cluster, " in unknown.output


# --- up and down


def test_up_twice_says_so_and_changes_nothing(shared: Installed) -> None:
    before = shared.status()
    again = shared.up()
    assert again.code == 0
    assert f"podid already runs in {shared.home} (process {before['supervisor']})" in again.output
    foreground = shared.podid("up")
    assert foreground.code == 1
    assert "podid down" in foreground.output
    assert shared.status()["parts"] == before["parts"]


def test_down_where_nothing_runs(install: Callable[[], Installed]) -> None:
    idle = install()
    for _ in range(2):
        down = idle.podid("down")
        assert (down.code, down.output) == (0, "podid was not running\n")
    assert not idle.home.exists(), "looking makes nothing"


def test_a_port_in_use(install: Callable[[], Installed]) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        up = install().podid("up", "--detach", "--port", str(port))
    assert up.code == 3
    assert f"port {port} on 127.0.0.1 is in use by another program" in up.output
    assert "podid up --port 0" in up.output


def test_a_home_that_cannot_be(install: Callable[[], Installed]) -> None:
    installed = install()
    installed.home.write_text("a file stands where the folder should")
    up = installed.podid("up", "--detach")
    assert up.code == 3
    assert f"podid cannot write to its home folder {installed.home}" in up.output
    assert "PODID_HOME=" in up.output
    installed.home.unlink()


def test_a_process_without_the_tools_on_path_gets_podids_own(shared: Installed) -> None:
    bare = {"PODID_HOME": str(shared.home), "PATH": "/nowhere", "HOME": shared.environment["HOME"]}
    told = shared.podid("env", "-o", "json", environment=bare)
    path = json.loads(told.output)["PATH"]
    for tool in ("aws", "kubectl"):
        assert shutil.which(tool, path=path), path
