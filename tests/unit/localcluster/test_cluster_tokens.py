"""The administrator's token: told, and replaced while the cluster runs."""

from __future__ import annotations

import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

from podid.localcluster.preparing import prepare, read_tokens, renew_administrator_token


def test_a_new_token_counts_at_once_and_the_old_one_no_more(start: Callable[..., Any]) -> None:
    running = start()
    files = running.cluster.files
    old = read_tokens(files)

    def status(token: str) -> int:
        return int(running.request("GET", "/api/v1/namespaces", token=token)[0])

    assert status(old.administrator) == 200
    renew_administrator_token(files)
    prepare(files.folder, cluster_name="eksdemo1", port=running.port)
    new = read_tokens(files)
    assert new.administrator != old.administrator
    assert (status(new.administrator), status(old.administrator), status(new.serve)) == (200, 401, 200)
    assert new.administrator in files.kubeconfig.read_text()
    assert stat.S_IMODE(files.tokens.stat().st_mode) == 0o600


def test_a_spoilt_file_leaves_the_tokens_as_they_were(start: Callable[..., Any]) -> None:
    running = start()
    tokens: Path = running.cluster.files.tokens
    token = read_tokens(running.cluster.files).administrator
    tokens.write_text("{")
    assert running.request("GET", "/api/v1/namespaces", token=token)[0] == 200
