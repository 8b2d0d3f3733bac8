"""The kubelet's rules that need nothing but values: expansion, images, fields, variables, tokens, back-off, probes, plans."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podid.localcluster.kubelet import backoff, images
from podid.localcluster.kubelet.container_plan import extra_rights, plan
from podid.localcluster.kubelet.environment import ConfigProblem, environment_of
from podid.localcluster.kubelet.expansion import expand
from podid.localcluster.kubelet.fields import FieldProblem, pod_field, quantity, resource_field
from podid.localcluster.kubelet.images import ImageNotAvailable
from podid.localcluster.kubelet.probes import Probe, Streak
from podid.localcluster.kubelet.tokens import refresh_at, refresh_due

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NO_JITTER = timedelta(0)
PODID = ("/venv/bin/podid",)


def make_pod(**spec: Any) -> dict[str, Any]:
    return {
        "metadata": {
            "name": "p",
            "namespace": "ns",
            "uid": "u-1",
            "labels": {"app": "x", "b": 'q"\n'},
            "annotations": {"a/b": "note"},
        },
        "spec": {"nodeName": "n", "serviceAccountName": "sa", "containers": [{"name": "c"}], **spec},
        "status": {"podIP": "10.88.0.2", "podIPs": [{"ip": "10.88.0.2"}, {"ip": "fd10:88::2"}], "hostIP": "10.88.0.1"},
    }


# -- expansion ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "expanded"),
    [
        ("$(A)", "1"),
        ("x$(A)y$(B)", "x1y2 $(A)"),
        ("$$(A)", "$(A)"),
        ("$$$(A)", "$1"),
        ("$(NONE)", "$(NONE)"),
        ("$A ${A} $", "$A ${A} $"),
        ("$(A", "$(A"),
        ("$()", "$()"),
    ],
)
def test_references_expand_once(text: str, expanded: str) -> None:
    assert expand(text, {"A": "1", "B": "2 $(A)"}) == expanded


@given(st.text())
def test_text_without_a_dollar_stays_as_it_is(text: str) -> None:
    plain = text.replace("$", "")
    assert expand(plain, {"A": "1"}) == plain


# -- images -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("image", "name"),
    [
        ("amazon/aws-cli", "amazon/aws-cli"),
        ("amazon/aws-cli:2.9.1", "amazon/aws-cli"),
        ("docker.io/amazon/aws-cli@sha256:00", "amazon/aws-cli"),
        ("public.ecr.aws/aws-cli/aws-cli:latest", "aws-cli/aws-cli"),
        ("localhost:5000/podid/podid:1", "podid/podid"),
        ("localhost/podid/podid", "podid/podid"),
        ("nginx:1.27", "nginx"),
        ("registry.example:5000/nginx", "nginx"),
    ],
)
def test_an_images_repository_is_its_name_without_registry_tag_and_digest(image: str, name: str) -> None:
    assert images.repository(image) == name


def test_what_an_image_runs() -> None:
    def run(image: str, **more: Any) -> tuple[str, ...]:
        return images.command_line({"image": image, **more}, PODID)

    assert run("public.ecr.aws/aws-cli/aws-cli", args=["s3", "ls"]) == ("aws", "s3", "ls")
    assert run("nginx", command=["sleep"], args=["1"]) == ("sleep", "1")
    assert run("podid/podid:1", args=["agent"]) == (*PODID, "agent")
    assert run("podid/podid:1", command=["podid", "agent"]) == (*PODID, "agent")
    assert run("podid/podid:1", command=["sh"]) == ("sh",)
    assert run("nginx", command=["podid"]) == ("podid",)
    with pytest.raises(ImageNotAvailable, match=r'image "nginx:1" is not pulled.*Give the container a `command`'):
        run("nginx:1", args=["-g"])


def test_only_podids_own_image_sees_podid() -> None:
    assert images.find("ghcr.io/podid/podid:1", PODID).own
    assert not images.find("amazon/aws-cli", PODID).own
    assert not images.find("evil/podid/podid", PODID).own


# -- fields -------------------------------------------------------------------------------------------------------------


def test_fields_of_a_pod() -> None:
    pod = make_pod()
    assert pod_field(pod, "metadata.name") == "p"
    assert pod_field(pod, "metadata.labels['app']") == "x"
    assert pod_field(pod, "metadata.labels['none']") == ""
    assert pod_field(pod, "metadata.annotations['a/b']") == "note"
    assert pod_field(pod, "metadata.labels") == 'app="x"\nb="q\\"\\n"'
    assert pod_field(pod, "status.podIPs") == "10.88.0.2,fd10:88::2"
    with pytest.raises(FieldProblem, match=r"unsupported fieldPath: spec\.containers"):
        pod_field(pod, "spec.containers")


def test_quantities_and_resources() -> None:
    assert quantity("500m") == quantity("0.5")
    assert quantity("1Ki") == 1024
    assert quantity("1e3") == 1000
    assert quantity("2G") == 2_000_000_000
    for bad in ("", "x", "1Q", "NaN", "Infinity"):
        with pytest.raises(FieldProblem):
            quantity(bad)
    container = {"resources": {"limits": {"cpu": "1500m", "memory": "64Mi"}, "requests": {"cpu": "100m"}}}
    assert resource_field(container, {"resource": "limits.cpu"}, {}) == "2"
    assert resource_field(container, {"resource": "limits.cpu", "divisor": "1m"}, {}) == "1500"
    assert resource_field(container, {"resource": "limits.memory", "divisor": "1Mi"}, {}) == "64"
    assert resource_field(container, {"resource": "requests.memory"}, {}) == "0"
    assert resource_field({}, {"resource": "limits.cpu"}, {"cpu": "2"}) == "2"
    with pytest.raises(FieldProblem):
        resource_field(container, {"resource": "hugepages"}, {})


# -- variables ----------------------------------------------------------------------------------------------------------

CONFIG = {"data": {"k": "from config", "LEVEL": "3"}, "binaryData": {"b": base64.b64encode(b"bin").decode()}}
SECRET = {"data": {"password": base64.b64encode(b"hidden").decode(), "broken": "%%"}}


def look(resource: str, name: str) -> dict[str, Any] | None:
    return {("configmaps", "conf"): CONFIG, ("secrets", "sec"): SECRET}.get((resource, name))


def variables(container: dict[str, Any]) -> dict[str, str]:
    return environment_of(container, make_pod(), {"AWS_REGION": "us-east-1"}, look, {"cpu": "2"})


def test_later_variables_win_and_may_use_earlier_ones() -> None:
    found = variables(
        {
            "envFrom": [{"configMapRef": {"name": "conf"}}, {"prefix": "S_", "secretRef": {"name": "sec"}}],
            "env": [
                {"name": "AWS_REGION", "value": "eu-west-1"},
                {"name": "URL", "value": "http://$(k)/$(LATER)/$(S_password)"},
                {"name": "LATER", "value": "x"},
                {"name": "EMPTY"},
                {"name": "IP", "valueFrom": {"fieldRef": {"fieldPath": "status.podIP"}}},
                {"name": "CPU", "valueFrom": {"resourceFieldRef": {"resource": "limits.cpu"}}},
                {"name": "KEY", "valueFrom": {"secretKeyRef": {"name": "sec", "key": "password"}}},
                {"name": "NO", "valueFrom": {"secretKeyRef": {"name": "none", "key": "x", "optional": True}}},
                {"name": "NEITHER", "valueFrom": {"configMapKeyRef": {"name": "conf", "key": "x", "optional": True}}},
            ],
        }
    )
    assert found == {
        "AWS_REGION": "eu-west-1",
        "k": "from config",
        "LEVEL": "3",
        "b": "bin",
        "S_password": "hidden",
        "URL": "http://from config/$(LATER)/hidden",
        "LATER": "x",
        "EMPTY": "",
        "IP": "10.88.0.2",
        "CPU": "2",
        "KEY": "hidden",
    }


@pytest.mark.parametrize(
    ("container", "text"),
    [
        ({"envFrom": [{"configMapRef": {"name": "no"}}]}, 'configmap "no" not found'),
        ({"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "no", "key": "k"}}}]}, 'secret "no" not found'),
        (
            {"env": [{"name": "A", "valueFrom": {"secretKeyRef": {"name": "sec", "key": "no"}}}]},
            "couldn't find key no in secret sec",
        ),
        ({"env": [{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "no"}}}]}, "unsupported fieldPath: no"),
    ],
)
def test_a_missing_source_says_which(container: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigProblem, match=text):
        variables(container)


# -- tokens -------------------------------------------------------------------------------------------------------------


def test_a_token_is_replaced_when_four_fifths_of_its_life_are_over() -> None:
    issued, expires = NOW, NOW + timedelta(hours=1)
    due = refresh_at(issued, expires, NO_JITTER)
    assert due == NOW + timedelta(minutes=48)
    assert not refresh_due(due, issued, expires, NO_JITTER)
    assert refresh_due(due + timedelta(microseconds=1), issued, expires, NO_JITTER)
    assert refresh_due(due - timedelta(seconds=4), issued, expires, timedelta(seconds=5))


def test_a_long_token_is_replaced_after_a_day() -> None:
    assert refresh_at(NOW, NOW + timedelta(days=365), NO_JITTER) == NOW + timedelta(days=1)


def test_a_token_from_the_future_is_replaced() -> None:
    assert refresh_due(NOW - timedelta(seconds=1), NOW, NOW + timedelta(hours=1), NO_JITTER)


# -- back-off -----------------------------------------------------------------------------------------------------------


def test_waits_double_to_five_minutes_and_are_forgiven_after_ten() -> None:
    waits = [backoff.next_delay(0, 1)]
    for _ in range(6):
        waits.append(backoff.next_delay(waits[-1], 1))
    assert waits == [10, 20, 40, 80, 160, 300, 300]
    assert backoff.next_delay(300, 600) == 0
    assert backoff.next_delay(300, 599.9) == 300


# -- probes -------------------------------------------------------------------------------------------------------------


def test_an_opinion_changes_at_its_threshold_only() -> None:
    probe = Probe.read({"httpGet": {}, "failureThreshold": 3, "successThreshold": 2})
    streak = Streak()
    seen = []
    for good in (True, True, False, False, True, False, False, False, True, True):
        streak = streak.after(good, probe)
        seen.append(streak.verdict)
    assert seen == [None, True, True, True, True, True, True, False, False, True]


def test_zeros_in_a_probe_mean_the_defaults() -> None:
    probe = Probe.read({"exec": {}, "periodSeconds": 0, "timeoutSeconds": None, "failureThreshold": 0})
    assert (probe.period, probe.timeout, probe.failures, probe.successes, probe.initial_delay) == (10, 1, 3, 1, 0)


# -- plans --------------------------------------------------------------------------------------------------------------

VOLUMES = {"v": Path("/pods/u-1/volumes/v"), "e": Path("/pods/u-1/volumes/e")}


def planned(container: dict[str, Any], **spec: Any) -> Any:
    full = {"name": "c", "image": "x", "command": ["run"], **container}
    pod = make_pod(containers=[full], volumes=[{"name": "v", "secret": {}}, {"name": "e", "emptyDir": {}}], **spec)
    return plan(
        full, pod, attempt=2, base={"B": "1"}, lookup=look, allocatable={}, podid=PODID, volume=VOLUMES, log=Path("/l")
    )


def test_a_plan_has_the_manifests_words_expanded() -> None:
    made = planned({"command": ["sh", "-c", "$(A)"], "args": ["$$(A)"], "env": [{"name": "A", "value": "a$(B)"}]})
    assert made.argv == ("sh", "-c", "a1", "$(A)")
    assert (made.attempt, made.user, made.group, made.groups, made.own) == (2, 0, 0, (), False)


def test_a_containers_security_context_is_over_the_pods() -> None:
    made = planned(
        {"securityContext": {"runAsUser": 7, "capabilities": {"drop": ["ALL"]}}},
        securityContext={"runAsUser": 1, "runAsGroup": 2, "fsGroup": 3, "supplementalGroups": [4]},
    )
    assert (made.user, made.group, made.groups, made.drop_capabilities) == (7, 2, (4, 3), ("ALL",))


def test_only_an_emptydir_may_be_written() -> None:
    mounts = planned(
        {
            "volumeMounts": [
                {"name": "v", "mountPath": "/var/run/x/"},
                {"name": "e", "mountPath": "/e", "subPathExpr": "$(B)/deep"},
                {"name": "e", "mountPath": "/f", "readOnly": True},
            ]
        }
    ).mounts
    assert [(mount.target, mount.sub_path, mount.read_only) for mount in mounts] == [
        ("/var/run/x", "", True),
        ("/e", "1/deep", False),
        ("/f", "", True),
    ]


@pytest.mark.parametrize(
    ("container", "text"),
    [
        ({"volumeMounts": [{"name": "v", "mountPath": "/"}]}, "cannot be mounted over /"),
        ({"volumeMounts": [{"name": "v", "mountPath": "/usr/"}]}, "cannot be mounted over /usr"),
        ({"volumeMounts": [{"name": "v", "mountPath": "/a/../etc"}]}, r"must not contain"),
        ({"volumeMounts": [{"name": "no", "mountPath": "/a"}]}, "names no volume of the pod"),
        ({"volumeMounts": [{"name": "v", "mountPath": "/a", "subPath": "../x"}]}, "must be a relative path"),
        ({"volumeMounts": [{"name": "v", "mountPath": "/a", "subPath": "/x"}]}, "must be a relative path"),
        ({"securityContext": {"runAsNonRoot": True}}, "runAsNonRoot"),
    ],
)
def test_a_manifest_that_cannot_be_done_says_why(container: dict[str, Any], text: str) -> None:
    with pytest.raises(ConfigProblem, match=text):
        planned(container)


def test_rights_that_are_never_given_are_named() -> None:
    assert extra_rights({"securityContext": {"privileged": True}}) == "privileged"
    assert extra_rights({"securityContext": {"capabilities": {"add": ["CAP_NET_BIND_SERVICE"]}}}) == ""
    assert (
        extra_rights({"securityContext": {"capabilities": {"add": ["SYS_ADMIN", "net_admin"]}}})
        == "capabilities NET_ADMIN, SYS_ADMIN"
    )
