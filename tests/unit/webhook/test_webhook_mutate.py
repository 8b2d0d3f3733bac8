"""What is put into a pod. Patches are applied by an independent implementation of RFC 6902."""

from __future__ import annotations

import copy
from typing import Any

import jsonpatch
import pytest
from hypothesis import given
from hypothesis import strategies as st

from podid.webhook.mutate import ContainerCredentials, MalformedPod, MutateConfig, container_credentials, web_identity

TOKEN_FILE = "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount/eks-pod-identity-token"
CREDENTIALS = [
    {"name": "AWS_CONTAINER_CREDENTIALS_FULL_URI", "value": "http://169.254.170.23/v1/credentials"},
    {"name": "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE", "value": TOKEN_FILE},
]
MOUNT = {
    "name": "eks-pod-identity-token",
    "readOnly": True,
    "mountPath": "/var/run/secrets/pods.eks.amazonaws.com/serviceaccount",
}


def pod(**spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "p", "namespace": "default", "newMetadataField": [1, {"x": None}]},
        "spec": {
            "serviceAccountName": "s3",
            "containers": [{"name": "main", "image": "i", "fieldOfTomorrow": {"deep": [1, 2]}}],
            "unknownToUs": {"kept": True},
            **spec,
        },
    }


def mutated(
    given: dict[str, Any],
    config: MutateConfig | None = None,
    service_account: dict[str, str] | None = None,
    random: float = 0.0,
) -> dict[str, Any]:
    patch = container_credentials(given, config or MutateConfig(), service_account=service_account, random=random)
    result = jsonpatch.apply_patch(copy.deepcopy(given), patch)
    assert isinstance(result, dict)
    return result


def volume(expiration: int) -> dict[str, Any]:
    token = {"audience": "pods.eks.amazonaws.com", "expirationSeconds": expiration, "path": "eks-pod-identity-token"}
    return {"name": "eks-pod-identity-token", "projected": {"sources": [{"serviceAccountToken": token}]}}


def test_a_plain_pod_gets_label_volume_variables_and_mount_and_loses_nothing() -> None:
    given = pod()
    result = mutated(given)
    assert result["metadata"].pop("labels") == {"eks.amazonaws.com/pod-identity": "enabled"}
    assert result["spec"].pop("volumes") == [volume(79200)]
    container = result["spec"]["containers"][0]
    assert container.pop("env") == CREDENTIALS
    assert container.pop("volumeMounts") == [MOUNT]
    assert result == given


def test_operations_come_in_awss_order_and_name_only_what_is_added() -> None:
    given = pod(
        volumes=[{"name": "v"}],
        initContainers=[{"name": "init", "env": [{"name": "A", "value": "b"}], "volumeMounts": [{"name": "v"}]}],
    )
    given["metadata"]["labels"] = {"app": "x"}
    patch = container_credentials(given, MutateConfig(), random=0.0)
    assert [(operation["op"], operation["path"]) for operation in patch] == [
        ("add", "/metadata/labels/eks.amazonaws.com~1pod-identity"),
        ("add", "/spec/volumes/0"),
        ("add", "/spec/containers/0/env"),
        ("add", "/spec/containers/0/volumeMounts"),
        ("add", "/spec/initContainers/0/env/-"),
        ("add", "/spec/initContainers/0/env/-"),
        ("add", "/spec/initContainers/0/volumeMounts/-"),
    ]
    result = jsonpatch.apply_patch(copy.deepcopy(given), patch)
    assert [v["name"] for v in result["spec"]["volumes"]] == ["eks-pod-identity-token", "v"]
    assert [e["name"] for e in result["spec"]["initContainers"][0]["env"]] == [
        "A",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ]
    assert result["metadata"]["labels"] == {"app": "x", "eks.amazonaws.com/pod-identity": "enabled"}


def test_a_mutated_pod_is_left_as_it_is() -> None:
    config = MutateConfig(region="us-east-1", regional_sts=True)
    once = mutated(pod(initContainers=[{"name": "i"}]), config)
    assert container_credentials(once, config, random=0.9) == []


@pytest.mark.parametrize("empty", [None, []])
def test_empty_and_null_lists_are_made(empty: Any) -> None:
    given = pod(volumes=empty, containers=[{"name": "main", "env": empty, "volumeMounts": empty}])
    given["metadata"]["labels"] = None
    result = mutated(given)
    assert result["spec"]["volumes"] == [volume(79200)]
    assert result["spec"]["containers"][0]["env"] == CREDENTIALS


@pytest.mark.parametrize("predefined", ["AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE"])
def test_where_one_of_the_two_is_set_neither_is_added(predefined: str) -> None:
    own = [{"name": predefined, "value": "mine"}]
    result = mutated(pod(containers=[{"name": "main", "env": own}]))
    assert result["spec"]["containers"][0]["env"] == own
    assert result["spec"]["containers"][0]["volumeMounts"] == [MOUNT]


def test_with_everything_predefined_a_container_is_left_wholly_alone() -> None:
    own = [
        {"name": name, "value": "mine"}
        for name in ("AWS_CONTAINER_CREDENTIALS_FULL_URI", "AWS_REGION", "AWS_STS_REGIONAL_ENDPOINTS")
    ]
    result = mutated(pod(containers=[{"name": "main", "env": own}, {"name": "other"}]))
    assert result["spec"]["containers"][0] == {"name": "main", "env": own}
    assert result["spec"]["containers"][1]["env"] == CREDENTIALS


def test_region_and_sts_come_before_the_credentials_and_only_where_absent() -> None:
    config = MutateConfig(region="eu-west-1", regional_sts=True)
    names = [e["name"] for e in mutated(pod(), config)["spec"]["containers"][0]["env"]]
    assert names == [
        "AWS_STS_REGIONAL_ENDPOINTS",
        "AWS_DEFAULT_REGION",
        "AWS_REGION",
        "AWS_CONTAINER_CREDENTIALS_FULL_URI",
        "AWS_CONTAINER_AUTHORIZATION_TOKEN_FILE",
    ]
    one = pod(containers=[{"name": "main", "env": [{"name": "AWS_REGION", "value": "x"}]}])
    assert "AWS_DEFAULT_REGION" not in [e["name"] for e in mutated(one, config)["spec"]["containers"][0]["env"]]


def test_the_service_accounts_word_on_regional_sts_beats_the_flag() -> None:
    said = {"eks.amazonaws.com/sts-regional-endpoints": "true"}
    assert (
        mutated(pod(), service_account=said)["spec"]["containers"][0]["env"][0]["name"] == "AWS_STS_REGIONAL_ENDPOINTS"
    )
    said = {"eks.amazonaws.com/sts-regional-endpoints": "false"}
    assert mutated(pod(), MutateConfig(regional_sts=True), said)["spec"]["containers"][0]["env"] == CREDENTIALS


def test_a_mount_or_volume_of_the_name_stops_a_second_one() -> None:
    mounts = [{"name": "eks-pod-identity-token", "mountPath": "/mine"}]
    volumes = [{"name": "x"}, {"name": "eks-pod-identity-token", "emptyDir": {}}]
    result = mutated(pod(volumes=volumes, containers=[{"name": "main", "volumeMounts": mounts}]))
    assert result["spec"]["volumes"] == volumes
    assert result["spec"]["containers"][0]["volumeMounts"] == mounts


def annotated(**annotations: str) -> dict[str, Any]:
    given = pod(containers=[{"name": "a"}, {"name": "b"}, {"name": "c"}])
    given["metadata"]["annotations"] = {
        f"eks.amazonaws.com/{name.replace('_', '-')}": value for name, value in annotations.items()
    }
    return given


def test_skipped_containers_are_skipped() -> None:
    result = mutated(annotated(skip_containers="a, c,,unknown"))
    assert [("env" in container) for container in result["spec"]["containers"]] == [False, True, False]


@pytest.mark.parametrize(
    ("on_pod", "on_account", "flag", "seconds"),
    [
        (None, None, 86400, 79200),
        (None, None, 3600, 3600),
        ("7200", None, 86400, 7200),
        ("7200", "3600", 86400, 7200),
        (None, "3600", 86400, 3600),
        ("10", None, 86400, 600),
        ("-5", None, 86400, 600),
        ("soon", "3600", 86400, 3600),
        ("", "never", 7200, 7200),
        ("9" * 40, None, 7200, 7200),
        ("86400", None, 3600, 79200),
        ("100000", None, 3600, 100000),
    ],
)
def test_whose_word_on_expiration_counts(on_pod: str | None, on_account: str | None, flag: int, seconds: int) -> None:
    given = annotated(token_expiration=on_pod) if on_pod is not None else pod()
    account = {"eks.amazonaws.com/token-expiration": on_account} if on_account is not None else None
    result = mutated(given, MutateConfig(token_expiration=flag), account)
    assert result["spec"]["volumes"] == [volume(seconds)]


@pytest.mark.parametrize(("random", "seconds"), [(0.0, 79200), (0.5, 82800), (0.9999999, 86400)])
def test_jitter_reaches_both_ends(random: float, seconds: int) -> None:
    assert mutated(pod(), random=random)["spec"]["volumes"] == [volume(seconds)]


@pytest.mark.parametrize("key", ["kubernetes.io/os", "beta.kubernetes.io/os"])
def test_windows_gets_its_own_path_in_the_variable_alone(key: str) -> None:
    container = mutated(pod(nodeSelector={key: "windows"}))["spec"]["containers"][0]
    assert container["env"][1]["value"] == (
        "C:\\var\\run\\secrets\\pods.eks.amazonaws.com\\serviceaccount\\eks-pod-identity-token"
    )
    assert container["volumeMounts"] == [MOUNT]


def test_names_can_be_other_ones() -> None:
    names = ContainerCredentials(audience="aud", mount_path="/t/", volume_name="v", token_path="f", full_uri="http://x")
    result = mutated(pod(), MutateConfig(container_credentials=names, annotation_prefix="example.com"))
    assert result["metadata"]["labels"] == {"example.com/pod-identity": "enabled"}
    assert [e["value"] for e in result["spec"]["containers"][0]["env"]] == ["http://x", "/t/f"]


@pytest.mark.parametrize(
    "given",
    [
        {"spec": []},
        {"metadata": [], "spec": {}},
        {"metadata": {"labels": []}, "spec": {}},
        {"spec": {"volumes": {}}},
        {"spec": {"volumes": ["v"]}},
        {"spec": {"containers": [None]}},
        {"spec": {"containers": [{"name": "a", "env": "x"}]}},
        {"spec": {"containers": [{"name": "a", "volumeMounts": [1]}]}},
    ],
)
def test_what_is_no_pod_is_refused(given: dict[str, Any]) -> None:
    with pytest.raises(MalformedPod):
        container_credentials(given, MutateConfig(), random=0.0)


def test_web_identity() -> None:
    account = {"eks.amazonaws.com/audience": "my-aud", "eks.amazonaws.com/token-expiration": "86400"}
    given = pod()
    patch = web_identity(given, MutateConfig(), role_arn="arn:aws:iam::1:role/r", service_account=account)
    result = jsonpatch.apply_patch(copy.deepcopy(given), patch)
    token = {"audience": "my-aud", "expirationSeconds": 86400, "path": "token"}
    assert result["spec"]["volumes"] == [
        {"name": "aws-iam-token", "projected": {"sources": [{"serviceAccountToken": token}]}}
    ]
    assert result["spec"]["containers"][0]["env"] == [
        {"name": "AWS_ROLE_ARN", "value": "arn:aws:iam::1:role/r"},
        {
            "name": "AWS_WEB_IDENTITY_TOKEN_FILE",
            "value": "/var/run/secrets/eks.amazonaws.com/serviceaccount/token",
        },
    ]
    assert "labels" not in result["metadata"]
    assert web_identity(result, MutateConfig(), role_arn="arn:aws:iam::1:role/r", service_account=account) == []


names = st.sampled_from(
    ["a", "b", "AWS_REGION", "AWS_DEFAULT_REGION", "AWS_STS_REGIONAL_ENDPOINTS", "AWS_CONTAINER_CREDENTIALS_FULL_URI"]
)
named = st.fixed_dictionaries(
    {"name": names | st.just("eks-pod-identity-token")}, optional={"value": st.text(max_size=3)}
)
lists = st.none() | st.lists(named, max_size=3)
containers = st.lists(
    st.fixed_dictionaries({"name": names}, optional={"env": lists, "volumeMounts": lists, "other": st.integers()}),
    max_size=3,
)
pods = st.fixed_dictionaries(
    {
        "spec": st.fixed_dictionaries(
            {"containers": containers}, optional={"initContainers": containers, "volumes": lists}
        )
    },
    optional={
        "metadata": st.fixed_dictionaries(
            {},
            optional={
                "labels": st.none() | st.dictionaries(st.text(max_size=3), st.text(max_size=3), max_size=2),
                "annotations": st.dictionaries(
                    st.sampled_from(["eks.amazonaws.com/token-expiration", "eks.amazonaws.com/skip-containers"]),
                    st.text(max_size=5) | names,
                ),
            },
        )
    },
)


def without_additions(value: Any, original: Any) -> Any:
    """`value` with all that is not in `original` taken out; lists keep the original's items in their order."""
    if isinstance(value, dict) and isinstance(original, dict):
        return {key: without_additions(value[key], original[key]) for key in original if key in value}
    if isinstance(value, list) and isinstance(original, list):
        added = len(value) - len(original)
        if added and value[added:] == original:
            return value[added:]
        return [without_additions(*pair) for pair in zip(value, original, strict=False)]
    return value if original is not None else None


@given(pods, st.booleans(), st.floats(0, 1, exclude_max=True))
def test_a_patch_applies_only_adds_and_leaves_nothing_to_do(given: dict[str, Any], region: bool, random: float) -> None:
    config = MutateConfig(region="eu-west-1" if region else "", regional_sts=region)
    result = mutated(given, config, random=random)
    assert without_additions(result, given) == given
    assert container_credentials(result, config, random=random) == []
