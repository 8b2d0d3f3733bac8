"""Every SDK, and both versions of AWS CLI, in pods of a running podid: each is who its association says, in namespaces and as a plain process.

What a pod runs is put into an emptyDir of it with `kubectl exec` and tar, as `kubectl cp` does: a pod in namespaces sees nothing else of ours.
"""

from __future__ import annotations

import io
import os
import re
import shutil
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.e2e.installed import CLUSTER, Installed, allow, pod, service_account, trust
from tests.sdks.programs import SDKS, built

from podid.local.tools import _copy_distribution, _with_requirements, find_tools
from podid.localcluster.isolation.choose import try_namespaces

pytestmark = [
    pytest.mark.sdks,
    pytest.mark.tools,
    pytest.mark.skipif(os.environ.get("PODID_SDKS") != "1", reason="set PODID_SDKS=1: it downloads and builds SDKs"),
]

_WORK = "/work"
_JAVA = 'exec java -cp "target/classes:$(ls -d jars/*.jar | tr "\\n" :)" podid.Main'
COMMANDS = {
    "go": "exec ./sdk {arguments}",
    "javascript": "exec node main.mjs {arguments}",
    "java": _JAVA + " {arguments}",
    "boto3": 'exec /usr/bin/python3 -c \'import boto3, json; print(json.dumps(dict(arn=boto3.client("sts").get_caller_identity()["Arn"])))\'',
    "aws v1": "exec /usr/bin/python3 -m awscli sts get-caller-identity --query '{{arn: Arn}}'",
    "aws v2": "exec aws sts get-caller-identity --query '{{arn: Arn}}'",
}
"""What a pod runs, in its folder."""


@pytest.fixture(scope="module", params=["namespaces", "process"])
def installed(request: pytest.FixtureRequest) -> Iterator[Installed]:
    if request.param == "namespaces" and (trial := try_namespaces()).refused:
        pytest.skip(f"this host gives no namespaces: {trial.refused} {trial.text}")
    if (tools := find_tools(lambda _: None)).missing:
        pytest.skip(f"needs the real {' and '.join(tools.missing)}")
    folder = Path(tempfile.mkdtemp(prefix="podid-sdks-"))
    made = Installed(folder, request.param)
    up = made.up()
    assert up.code == 0, up.output
    made.have_addon()
    yield made
    down = made.down()
    shutil.rmtree(folder)
    assert down.code == 0, down.output


@pytest.mark.parametrize("name", COMMANDS)
def test_it_is_who_its_association_says(installed: Installed, name: str) -> None:
    files = _files(name)
    who = re.sub("[^a-z0-9]", "-", name)
    role = installed.make_role(who, trust(), allow("*"))
    installed.associate(who, role)
    made = pod(who)
    made["spec"]["volumes"] = [{"name": "work", "emptyDir": {}}]
    container = made["spec"]["containers"][0]
    container["volumeMounts"] = [{"name": "work", "mountPath": _WORK}]
    container["env"] = [{"name": "PYTHONPATH", "value": f"{_WORK}/lib"}]
    applied = installed.apply(service_account(who), made)
    assert applied.code == 0, applied.output
    installed.wait_ready(who)
    _put(installed, who, files)
    run = COMMANDS[name].format(arguments=f"{CLUSTER} {role}")
    done = installed.exec(who, f"cd {_WORK} && {run}")
    assert done.code == 0, done.output
    expected = rf"arn:aws:sts::{installed.account}:assumed-role/{who}/eks-{CLUSTER}-{who}-[0-9a-f-]{{36}}"
    assert re.search(rf'"arn": ?"{expected}"', done.output), (
        done.output
    )  # some warn of this and that on the other stream
    installed.kubectl("delete", "pod", who)


def _files(name: str) -> bytes:
    """A tar archive of what the pod needs beside what it sees of the host."""
    archive = io.BytesIO()
    with tarfile.open(fileobj=archive, mode="w:gz", compresslevel=1) as tar:
        if name in SDKS:
            folder = built(name)
            tar.add(folder, ".")
            if name == "java":
                for jar in (folder / "classpath.txt").read_text().strip().split(":"):
                    tar.add(jar, f"jars/{Path(jar).name}")
        elif name != "aws v2":
            with tempfile.TemporaryDirectory() as scratch:
                for package in _with_requirements({"boto3": "boto3", "aws v1": "awscli"}[name]):
                    _copy_distribution(package, Path(scratch))
                tar.add(scratch, "lib", filter=_without_other_services)
    return archive.getvalue()


def _without_other_services(entry: tarfile.TarInfo) -> tarfile.TarInfo | None:
    """botocore's models of services that are not asked, and the manual's examples, are most of its size."""
    service = re.search(r"/botocore/data/([^/.]+)$", entry.name)
    unneeded = (
        service and service[1] not in ("sts", "sso", "sso-oidc", "signin") and "awscli" not in entry.name
    ) or entry.name.endswith(("/examples", "/topics"))
    return None if unneeded else entry


def _put(installed: Installed, name: str, archive: bytes) -> None:
    kubectl = shutil.which("kubectl", path=installed.environment["PATH"])
    assert kubectl is not None
    done = subprocess.run(
        (kubectl, "exec", "-i", name, "--", "tar", "xzf", "-", "-C", _WORK, "--no-same-owner"),
        env=installed.environment,
        input=archive,
        capture_output=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr.decode()
