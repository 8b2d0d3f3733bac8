"""One endpoint for all conformance tests: they keep out of each other's way by names."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.conformance.api_server import ApiServer
from tests.conformance.endpoint import Endpoint, Key


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Endpoint]:
    """A running `podid serve`."""
    served = Endpoint(tmp_path_factory.mktemp("conformance"))
    served.start()
    yield served
    assert served.stop() == 0


@pytest.fixture(scope="session")
def role(endpoint: Endpoint) -> str:
    """A role that trusts Pod Identity."""
    return endpoint.role("conformance")


@pytest.fixture(scope="session")
def powerless(endpoint: Endpoint) -> Key:
    """A user without any policy."""
    return endpoint.user("powerless")


@pytest.fixture(scope="session")
def api_server(endpoint: Endpoint, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApiServer]:
    """The API server of the first cluster."""
    served = ApiServer(endpoint, tmp_path_factory.mktemp("cluster"))
    try:
        served.start()
        yield served
    finally:
        served.stop()
