"""Volumes: what they hold, how they change, and that a reader never sees half a change."""

from __future__ import annotations

import base64
import stat
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from podid.localcluster.kubelet import atomic_writer, sub_paths
from podid.localcluster.kubelet.atomic_writer import File
from podid.localcluster.kubelet.volumes import VolumeProblem, Volumes
from podid.localcluster.ports import Issued, Object

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)


class Tokens:
    """Issues `token-1`, `token-2`, …, or fails when told to."""

    def __init__(self) -> None:
        self.asked: list[dict[str, Any]] = []
        self.problem: Exception | None = None
        self.now = NOW

    def issue(
        self,
        *,
        namespace: str,
        service_account: str,
        audiences: Sequence[str],
        expiration_seconds: int,
        pod: Object | None,
    ) -> Issued:
        if self.problem is not None:
            raise self.problem
        assert pod is not None
        self.asked.append({"namespace": namespace, "service_account": service_account, "audiences": list(audiences)})
        return Issued(f"token-{len(self.asked)}", self.now + timedelta(seconds=expiration_seconds))


OBJECTS: dict[tuple[str, str], Object] = {
    ("configmaps", "conf"): {"data": {"a": "1", "b": "2"}},
    ("secrets", "sec"): {"data": {"key": base64.b64encode(b"hidden").decode()}},
}


def look(resource: str, name: str) -> Object | None:
    return OBJECTS.get((resource, name))


def make_pod(volume: dict[str, Any], **spec: Any) -> Object:
    return {
        "metadata": {"name": "p", "namespace": "ns", "uid": "u", "labels": {"app": "x"}},
        "spec": {
            "serviceAccountName": "sa",
            "containers": [{"name": "c", "resources": {"limits": {"cpu": "2"}}}],
            "volumes": [{"name": "v", **volume}],
            **spec,
        },
    }


IDENTITY = {
    "projected": {
        "sources": [
            {
                "serviceAccountToken": {
                    "audience": "pods.eks.amazonaws.com",
                    "expirationSeconds": 86400,
                    "path": "deep/token",
                }
            }
        ]
    }
}


class Case:
    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tokens = Tokens()
        self.handed: list[tuple[str, int, int]] = []
        self.volumes = Volumes(
            folder, self.tokens, lambda path, user, group: self.handed.append((path.name, user, group))
        )

    def refresh(self, pod: Object, now: datetime = NOW) -> datetime | None:
        self.tokens.now = now
        return self.volumes.refresh(pod, look, {}, now)

    def read(self, name: str) -> str:
        return (self.folder / "v" / name).read_text()


@pytest.fixture
def case(tmp_path: Path) -> Case:
    return Case(tmp_path / "volumes")


def test_a_projected_token_is_kept_until_it_is_due(case: Case) -> None:
    pod = make_pod(IDENTITY)
    due = case.refresh(pod)
    assert case.read("deep/token") == "token-1"
    assert case.tokens.asked == [{"namespace": "ns", "service_account": "sa", "audiences": ["pods.eks.amazonaws.com"]}]
    assert due is not None
    assert NOW + timedelta(seconds=69110) <= due <= NOW + timedelta(seconds=69120)
    case.refresh(pod, due)
    assert case.read("deep/token") == "token-1"
    case.refresh(pod, due + timedelta(seconds=1))
    assert case.read("deep/token") == "token-2"


def test_a_token_serves_on_while_there_is_no_other_until_it_has_expired(case: Case) -> None:
    pod = make_pod(IDENTITY)
    case.refresh(pod)
    case.tokens.problem = RuntimeError("the API is away")
    case.refresh(pod, NOW + timedelta(hours=23))
    assert case.read("deep/token") == "token-1"
    with pytest.raises(VolumeProblem, match='volume "v": failed to fetch token: the API is away'):
        case.refresh(pod, NOW + timedelta(hours=24))


def test_no_first_token_is_a_problem(case: Case) -> None:
    case.tokens.problem = RuntimeError("no")
    with pytest.raises(VolumeProblem):
        case.refresh(make_pod(IDENTITY))


def test_the_api_access_volume_has_its_three_files(case: Case) -> None:
    sources = [
        {"serviceAccountToken": {"expirationSeconds": 3607, "path": "token"}},
        {"configMap": {"name": "conf", "items": [{"key": "a", "path": "ca.crt"}]}},
        {"downwardAPI": {"items": [{"path": "namespace", "fieldRef": {"fieldPath": "metadata.namespace"}}]}},
    ]
    case.refresh(make_pod({"projected": {"defaultMode": 0o644, "sources": sources}}))
    assert (case.read("token"), case.read("ca.crt"), case.read("namespace")) == ("token-1", "1", "ns")
    assert case.tokens.asked[0]["audiences"] == []


def test_config_secret_and_downward_volumes(case: Case) -> None:
    case.refresh(make_pod({"configMap": {"name": "conf"}}))
    assert (case.read("a"), case.read("b")) == ("1", "2")
    case.refresh(make_pod({"secret": {"secretName": "sec", "items": [{"key": "key", "path": "x/y", "mode": 0o400}]}}))
    assert case.read("x/y") == "hidden"
    assert stat.S_IMODE((case.folder / "v" / "x" / "y").stat().st_mode) == 0o400
    assert not (case.folder / "v" / "a").is_symlink()
    items = [
        {"path": "labels", "fieldRef": {"fieldPath": "metadata.labels"}},
        {"path": "cpu", "resourceFieldRef": {"containerName": "c", "resource": "limits.cpu"}},
    ]
    case.refresh(make_pod({"downwardAPI": {"items": items}}))
    assert (case.read("labels"), case.read("cpu")) == ('app="x"', "2")


@pytest.mark.parametrize(
    ("volume", "text"),
    [
        ({"hostPath": {"path": "/"}}, "hostPath is refused"),
        ({"nfs": {"server": "x"}}, "volumes of kind nfs are not supported"),
        ({"configMap": {"name": "no"}}, 'configmap "no" not found'),
        ({"secret": {"secretName": "no"}}, 'secret "no" not found'),
        (
            {"configMap": {"name": "conf", "items": [{"key": "z", "path": "z"}]}},
            "references non-existent config key: z",
        ),
        ({"configMap": {"name": "conf", "items": [{"key": "a", "path": "../a"}]}}, "is not a path inside a volume"),
    ],
)
def test_what_cannot_be_set_up_says_why(case: Case, volume: dict[str, Any], text: str) -> None:
    with pytest.raises(VolumeProblem, match=text):
        case.refresh(make_pod(volume))


def test_optional_sources_may_be_missing(case: Case) -> None:
    case.refresh(make_pod({"configMap": {"name": "no", "optional": True}}))
    assert [path.name for path in (case.folder / "v").iterdir() if not path.name.startswith("..")] == []


def test_files_belong_to_the_one_user_of_the_pod(case: Case) -> None:
    case.refresh(make_pod(IDENTITY, securityContext={"runAsUser": 1000, "fsGroup": 2000}))
    assert ("token", 1000, 2000) in case.handed
    assert stat.S_IMODE((case.folder / "v" / "deep" / "token").stat().st_mode) == 0o600


def test_an_emptydir_keeps_what_is_written(case: Case) -> None:
    pod = make_pod({"emptyDir": {}})
    case.refresh(pod)
    (case.folder / "v" / "x").write_text("kept")
    case.refresh(pod)
    assert case.read("x") == "kept"
    assert stat.S_IMODE((case.folder / "v").stat().st_mode) == 0o777


# -- the atomic writer --------------------------------------------------------------------------------------------------


def test_the_layout_is_the_one_that_programs_watch(tmp_path: Path) -> None:
    assert atomic_writer.write(tmp_path, {"token": File(b"1"), "d/e": File(b"2")}, NOW)
    data = (tmp_path / "..data").readlink()
    assert str(data).startswith("..2026_01_02_03_04_05.")
    assert (tmp_path / "token").readlink() == Path("..data/token")
    assert (tmp_path / "d").readlink() == Path("..data/d")
    assert (tmp_path / "d" / "e").read_bytes() == b"2"
    assert not atomic_writer.write(tmp_path, {"token": File(b"1"), "d/e": File(b"2")}, NOW)
    assert (tmp_path / "..data").readlink() == data


def test_a_change_replaces_all_at_once_and_leaves_no_old_folder(tmp_path: Path) -> None:
    atomic_writer.write(tmp_path, {"a": File(b"1"), "b": File(b"1")}, NOW)
    held = (tmp_path / "..data").resolve()
    assert atomic_writer.write(tmp_path, {"a": File(b"2")}, NOW + timedelta(seconds=1))
    assert sorted(path.name for path in tmp_path.iterdir() if not path.name.startswith("..2")) == ["..data", "a"]
    assert len(list(tmp_path.glob("..2*"))) == 1
    assert not held.exists()


def test_a_change_of_mode_is_a_change(tmp_path: Path) -> None:
    atomic_writer.write(tmp_path, {"a": File(b"1")}, NOW)
    assert atomic_writer.write(tmp_path, {"a": File(b"1", 0o600)}, NOW)


@pytest.mark.parametrize("path", ["", "/a", "../a", "a/../b", "..data", "..x/y"])
def test_paths_that_leave_the_volume_are_refused(tmp_path: Path, path: str) -> None:
    with pytest.raises(ValueError, match="is not a path inside a volume"):
        atomic_writer.write(tmp_path, {path: File(b"x")}, NOW)


def test_a_file_does_not_show_its_content() -> None:
    assert "hidden" not in repr(File(b"hidden"))


# -- sub paths ----------------------------------------------------------------------------------------------------------


def test_a_sub_path_is_made_but_no_link_is_followed(tmp_path: Path) -> None:
    volume, outside = tmp_path / "volume", tmp_path / "outside"
    volume.mkdir()
    outside.mkdir()
    sub_paths.make(volume, "a/b")
    assert (volume / "a" / "b").is_dir()
    (volume / "link").symlink_to(outside)
    sub_paths.make(volume, "link/made")
    assert list(outside.iterdir()) == []
