"""The values Kubernetes stores where a manifest says nothing, and the texts with which it refuses."""

from __future__ import annotations

import copy
from typing import Any

import pytest

from podid.localcluster.objects.conform import conform
from podid.localcluster.objects.defaults import apply_defaults
from podid.localcluster.objects.errors import Invalid
from podid.localcluster.objects.kinds import BY_RESOURCE
from podid.localcluster.objects.pod_defaults import quality_of_service
from podid.localcluster.objects.validation import validate_new, validate_update
from podid.localcluster.ports import Object


def pod(**spec: Any) -> Object:
    containers = spec.pop("containers", [{"name": "c", "image": "x"}])
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default"},
        "spec": {"containers": containers, **spec},
    }


def daemonset(**spec: Any) -> Object:
    template = {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "c", "image": "x"}]}}
    return {
        "apiVersion": "apps/v1",
        "kind": "DaemonSet",
        "metadata": {"name": "d", "namespace": "default"},
        "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": template, **spec},
    }


def webhooks(**webhook: Any) -> Object:
    base = {
        "name": "a.example.com",
        "clientConfig": {"url": "https://127.0.0.1:1/mutate"},
        "sideEffects": "None",
        "admissionReviewVersions": ["v1"],
        "rules": [{"operations": ["CREATE"], "apiGroups": [""], "apiVersions": ["v1"], "resources": ["pods"]}],
    }
    return {"metadata": {"name": "w"}, "webhooks": [{**base, **webhook}]}


def settled(resource: str, obj: Object) -> Object:
    found, unknown = conform(obj, BY_RESOURCE[resource])
    assert unknown == []
    apply_defaults(resource, found)
    return found


def refused(resource: str, obj: Object) -> str:
    with pytest.raises(Invalid) as caught:
        validate_new(BY_RESOURCE[resource], settled(resource, obj))
    return caught.value.public


def test_defaults_of_a_pod() -> None:
    spec = settled("pods", pod(volumes=[{"name": "v"}], serviceAccount="old"))["spec"]
    assert spec == {
        "containers": [
            {
                "name": "c",
                "image": "x",
                "imagePullPolicy": "Always",
                "resources": {},
                "terminationMessagePath": "/dev/termination-log",
                "terminationMessagePolicy": "File",
            }
        ],
        "volumes": [{"name": "v", "emptyDir": {}}],
        "dnsPolicy": "ClusterFirst",
        "enableServiceLinks": True,
        "preemptionPolicy": "PreemptLowerPriority",
        "priority": 0,
        "restartPolicy": "Always",
        "schedulerName": "default-scheduler",
        "securityContext": {},
        "serviceAccount": "old",
        "serviceAccountName": "old",
        "terminationGracePeriodSeconds": 30,
    }


@pytest.mark.parametrize(
    ("image", "policy"),
    [
        ("x", "Always"),
        ("x:latest", "Always"),
        ("x:1", "IfNotPresent"),
        ("r:5000/x", "Always"),
        ("x@sha256:00", "IfNotPresent"),
    ],
)
def test_the_pull_policy_follows_the_tag(image: str, policy: str) -> None:
    found = settled("pods", pod(containers=[{"name": "c", "image": image}]))
    assert found["spec"]["containers"][0]["imagePullPolicy"] == policy


def test_defaults_of_probes_ports_and_projections() -> None:
    container = {
        "name": "c",
        "image": "x:1",
        "ports": [{"containerPort": 80}],
        "livenessProbe": {"httpGet": {"port": 80}, "periodSeconds": 0},
        "env": [{"name": "N", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
        "resources": {"limits": {"cpu": "1"}},
    }
    token = {"projected": {"sources": [{"serviceAccountToken": {"path": "t"}}]}}
    spec = settled("pods", pod(containers=[container], hostNetwork=True, volumes=[{"name": "v", **token}]))["spec"]
    found = spec["containers"][0]
    assert found["ports"] == [{"containerPort": 80, "hostPort": 80, "protocol": "TCP"}]
    assert found["livenessProbe"] == {
        "httpGet": {"port": 80, "path": "/", "scheme": "HTTP"},
        "timeoutSeconds": 1,
        "periodSeconds": 10,
        "successThreshold": 1,
        "failureThreshold": 3,
    }
    assert found["env"][0]["valueFrom"]["fieldRef"]["apiVersion"] == "v1"
    assert found["resources"] == {"limits": {"cpu": "1"}, "requests": {"cpu": "1"}}
    sources = spec["volumes"][0]["projected"]
    assert sources == {
        "defaultMode": 420,
        "sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 3600}}],
    }


def test_priorities_of_the_system() -> None:
    assert settled("pods", pod(priorityClassName="system-node-critical"))["spec"]["priority"] == 2_000_001_000


@pytest.mark.parametrize(
    ("resources", "quality"),
    [
        ({}, "BestEffort"),
        ({"requests": {"cpu": "1"}}, "Burstable"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}}, "Guaranteed"),
        ({"limits": {"cpu": "1", "memory": "1Gi"}, "requests": {"cpu": "2"}}, "Burstable"),
    ],
)
def test_quality_of_service(resources: dict[str, Any], quality: str) -> None:
    assert quality_of_service({"containers": [{"resources": resources}]}) == quality


def test_defaults_of_workloads_and_webhooks() -> None:
    spec = settled("daemonsets", daemonset())["spec"]
    assert spec["updateStrategy"] == {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}
    assert spec["revisionHistoryLimit"] == 10
    assert settled("deployments", daemonset())["spec"]["replicas"] == 1
    assert settled("deployments", daemonset(replicas=0))["spec"]["replicas"] == 0
    found = settled("mutatingwebhookconfigurations", webhooks())["webhooks"][0]
    wanted = {
        "failurePolicy": "Fail",
        "matchPolicy": "Equivalent",
        "namespaceSelector": {},
        "objectSelector": {},
        "timeoutSeconds": 10,
        "reinvocationPolicy": "Never",
    }
    assert {name: found[name] for name in wanted} == wanted
    assert found["rules"][0]["scope"] == "*"


def test_secrets_given_as_text_are_stored_as_bytes() -> None:
    found = settled("secrets", {"metadata": {"name": "s"}, "stringData": {"a": "hi"}, "data": {"b": "aGk="}})
    assert found == {"metadata": {"name": "s"}, "type": "Opaque", "data": {"a": "aGk=", "b": "aGk="}}


@pytest.mark.parametrize(
    ("resource", "obj"),
    [
        ("pods", pod(volumes=[{"name": "v"}])),
        ("daemonsets", daemonset()),
        ("deployments", daemonset()),
        ("replicasets", daemonset()),
        ("mutatingwebhookconfigurations", webhooks()),
        ("namespaces", {"metadata": {"name": "n"}}),
        ("secrets", {"metadata": {"name": "n"}, "stringData": {"a": "b"}}),
        ("services", {"metadata": {"name": "n"}, "spec": {"ports": [{"port": 80}]}}),
    ],
)
def test_defaulting_twice_changes_nothing_more(resource: str, obj: Object) -> None:
    once = settled(resource, obj)
    again = copy.deepcopy(once)
    apply_defaults(resource, again)
    assert again == once


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"containers": []}, "spec.containers: Required value"),
        ({"containers": [{"name": "c"}]}, "spec.containers[0].image: Required value"),
        ({"containers": [{"image": "x"}]}, "spec.containers[0].name: Required value"),
        (
            {"containers": [{"name": "C", "image": "x"}]},
            "spec.containers[0].name: Invalid value: \"C\": a lowercase RFC 1123 label must consist of lower case alphanumeric",
        ),
        (
            {"containers": [{"name": "c", "image": "x"}, {"name": "c", "image": "x"}]},
            'spec.containers[1].name: Duplicate value: "c"',
        ),
        ({"restartPolicy": "Often"}, 'spec.restartPolicy: Unsupported value: "Often": supported values: "Always", "Never", "OnFailure"'),
        (
            {"containers": [{"name": "c", "image": "x", "volumeMounts": [{"name": "v", "mountPath": "/v"}]}]},
            'spec.containers[0].volumeMounts[0].name: Not found: "v"',
        ),
        (
            {"containers": [{"name": "c", "image": "x", "ports": [{"containerPort": 70000}]}]},
            "spec.containers[0].ports[0].containerPort: Invalid value: 70000: must be between 1 and 65535, inclusive",
        ),
        (
            {"containers": [{"name": "c", "image": "x", "env": [{"name": "A=B"}]}]},
            'spec.containers[0].env[0].name: Invalid value: "A=B": a valid environment variable name',
        ),
        ({"volumes": [{"name": "v", "emptyDir": {}, "hostPath": {"path": "/"}}]}, "may not specify more than 1 volume type"),
        (
            {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "t", "expirationSeconds": 10}}]}}]},
            "expirationSeconds: Invalid value: 10: may not specify a duration less than 10 minutes",
        ),
        (
            {"volumes": [{"name": "v", "projected": {"sources": [{"serviceAccountToken": {"path": "../t"}}]}}]},
            "must not contain '..'",
        ),
        ({"serviceAccountName": "A"}, 'spec.serviceAccountName: Invalid value: "A"'),
        ({"terminationGracePeriodSeconds": -1}, "spec.terminationGracePeriodSeconds: Invalid value: -1"),
        ({"containers": [{"name": "c", "image": "x", "livenessProbe": {}}]}, "livenessProbe: Required value: must specify a handler type"),
    ],
)  # fmt: skip
def test_pods_that_are_refused(spec: dict[str, Any], told: str) -> None:
    text = refused("pods", pod(**spec))
    assert text.startswith('Pod "p" is invalid: ')
    assert told in text


def test_several_causes_stand_in_brackets() -> None:
    text = refused("pods", pod(containers=[{}]))
    assert (
        text
        == 'Pod "p" is invalid: [spec.containers[0].name: Required value, spec.containers[0].image: Required value]'
    )


@pytest.mark.parametrize(
    ("resource", "obj", "told"),
    [
        ("daemonsets", daemonset(selector=None), "spec.selector: Required value"),
        ("daemonsets", daemonset(selector={}), "empty selector is invalid for daemonset"),
        ("daemonsets", daemonset(selector={"matchLabels": {"x": "y"}}), "`selector` does not match template `labels`"),
        ("daemonsets", daemonset(updateStrategy={"type": "Now"}), 'supported values: "OnDelete", "RollingUpdate"'),
        ("deployments", daemonset(replicas=-1), "spec.replicas: Invalid value: -1"),
        ("configmaps", {"metadata": {"name": "c", "namespace": "n"}, "data": {"a b": "1"}}, "a valid config key must consist of"),
        ("configmaps", {"metadata": {"name": "c d", "namespace": "n"}}, "a lowercase RFC 1123 subdomain"),
        ("configmaps", {"metadata": {"name": "c", "namespace": "n", "labels": {"a": "b c"}}}, "a valid label must be an empty string"),
        ("namespaces", {"metadata": {"name": "a.b"}}, "a lowercase RFC 1123 label"),
        ("services", {"metadata": {"name": "1a", "namespace": "n"}, "spec": {"ports": [{"port": 1}]}}, "a DNS-1035 label"),
        ("services", {"metadata": {"name": "a", "namespace": "n"}}, "spec.ports: Required value"),
        ("secrets", {"metadata": {"name": "s", "namespace": "n"}, "data": {"..": ""}}, "a valid config key"),
        ("mutatingwebhookconfigurations", webhooks(name="short"), "at least three segments"),
        ("mutatingwebhookconfigurations", webhooks(sideEffects=None), "sideEffects: Required value"),
        ("mutatingwebhookconfigurations", webhooks(sideEffects="Some"), 'supported values: "None", "NoneOnDryRun"'),
        ("mutatingwebhookconfigurations", webhooks(admissionReviewVersions=[]), "admissionReviewVersions: Required value"),
        ("mutatingwebhookconfigurations", webhooks(timeoutSeconds=31), "must be between 1 and 30 seconds"),
        ("mutatingwebhookconfigurations", webhooks(clientConfig={}), "exactly one of url or service is required"),
        ("mutatingwebhookconfigurations", webhooks(clientConfig={"url": "http://x/"}), "'https' is the only allowed URL scheme"),
        ("mutatingwebhookconfigurations", webhooks(clientConfig={"url": "https://[x"}), "url must be a valid URL"),
        ("mutatingwebhookconfigurations", webhooks(clientConfig={"url": "https://x/", "caBundle": "aGk="}), "PEM block"),
        ("mutatingwebhookconfigurations", webhooks(matchConditions=[{"name": "a", "expression": "true"}]), "CEL"),
        ("mutatingwebhookconfigurations", webhooks(rules=[{"operations": ["SPAM"]}]), "Unsupported value: \"SPAM\""),
    ],
)  # fmt: skip
def test_other_kinds_that_are_refused(resource: str, obj: Object, told: str) -> None:
    assert told in refused(resource, obj)


def test_what_of_a_pod_may_change() -> None:
    kind, old = BY_RESOURCE["pods"], settled("pods", pod(containers=[{"name": "c", "image": "x", "command": ["a"]}]))
    new = copy.deepcopy(old)
    new["spec"]["containers"][0]["image"] = "y"
    new["metadata"]["labels"] = {"a": "b"}
    new["spec"]["tolerations"] = [{"key": "a"}]
    validate_update(kind, new, old)
    new["spec"]["containers"][0]["command"] = ["b"]
    with pytest.raises(Invalid, match="pod updates may not change fields other than"):
        validate_update(kind, new, old)
    new["spec"]["containers"] = []
    with pytest.raises(Invalid, match="may not add or remove containers"):
        validate_update(kind, new, old)


@pytest.mark.parametrize(
    ("resource", "obj", "change", "told"),
    [
        (
            "daemonsets",
            daemonset(),
            {"spec": {"selector": {"matchLabels": {"a": "b", "c": "d"}}}},
            "spec.selector: Invalid value: ",
        ),
        ("secrets", {"metadata": {"name": "s", "namespace": "n"}}, {"type": "other"}, "field is immutable"),
        (
            "configmaps",
            {"metadata": {"name": "s", "namespace": "n"}, "immutable": True, "data": {"a": "1"}},
            {"data": {"a": "2"}},
            "data: Forbidden: field is immutable when `immutable` is set",
        ),
    ],
)
def test_what_may_never_change(resource: str, obj: Object, change: dict[str, Any], told: str) -> None:
    old = settled(resource, obj)
    new = copy.deepcopy(old)
    for name, value in change.items():
        new[name] = {**new[name], **value} if isinstance(value, dict) else value
    with pytest.raises(Invalid) as caught:
        validate_update(BY_RESOURCE[resource], new, old)
    assert told in caught.value.public
