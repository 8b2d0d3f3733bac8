"""Making objects fit their types: unknown fields, wrong types, what counts as absent."""

from __future__ import annotations

from typing import Any

import pytest

from podid.localcluster.objects.conform import conform
from podid.localcluster.objects.errors import BadRequest
from podid.localcluster.objects.fields import find_type, parse_types
from podid.localcluster.objects.kinds import BY_RESOURCE, KINDS

POD = BY_RESOURCE["pods"]


def pod(**spec: Any) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": {"containers": [], **spec}}


def test_every_kind_has_its_fields() -> None:
    assert [kind.kind for kind in KINDS if find_type(kind.kind) is None] == []


def test_every_type_that_a_field_names_is_there() -> None:
    from podid.localcluster.objects.fields import SCALARS, _types

    missing = {
        field.type
        for type_ in _types().values()
        for field in type_.fields.values()
        if field.type not in SCALARS and field.type != "object" and find_type(field.type) is None
    }
    assert missing == set()


def test_unknown_fields_are_named_and_left_out() -> None:
    given = pod(containers=[{"name": "c", "imag": "x", "env": [{"name": "a", "valu": "1"}]}], hostNetwrk=True)
    found, unknown = conform(given, POD)
    assert unknown == ["spec.containers[0].imag", "spec.containers[0].env[0].valu", "spec.hostNetwrk"]
    assert found["spec"] == {"containers": [{"name": "c", "env": [{"name": "a"}]}]}


def test_only_so_many_unknown_fields_are_named() -> None:
    assert len(conform(pod(**{f"field{n}": 1 for n in range(1000)}), POD)[1]) == 50


def test_null_and_empty_values_are_absent_where_kubernetes_says_so() -> None:
    given = pod(
        hostNetwork=False,
        restartPolicy="",
        nodeSelector={},
        automountServiceAccountToken=False,
        volumes=None,
        securityContext={},
        terminationGracePeriodSeconds=0,
    )
    assert conform(given, POD)[0]["spec"] == {
        "containers": [],
        "automountServiceAccountToken": False,
        "securityContext": {},
        "terminationGracePeriodSeconds": 0,
    }


@pytest.mark.parametrize(
    ("spec", "told"),
    [
        ({"containers": {}}, "cannot unmarshal object into Go struct field Pod.spec.containers of type []Container"),
        ({"hostNetwork": "yes"}, "cannot unmarshal string into Go struct field Pod.spec.hostNetwork of type bool"),
        ({"priority": 1.5}, "cannot unmarshal number 1.5 into Go struct field Pod.spec.priority of type int32"),
        ({"priority": True}, "cannot unmarshal bool into Go struct field Pod.spec.priority of type int32"),
        ({"priority": 1 << 31}, "cannot unmarshal number 2147483648 into"),
        ({"nodeName": 1}, "cannot unmarshal number into Go struct field Pod.spec.nodeName of type string"),
        (
            {"nodeSelector": {"a": True}},
            "cannot unmarshal bool into Go struct field Pod.spec.nodeSelector.a of type string",
        ),
        (
            {"containers": ["c"]},
            "cannot unmarshal string into Go struct field Pod.spec.containers[0] of type Container",
        ),
        ({"containers": [None]}, "cannot unmarshal null into"),
        ({"securityContext": []}, "cannot unmarshal array into"),
    ],
)
def test_a_value_of_another_type_is_refused(spec: dict[str, Any], told: str) -> None:
    with pytest.raises(BadRequest) as refused:
        conform(pod(**spec), POD)
    assert told in refused.value.public
    assert refused.value.public.startswith('Pod in version "v1" cannot be handled as a Pod: json: ')


def test_quantities_ports_and_times() -> None:
    container = {
        "name": "c",
        "resources": {"limits": {"cpu": 1, "memory": "1Gi"}},
        "livenessProbe": {"httpGet": {"port": "http"}},
        "readinessProbe": {"tcpSocket": {"port": 80}},
    }
    found = conform(pod(containers=[container]), POD)[0]["spec"]["containers"][0]
    assert found["resources"]["limits"] == {"cpu": "1", "memory": "1Gi"}
    assert found["livenessProbe"] == {"httpGet": {"port": "http"}}
    assert found["readinessProbe"] == {"tcpSocket": {"port": 80}}
    with pytest.raises(BadRequest, match="Time"):
        conform({"metadata": {"creationTimestamp": "yesterday"}}, POD)


def test_bytes_are_base64() -> None:
    secret = BY_RESOURCE["secrets"]
    assert conform({"data": {"a": "aGk="}}, secret)[0] == {"data": {"a": "aGk="}}
    with pytest.raises(BadRequest, match="base64"):
        conform({"data": {"a": "hi there"}}, secret)


def test_a_table_of_types_with_an_unknown_mark_is_refused() -> None:
    with pytest.raises(ValueError, match="unknown mark"):
        parse_types("A\n 1 b string colour=red\n")
