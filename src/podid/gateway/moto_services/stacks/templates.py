"""Reading a template, YAML or JSON, in every form that CloudFormation takes and tools write; moto takes fewer.

`{"Fn::GetAtt": "Role1.Arn"}`, as eksctl writes it, is `{"Fn::GetAtt": ["Role1", "Arn"]}`. What is no template is refused in CloudFormation's words.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

from yaml import YAMLError

from podid.gateway.refusals import Said

MAX_DEPTH = 100


def read_template(text: Any, load: Callable[[Any], Any]) -> Any:
    """The template. `load` reads YAML. JSON with tabs is no YAML, and taken all the same. Raises Said."""
    if not text:
        raise Said("ValidationError", 400, "Either Template URL or Template Body must be specified.")
    try:
        template = load(text)
    except (YAMLError, RecursionError, ValueError) as error:  # ValueError: a date that is none
        try:
            template = json.loads(text)
        except (TypeError, ValueError, RecursionError):
            raise _malformed(f"{_form_of(text)} not well-formed.{_place(error)}") from error
    if not isinstance(template, dict):
        raise _malformed("unsupported structure.")
    if not isinstance(template.get("Resources"), dict) or not template["Resources"]:
        raise _malformed("At least one Resources member must be defined.")
    _spell_out(template, 0)
    return template


def _malformed(text: str) -> Said:
    return Said("ValidationError", 400, f"Template format error: {text}")


def _form_of(text: Any) -> str:
    return "JSON" if str(text).lstrip()[:1] == "{" else "YAML"


def _place(error: Exception) -> str:
    mark = getattr(error, "problem_mark", None)
    return "" if mark is None else f" (line {mark.line + 1}, column {mark.column + 1})"


def _spell_out(value: Any, depth: int) -> None:
    if depth > MAX_DEPTH:
        raise _malformed(f"the template is nested deeper than {MAX_DEPTH} levels")
    if isinstance(value, list):
        for item in value:
            _spell_out(item, depth + 1)
    elif isinstance(value, dict):
        named = value.get("Fn::GetAtt")
        if len(value) == 1 and isinstance(named, str) and "." in named:
            value["Fn::GetAtt"] = named.split(".", 1)
        for item in value.values():
            _spell_out(item, depth + 1)
