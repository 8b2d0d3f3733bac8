"""How long a person waits: `podid up` until it is ready, `podid down`, and `podid demo` whole; and what the machine spends on it.

    .venv/bin/python bench/local_mode.py [--rounds 3] [--no-demo] [-o json]

In homes of its own. The second start is what counts: keys, certificates and the database are there, an add-on and an association are kept,
as after the walk-through. Times are by the clock, so this wants a quiet machine; processor time of all processes until ready stands beside.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import tempfile
import time
from pathlib import Path
from typing import Any

import psutil
from processes import PODID
from table import CannotMeasure, Row, parser, run, tell

TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Effect": "Allow",
            "Principal": {"Service": "pods.eks.amazonaws.com"},
            "Action": ["sts:AssumeRole", "sts:TagSession"],
        }
    ],
}


class Installation:
    """One home, started and stopped as a person does it."""

    def __init__(self, home: Path) -> None:
        self._home = home
        self.environment = {**os.environ, "PODID_HOME": str(home)}

    def podid(self, *arguments: str) -> tuple[float, str]:
        """Run one command; seconds it took, and its standard output. Raises CannotMeasure where it fails."""
        began = time.perf_counter()
        ran = subprocess.run([*PODID, *arguments], env=self.environment, capture_output=True, text=True, timeout=180)
        took = time.perf_counter() - began
        if ran.returncode != 0:
            raise CannotMeasure(
                f"podid {' '.join(arguments)} failed: {ran.stderr.strip()[-500:]}", "try it by hand; see: podid logs"
            )
        return took, ran.stdout

    def up(self) -> float:
        return self.podid("up", "--detach", "--port", "0")[0]

    def down(self) -> float:
        return self.podid("down")[0]

    def processes(self) -> list[psutil.Process]:
        """Everything of podid's that runs in this home."""
        found = []
        for process in psutil.process_iter():
            try:
                if process.environ().get("PODID_HOME") == str(self._home):
                    found.append(process)
            except (psutil.Error, OSError):
                continue
        return found

    def cpu_seconds(self) -> float:
        return sum(times.user + times.system for times in (process.cpu_times() for process in self.processes()))

    def client(self, service: str) -> Any:
        import boto3

        values = json.loads(self.podid("env", "-o", "json")[1])
        return boto3.client(
            service,
            endpoint_url=values["AWS_ENDPOINT_URL"],
            region_name=values["AWS_REGION"],
            aws_access_key_id=values["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=values["AWS_SECRET_ACCESS_KEY"],
        )

    def furnish(self) -> None:
        """What the walk-through leaves: the add-on, ACTIVE, a role, an association."""
        eks = self.client("eks")
        role = self.client("iam").create_role(RoleName="bench", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]
        eks.create_pod_identity_association(
            clusterName="eksdemo1", namespace="default", serviceAccount="app", roleArn=role["Arn"]
        )
        eks.create_addon(clusterName="eksdemo1", addonName="eks-pod-identity-agent")
        eks.get_waiter("addon_active").wait(
            clusterName="eksdemo1", addonName="eks-pod-identity-agent", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
        )


def starts(home: Path, rounds: int) -> list[Row]:
    installation = Installation(home)
    try:
        first = installation.up()
        installation.furnish()
        ups, downs, spent = [], [], []
        for _ in range(rounds):
            downs.append(installation.down())
            ups.append(installation.up())
            spent.append(installation.cpu_seconds())
    finally:
        installation.podid("down")
    second = statistics.median(ups)
    return [
        Row(what="podid up, the first start", value=first, unit="s", peer="makes keys, certificates and the database"),
        Row(
            what="podid up, the second start",
            value=second,
            unit="s",
            peer=f"{min(ups):.2f} to {max(ups):.2f} s in {rounds} rounds",
            budget="≤ 1.5 s",
            kept=second <= 1.5,
        ),
        Row(what="processor time of all processes then", value=statistics.median(spent), unit="s"),
        Row(what="podid down", value=statistics.median(downs), unit="s", peer="with the agent's pod running"),
    ]


def demo(home: Path) -> list[Row]:
    told = json.loads(Installation(home).podid("demo", "-o", "json")[1])
    whole, own = told["seconds"], told["own_seconds"]
    return [
        Row(what="podid demo", value=whole, unit="s", budget="≤ 25 s", kept=whole <= 25),
        Row(
            what="podid's own share of it",
            value=own,
            unit="s",
            peer=f"the rest is the start of aws and kubectl: {told['tool_seconds']:.1f} s",
            budget="≤ 8 s",
            kept=own <= 8,
        ),
    ]


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--rounds", type=int, default=3, help="second starts (default: 3)")
    arguments.add_argument("--no-demo", action="store_true", help="leave podid demo out")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="podid-bench-") as folder:
        rows = starts(Path(folder) / "home", chosen.rounds)
        if not chosen.no_demo:
            rows += demo(Path(folder) / "demo")
        tell("local_mode", rows, chosen.output)


if __name__ == "__main__":
    run(main)
