"""`kill -9` of any part, between any two steps; `podid up`, and it goes on: nothing that podid holds is lost."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from contextlib import suppress

import pytest
from tests.e2e.installed import (
    CLUSTER,
    Installed,
    allow,
    ask_agent,
    credentials_of,
    pod,
    service_account,
    trust,
)

pytestmark = [pytest.mark.tools, pytest.mark.namespaces, pytest.mark.usefixtures("curl")]

ROLE = "survivor"
PARTS = ("supervisor", "serve", "cluster", "webhook")


@pytest.fixture(scope="module")
def walked(install: Callable[[], Installed]) -> Installed:
    """An installation of its own, with a pod that has a role."""
    installed = install()
    up = installed.up()
    assert up.code == 0, up.output
    installed.have_addon()
    installed.associate(ROLE, installed.make_role(ROLE, trust(), allow("s3:ListAllMyBuckets")))
    applied = installed.apply(service_account(ROLE), pod(ROLE))
    assert applied.code == 0, applied.output
    installed.wait_ready(ROLE)
    return installed


def kill(*pids: int) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def restarts_of(installed: Installed) -> int:
    """How often the pod's container was started again, as its owner sees it."""
    counted = installed.kubectl("get", "pod", ROLE, "-o", "jsonpath={.status.containerStatuses[0].restartCount}")
    return int(counted.output)


def goes_on(installed: Installed, earlier: dict[str, str]) -> None:
    """Everything is as it was: role, association, credentials, pods, and new pods get an identity."""
    installed.client("s3", earlier).list_buckets()
    assert installed.client("iam").get_role(RoleName=ROLE)["Role"]["Arn"].endswith(f":role/{ROLE}")
    listed = installed.client("eks").list_pod_identity_associations(clusterName=CLUSTER)["associations"]
    assert [one["serviceAccount"] for one in listed] == [ROLE]
    installed.wait_ready(ROLE)
    assert ask_agent(installed, ROLE).status == 200
    name = f"afterwards-{time.monotonic_ns()}"
    assert "created" in installed.apply(pod(name, ROLE)).output
    installed.wait_ready(name)
    assert ask_agent(installed, name).status == 200
    deleted = installed.kubectl("delete", "pod", name, "--wait=false")
    assert deleted.code == 0, deleted.output


@pytest.mark.parametrize("part", PARTS)
def test_a_part_is_killed(walked: Installed, part: str) -> None:
    earlier = credentials_of(walked, ROLE)
    uid = walked.kubectl("get", "pod", ROLE, "-o", "jsonpath={.metadata.uid}").output
    restarts = restarts_of(walked)
    killed = walked.pids()[part]
    kill(killed)
    up = walked.up()
    assert up.code == 0, up.output
    assert walked.pids()[part] not in (0, killed)
    goes_on(walked, earlier)
    assert walked.kubectl("get", "pod", ROLE, "-o", "jsonpath={.metadata.uid}").output == uid
    # nothing runs on without a supervisor: its parts end in order, and their pods with them; whatever else is killed, pods do not notice
    assert restarts_of(walked) == restarts + (part == "supervisor")


def test_everything_of_podid_is_killed_at_once(walked: Installed) -> None:
    """Containers have no parent in podid: they live on, and are taken up again or started again."""
    earlier = credentials_of(walked, ROLE)
    kill(*walked.pids().values())
    assert walked.podid("status").code == 1
    up = walked.up()
    assert up.code == 0, up.output
    again = walked.podid_json("env")
    assert {name: walked.environment[name] for name in again} == again, "ports that were chosen freely are kept"
    goes_on(walked, earlier)


def test_down_after_everything_was_killed_leaves_nothing(walked: Installed) -> None:
    kill(*walked.pids().values())
    assert walked.processes(), "containers and the node live on"
    down = walked.down()
    assert (down.code, down.output.strip().splitlines()[-1]) == (0, "podid is stopped")
    assert walked.processes() == []


def test_a_start_after_down_has_all_of_it_again(walked: Installed) -> None:
    up = walked.up()
    assert up.code == 0, up.output
    assert "roles, associations, keys and Kubernetes objects are as you left them" in up.output
    walked.wait_ready(ROLE)
    assert ask_agent(walked, ROLE).status == 200
    assert walked.down().code == 0
    assert walked.processes() == []
