"""The pure rules of EKS that the operations stand on."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from threading import Barrier, Thread
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from podid.eks.addons.catalogue import CATALOGUE
from podid.eks.addons.configuration import DEEPEST, LONGEST, SCHEMA, read_configuration
from podid.eks.addons.health import issues_of
from podid.eks.addons.manifest import AgentManifest, daemon_set
from podid.eks.cache import RevisionCache
from podid.eks.errors import InvalidParameter
from podid.eks.instants import from_millis, to_millis, whole_millis
from podid.eks.key_source import may_fetch
from podid.eks.kubernetes_versions import VERSIONS
from podid.eks.paging import page_of
from podid.store import Store

instants = st.datetimes(datetime(2000, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))


@given(instants)
def test_millis_are_exact(instant: datetime) -> None:
    whole = whole_millis(instant)
    assert timedelta() <= instant - whole < timedelta(milliseconds=1)
    assert from_millis(to_millis(instant)) == whole == whole_millis(whole)


@given(st.lists(st.integers(0, 253_402_300_799_999), unique=True, max_size=40), st.integers(1, 9))
def test_pages_tell_everything_once_and_in_order(keys: list[int], size: int) -> None:
    ordered, told, token = sorted(keys), [], None
    for _ in range(len(keys) + 1):
        page = page_of(size, token, "question", "a", key=(int,))
        found = [key for key in ordered if not page.after or key > int(page.after[0])][: page.size + 1]
        told += found[: page.size]
        token = page.cut(found, (found[: page.size][-1],) if found else None)
        if token is None:
            break
    assert told == ordered and token is None


@given(st.text(max_size=100))
def test_foreign_tokens_are_refused_or_ignored_never_believed(token: str) -> None:
    try:
        page = page_of(None, token, "question", key=(int, str))
    except InvalidParameter:
        return
    assert token == "" and page.after == ()


@pytest.mark.parametrize(
    "after",
    [
        ["x", "a-1"],
        [1, 2],
        [-1, "a"],
        [10**18, "a"],
        [2**70, "a"],
        [1, "a\0"],
        [1],
        [1, "a", "b"],
        [1, None],
        [True, "a"],
    ],
)
def test_tokens_of_the_right_question_may_still_hold_anything(after: Any) -> None:
    page = page_of(1, None, "question", key=(int, str))
    forged = page.cut([1, 2], tuple(after))
    with pytest.raises(InvalidParameter, match="nextToken"):
        page_of(1, forged, "question", key=(int, str))


class TestConfiguration:
    @pytest.mark.parametrize(
        ("text", "values"),
        [
            ("", {}),
            ("  \n", {}),
            ("{}", {}),
            ("null", {}),
            (
                '{"agent": {"additionalArgs": {"-b": "169.254.170.23"}}}',
                {"agent": {"additionalArgs": {"-b": "169.254.170.23"}}},
            ),
            (
                "agent:\n  additionalArgs:\n    --max-service-qps: 5\n",
                {"agent": {"additionalArgs": {"--max-service-qps": 5}}},
            ),
            ("nodeSelector: {a: b}", {"nodeSelector": {"a": "b"}}),
            ("tolerations: [{operator: Exists}]", {"tolerations": [{"operator": "Exists"}]}),
            ("resources: {limits: {cpu: 1, memory: 1Gi}}", {"resources": {"limits": {"cpu": 1, "memory": "1Gi"}}}),
        ],
    )
    def test_json_and_yaml(self, text: str, values: Any) -> None:
        assert read_configuration(text, SCHEMA) == values

    @pytest.mark.parametrize(
        ("text", "said"),
        [
            ("{", "neither JSON nor YAML"),
            ("a: [b", "line"),
            ("a: b: c", "neither JSON nor YAML"),
            ("[]", r"\$: array found, object expected"),
            ("text", r"\$: string found, object expected"),
            ("agent: []", r"\$\.agent: array found"),
            ("agent: null", r"\$\.agent: null found"),
            ("x: 1", r"\$\.x: is not defined in the schema and the schema does not allow additional properties"),
            ("agent: {other: 1}", r"\$\.agent\.other: is not defined"),
            ("agent: {additionalArgs: {-b: [1]}}", r"\$\.agent\.additionalArgs\.-b: array found, string or number"),
            ("agent: {additionalArgs: {'; rm': x}}", "property name is not valid"),
            ("agent: {additionalArgs: {1: x}}", "property name is not valid"),
            ("nodeSelector: {a: 1}", r"\$\.nodeSelector\.a: number found, string expected"),
            ("nodeSelector: {a: true}", "boolean found, string expected"),
            ("tolerations: [1]", r"\$\.tolerations\[0\]: number found"),
            ("a: &x [1]\nb: *x", "aliases"),
            ("!!python/object/apply:os.system [id]", "neither JSON nor YAML"),
            ("[" * LONGEST, "nest"),
            ('{"nodeSelector": ' * (DEEPEST + 2) + "1" + "}" * (DEEPEST + 2), "deep"),
            (" " * (LONGEST + 1), "characters"),
        ],
    )
    def test_what_is_refused(self, text: str, said: str) -> None:
        with pytest.raises(InvalidParameter, match=said) as refused:
            read_configuration(text, SCHEMA, addonName="a")
        assert refused.value.members == {"addonName": "a"}
        assert refused.value.public.startswith("ConfigurationValue provided in request is not supported: ")

    @given(st.text(max_size=200))
    def test_no_text_breaks_the_reader(self, text: str) -> None:
        try:
            found = read_configuration(text, SCHEMA)
        except InvalidParameter:
            return
        assert isinstance(found, dict)


class TestManifest:
    def test_is_what_awss_chart_makes(self) -> None:
        made = daemon_set(AgentManifest(cluster="eksdemo1", region="us-east-1", version="1.2.3"))
        pod = made["spec"]["template"]["spec"]
        (init,), (main,) = pod["initContainers"], pod["containers"]
        assert (made["metadata"]["name"], made["metadata"]["namespace"]) == ("eks-pod-identity-agent", "kube-system")
        assert pod["hostNetwork"] is True and pod["automountServiceAccountToken"] is False
        assert pod["priorityClassName"] == "system-node-critical" and pod["tolerations"] == [{"operator": "Exists"}]
        assert init["command"] == ["podid", "agent", "initialize"] and init["securityContext"] == {"privileged": True}
        assert main["image"] == init["image"] == "podid/podid:1.2.3"
        assert main["command"] + main["args"] == [
            "podid", "agent", "server", "--port", "80", "--cluster-name", "eksdemo1", "--probe-port", "2703",
        ]  # fmt: skip
        assert main["env"] == [{"name": "AWS_REGION", "value": "us-east-1"}]
        probes = {kind: main[kind]["httpGet"] for kind in ("livenessProbe", "readinessProbe")}
        assert {kind: probe["path"] for kind, probe in probes.items()} == {
            "livenessProbe": "/healthz",
            "readinessProbe": "/readyz",
        }
        assert all((probe["host"], probe["port"]) == ("localhost", 2703) for probe in probes.values())
        assert made["spec"]["selector"]["matchLabels"].items() <= made["spec"]["template"]["metadata"]["labels"].items()

    def test_own_labels_cannot_be_taken_over(self) -> None:
        labels = {"app.kubernetes.io/name": "other", "x": "y"}
        made = daemon_set(AgentManifest(cluster="c", region="r", version="1", pod_labels=labels))
        told = made["spec"]["template"]["metadata"]["labels"]
        assert told["x"] == "y" and told["app.kubernetes.io/name"] == "eks-pod-identity-agent"

    def test_two_manifests_share_nothing(self) -> None:
        of = AgentManifest(cluster="c", region="r", version="1")
        daemon_set(of)["spec"]["template"]["spec"]["tolerations"].clear()
        assert daemon_set(of)["spec"]["template"]["spec"]["tolerations"]
        assert json.dumps(daemon_set(of)) == json.dumps(daemon_set(of))


@pytest.mark.parametrize(
    ("status", "fine"),
    [
        (None, False),
        ({}, False),
        ({"observedGeneration": 1, "desiredNumberScheduled": 2, "numberReady": 2, "updatedNumberScheduled": 2}, False),
        ({"observedGeneration": 2, "desiredNumberScheduled": 2, "numberReady": 2, "updatedNumberScheduled": 2}, True),
        ({"observedGeneration": 2, "desiredNumberScheduled": 2, "numberReady": 2, "updatedNumberScheduled": 1}, False),
        ({"observedGeneration": 2, "desiredNumberScheduled": 2, "numberReady": 1, "updatedNumberScheduled": 2}, False),
        ({"observedGeneration": 3, "desiredNumberScheduled": 0}, True),
    ],
)
def test_health_of_a_daemon_set(status: Any, fine: bool) -> None:
    assert (issues_of({"metadata": {"name": "a", "generation": 2}, "status": status}) == ()) is fine


@pytest.mark.parametrize(
    ("url", "may"),
    [
        ("https://issuer.test/keys", True),
        ("http://127.0.0.1:8080/k", True),
        ("http://localhost/k", True),
        ("http://[::1]:1/k", True),
        ("http://127.1.2.3/k", True),
        ("http://127.0.0.1.evil.test/k", False),
        ("http://localhost.evil.test/k", False),
        ("http://user@evil.test#@127.0.0.1/", False),
        ("https:///k", False),
        ("http://[::1/k", False),
        ("ftp://127.0.0.1/k", False),
        ("", False),
    ],
)
def test_urls_of_keys(url: str, may: bool) -> None:
    assert may_fetch(url) is may


def test_versions_are_newest_first_and_their_dates_in_order() -> None:
    minors = [int(each.minor.partition(".")[2]) for each in VERSIONS]
    assert minors == sorted(minors, reverse=True)
    assert all(each.released < each.end_of_standard < each.end_of_extended for each in VERSIONS)


def test_catalogue_names_are_unique() -> None:
    assert len({entry.name for entry in CATALOGUE}) == len(CATALOGUE)


class TestCache:
    def test_reads_once_a_revision_and_forgets_the_least_used(self, store: Store) -> None:
        reads: list[str] = []

        def load(key: str) -> str:
            reads.append(key)
            return key.upper()

        cache: RevisionCache[str, str] = RevisionCache(store, load, size=2)
        assert [cache.get(key) for key in "aab"] == ["A", "A", "B"] and reads == ["a", "b"]
        with store.write("other"):
            pass
        cache.get("a")
        assert reads == ["a", "b"]
        with store.write("eks"):
            pass
        cache.get("a")
        assert reads == ["a", "b", "a"]
        cache.get("c")
        cache.get("b")
        assert reads == ["a", "b", "a", "c", "b"]

    def test_a_write_during_a_read_is_not_missed(self, store: Store) -> None:
        value, barrier = ["old"], Barrier(2)

        def load(key: str) -> str:
            read = value[0]
            barrier.wait()  # the other thread now writes ...
            barrier.wait()  # ... and has committed, before this read's result is kept
            return read

        cache: RevisionCache[str, str] = RevisionCache(store, load, size=2)
        thread = Thread(target=cache.get, args=("a",))
        thread.start()
        barrier.wait()
        value[0] = "new"
        with store.write("eks"):
            pass
        barrier.wait()
        thread.join()
        barrier.reset()
        other = Thread(target=lambda: (barrier.wait(), barrier.wait()))
        other.start()
        assert cache.get("a") == "new"
        other.join()
