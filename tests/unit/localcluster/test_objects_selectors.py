"""Which objects a selector means, in all its forms."""

from __future__ import annotations

import pytest

from podid.localcluster.objects.errors import BadRequest
from podid.localcluster.objects.selectors import (
    Filter,
    fields_match,
    label_selector,
    parse_field_selector,
    parse_label_selector,
    selector_text,
    selects,
)


@pytest.mark.parametrize(
    ("text", "labels", "holds"),
    [
        ("", {}, True),
        ("a=b", {"a": "b"}, True),
        ("a==b", {"a": "c"}, False),
        ("a!=b", {"a": "c"}, True),
        ("a!=b", {}, True),
        ("a", {"a": ""}, True),
        ("a", {}, False),
        ("!a", {}, True),
        ("!a", {"a": "x"}, False),
        ("a in (x, y)", {"a": "y"}, True),
        ("a in (x,y)", {}, False),
        ("a notin (x)", {}, True),
        ("a notin (x)", {"a": "x"}, False),
        ("a in (x,),b=1", {"a": "", "b": "1"}, True),
        ("a=", {"a": ""}, True),
        ("a=,b", {"a": "", "b": "1"}, True),
        ("a>1", {"a": "2"}, True),
        ("a<1", {"a": "2"}, False),
        ("a>1", {"a": "many"}, False),
        ("kubernetes.io/metadata.name=default", {"kubernetes.io/metadata.name": "default"}, True),
    ],
)
def test_label_selector_text(text: str, labels: dict[str, str], holds: bool) -> None:
    assert selects(parse_label_selector(text), labels) is holds


@pytest.mark.parametrize(
    "text", ["a=b=c", ",", "a,", "=b", "a in x", "a in (x", "(a)", "a b", "a=b c", "a/b/c=d", "a in", "-a", "a=-"]
)
def test_what_is_no_label_selector_is_a_bad_request(text: str) -> None:
    with pytest.raises(BadRequest):
        parse_label_selector(text)


def test_object_form_of_a_selector() -> None:
    selector = label_selector(
        {
            "matchLabels": {"a": "1"},
            "matchExpressions": [
                {"key": "b", "operator": "Exists"},
                {"key": "c", "operator": "NotIn", "values": ["x"]},
            ],
        }
    )
    assert selects(selector, {"a": "1", "b": ""})
    assert not selects(selector, {"a": "1", "b": "", "c": "x"})
    assert not selects(selector, {"b": ""})
    assert selects(label_selector({}), {"any": "thing"})


def test_selectors_are_shown_as_tables_show_them() -> None:
    assert selector_text(None) == "<none>"
    assert selector_text({"matchLabels": {"b": "2", "a": "1"}}) == "a=1,b=2"
    expressions = [{"key": "c", "operator": "In", "values": ["y", "x"]}, {"key": "d", "operator": "DoesNotExist"}]
    assert selector_text({"matchExpressions": expressions}) == "!d,c in (x,y)"


POD = {
    "metadata": {"name": "p", "namespace": "n", "labels": {"a": "b"}},
    "spec": {"nodeName": "one", "hostNetwork": True},
    "status": {"phase": "Running"},
}


@pytest.mark.parametrize(
    ("text", "holds"),
    [
        ("", True),
        ("metadata.name=p", True),
        ("metadata.name!=p", False),
        ("spec.nodeName=one,status.phase!=Failed", True),
        ("spec.hostNetwork=true", True),
        ("status.podIP=", True),
        (r"metadata.name=p\,q", False),
    ],
)
def test_field_selectors(text: str, holds: bool) -> None:
    assert fields_match(parse_field_selector(text, "pods"), POD) is holds


def test_a_field_that_cannot_be_selected_by_is_named() -> None:
    with pytest.raises(BadRequest, match=r"field label not supported: spec\.image"):
        parse_field_selector("spec.image=x", "pods")
    with pytest.raises(BadRequest, match="can't understand"):
        parse_field_selector("metadata.name", "pods")


def test_a_filter_asks_for_labels_and_fields() -> None:
    both = Filter(parse_label_selector("a=b"), parse_field_selector("metadata.namespace=n", "pods"))
    assert both.accepts(POD)
    assert not Filter(parse_label_selector("a!=b"), both.fields).accepts(POD)
    assert not Filter(both.labels, parse_field_selector("metadata.namespace=m", "pods")).accepts(POD)
