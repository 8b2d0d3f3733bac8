"""Reading a template, YAML or JSON, in every form that CloudFormation takes and tools write; moto takes fewer.

`{"Fn::GetAtt": "Role1.Arn"}`, as eksctl writes it, is `{"Fn::GetAtt": ["Role1", "Arn"]}`.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from yaml import YAMLError

MAX_DEPTH = 100


def read_template(text: Any, load: Callable[[Any], Any]) -> Any:
    """The template. `load` reads YAML. JSON with tabs is no YAML, and taken all the same. Raises YAMLError."""
    try:
        template = load(text)
    except YAMLError:
        try:
            template = json.loads(text)
        except (TypeError, ValueError, RecursionError):
            template = None
        if not isinstance(template, dict):
            raise
    _spell_out(template, 0)
    return template


def _spell_out(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise YAMLError(f"the template is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, list):
        for item in value:
            _spell_out(item, depth + 1)
    elif isinstance(value, dict):
        named = value.get("Fn::GetAtt")
        if len(value) == 1 and isinstance(named, str) and "." in named:
            value["Fn::GetAtt"] = named.split(".", 1)
        for item in value.values():
            _spell_out(item, depth + 1)
