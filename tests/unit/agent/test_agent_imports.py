"""The agent and IMDS stay lean: what they must never load, they do not load."""

from __future__ import annotations

import subprocess
import sys

HEAVY = {
    "botocore",
    "boto3",
    "moto",
    "sqlalchemy",
    "starlette",
    "uvicorn",
    "lightkube",
    "typer",
    "cryptography",
    "alembic",
}


def test_neither_agent_nor_imds_loads_anything_heavy() -> None:
    program = (
        "import sys, podid.agent.server, podid.agent.initialize, podid.imds.serve\n"
        "print(' '.join(sorted({name.partition('.')[0] for name in sys.modules})))"
    )
    loaded = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True).stdout.split()
    assert "podid" in loaded
    assert HEAVY.isdisjoint(loaded)
