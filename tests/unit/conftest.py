"""What several rooms' tests need."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from tests.unit.signed_server import Background


@pytest.fixture
def background() -> Iterator[Background]:
    made = Background()
    yield made
    made.close()
