"""What is half imported counts as not imported: another thread may be in the middle of it."""

from __future__ import annotations

import importlib
import sys
from pathlib import Path

import pytest

from podid.gateway.loaded import loaded


def test_a_module_is_there_once_its_code_has_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "podid_half_there.py").write_text(
        "from podid.gateway.loaded import loaded\nSEEN_BY_ITSELF = loaded(__name__)\n"
    )
    monkeypatch.syspath_prepend(str(tmp_path))
    assert loaded("podid_half_there") is None
    module = importlib.import_module("podid_half_there")
    try:
        assert module.SEEN_BY_ITSELF is None
        assert loaded("podid_half_there") is module
    finally:
        del sys.modules["podid_half_there"]
