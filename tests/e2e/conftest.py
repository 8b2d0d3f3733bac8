"""End-to-end: a person's commands against installations that `podid up` started. Nothing of podid is replaced.

Most tests share one installation. PODID_E2E_ISOLATION chooses how pods are kept apart (namespaces or process; default: what podid chooses).
"""

from __future__ import annotations

import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from tests.e2e.background import Background, demos
from tests.e2e.installed import Installed

from podid.local.tools import find_tools
from podid.localcluster.isolation.choose import try_namespaces


@pytest.fixture(scope="session")
def isolation() -> str:
    """`auto`, `namespaces` or `process`."""
    wished = os.environ.get("PODID_E2E_ISOLATION", "auto")
    if wished == "namespaces" and (trial := try_namespaces()).refused:
        pytest.skip(f"this host gives no namespaces: {trial.refused} {trial.text}")
    return wished


@pytest.fixture(scope="session")
def pod_tools() -> Path:
    """The folder with podid's own `aws`, as pods have it; kubectl is there too, or the tests are skipped."""
    tools = find_tools(lambda _: None)
    if tools.missing:
        pytest.skip(f"needs the real {' and '.join(tools.missing)}")
    return tools.pod_aws / "bin"


@pytest.fixture(scope="session")
def install(isolation: str, pod_tools: Path) -> Iterator[Callable[[], Installed]]:
    """Makes a home that is not started yet; at the end all are stopped and removed. Paths are short: sockets lie in them."""
    made: list[Installed] = []

    def make() -> Installed:
        folder = Path(tempfile.mkdtemp(prefix="podid-e2e-"))
        made.append(Installed(folder, isolation))
        return made[-1]

    yield make
    for one in made:
        one.podid("down")
        shutil.rmtree(one.folder, ignore_errors=True)


@pytest.fixture(scope="session")
def shared(install: Callable[[], Installed]) -> Installed:
    """The installation that most tests share."""
    installed = install()
    up = installed.up()
    assert up.code == 0, up.output
    return installed


@pytest.fixture(scope="module")
def with_agent(shared: Installed) -> Installed:
    """The shared installation, with the add-on."""
    shared.have_addon()
    return shared


@pytest.fixture(scope="session")
def curl() -> None:
    """Pods see the host's programs: some tests ask the agent with curl there."""
    if shutil.which("curl", path="/usr/bin:/bin") is None:
        pytest.skip("needs curl")


@pytest.fixture(scope="session", autouse=True)
def background(request: pytest.FixtureRequest) -> Iterator[Background]:
    """`podid demo` takes its time: where a test wants to see it, it plays beside the other tests from the beginning."""
    playing = demos(os.environ.get("PODID_E2E_ISOLATION", "auto"))
    alone = (
        "PYTEST_XDIST_WORKER" not in os.environ
    )  # else other workers are what plays beside, and only one sees the demo
    if alone and any(item.path.stem.endswith("_demo") for item in request.session.items):
        playing.start()
    yield playing
    playing.stop()
