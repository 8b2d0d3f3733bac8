"""A table's text as plain values: objects, lists, texts, and in JSON booleans and null.

In YAML every scalar is the text that stands there, as in AWS's policies: `2012-10-17` is no date, `012345678901` no octal number, `no` no
boolean. Names that stand twice in one object are refused, as everywhere in podid.
"""

from __future__ import annotations

from typing import Any

from podid.policy_tools.cases.problem import BadCase, quoted
from podid.policy_tools.cases.strict import read_strictly

MOST_NODES = 100_000
"""Values of a table with all its aliases written out: a few lines of YAML can otherwise stand for more than a machine holds."""


def read_json_table(data: bytes) -> Any:
    """The values of a table in JSON. Raises BadCase."""
    return read_strictly(data, "the table")


def read_yaml_table(text: str) -> Any:
    """The values of a table in YAML. Raises BadCase, and ImportError where PyYAML is not installed."""
    import yaml

    try:
        # BaseLoader makes texts, lists and dicts of nodes, and nothing else, whatever their tags.
        node = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as problem:
        raise BadCase(f"the table: {_in_one_line(problem)}") from problem
    except RecursionError:
        raise BadCase("the table: nested too deep") from None
    return _Values().of(node) if node is not None else None


class _Values:
    def __init__(self) -> None:
        self._left = MOST_NODES

    def of(self, node: Any, depth: int = 0) -> Any:
        import yaml

        self._left -= 1
        if self._left < 0 or depth > 50:
            raise BadCase(f"the table: more than {MOST_NODES} values, or nested too deep")
        if isinstance(node, yaml.MappingNode):
            return self._mapping(node, depth)
        if isinstance(node, yaml.SequenceNode):
            return [self.of(each, depth + 1) for each in node.value]
        return node.value

    def _mapping(self, node: Any, depth: int) -> dict[str, Any]:
        import yaml

        found: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise BadCase(f"the table, line {line}: a name is a text")
            if key.value in found:
                raise BadCase(f"the table, line {line}: the name {quoted(key.value)} stands twice in one object")
            found[key.value] = self.of(value, depth + 1)
        return found


def _in_one_line(problem: Any) -> str:
    mark = getattr(problem, "problem_mark", None)
    what = getattr(problem, "problem", None) or "not YAML"
    return f"line {mark.line + 1}, column {mark.column + 1}: {what}" if mark is not None else str(what)
