"""What podid holds in memory when nothing happens: `podid serve`, before and after its first S3 call, and local mode with all its processes.

    .venv/bin/python bench/memory.py [--wait 8] [-o json]

Resident memory (RSS) is what `ps` shows; processes of one program share pages, so that the sum of many is told as proportional memory
(PSS), in which a page that two share counts half for each. Pods are not counted.
"""

from __future__ import annotations

import json
import tempfile
import time
from pathlib import Path

import boto3
import psutil
from gateway import installation as written
from load import free_port, wait_for
from local_mode import Installation
from processes import PODID, resident_mib, running
from table import CannotMeasure, Row, parser, run, tell

BUDGET = 120


def proportional_mib(process: psutil.Process) -> float:
    lines = Path(f"/proc/{process.pid}/smaps_rollup").read_text().splitlines()
    return sum(int(line.split()[1]) for line in lines if line.startswith("Pss:")) / 1024


def serve(folder: Path, wait: float) -> list[Row]:
    port = free_port()
    argv = (
        *PODID,
        "serve",
        "--home",
        str(folder / "serve"),
        "--port",
        str(port),
        "--installation",
        str(written(folder)),
    )
    with running(argv, folder / "serve.log", core=None) as process:
        wait_for(port, process)  # the first start makes the database, for which it imports more
    with running(argv, folder / "serve.log", core=None) as process:
        wait_for(port, process)
        time.sleep(wait)
        idle = resident_mib(process)
        key = json.loads((folder / "admin.json").read_bytes())
        given = {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}
        s3 = boto3.client("s3", endpoint_url=f"http://127.0.0.1:{port}", region_name="us-east-1", **given)
        s3.create_bucket(Bucket="bench")
        s3.list_buckets()
        time.sleep(1)
        used = resident_mib(process)
    return [
        Row(what="podid serve, idle", value=idle, unit="MiB", budget=f"≤ {BUDGET} MB", kept=idle * 1.048576 <= BUDGET),
        Row(what="podid serve, after calls of S3", value=used, unit="MiB", peer="moto's S3 is imported then"),
    ]


def local_mode(home: Path, wait: float) -> list[Row]:
    installation = Installation(home)
    try:
        installation.up()
        time.sleep(wait)
        parts = [process for process in installation.processes() if "PODID_CONTAINER" not in process.environ()]
        if not parts:
            raise CannotMeasure(
                "no process of podid's was found", "this needs Linux, and to run as the user who starts podid"
            )
        shares = [proportional_mib(process) for process in parts]
    finally:
        installation.down()
    return [
        Row(what=f"local mode, all {len(parts)} processes (PSS)", value=sum(shares), unit="MiB", peer="without pods")
    ]


def main() -> None:
    arguments = parser(__doc__)
    arguments.add_argument("--wait", type=float, default=8.0, help="seconds until it counts as idle (default: 8)")
    chosen = arguments.parse_args()
    with tempfile.TemporaryDirectory(prefix="podid-bench-") as folder:
        rows = serve(Path(folder), chosen.wait) + local_mode(Path(folder) / "home", chosen.wait)
        tell("memory", rows, chosen.output)


if __name__ == "__main__":
    run(main)
