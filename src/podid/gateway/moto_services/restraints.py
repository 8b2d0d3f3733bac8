"""What moto must not do in this process, whatever it is asked.

moto was written for tests, run by whoever wrote the test. Here its callers are pods. So, module by module, once it is imported:

- CloudFormation reads templates with a YAML loader that can build any Python object: it gets one that builds data.
- S3 decides by bucket policies in its own way, without conditions: podid has decided before, so it lets everything pass.
- Nothing calls out: SNS would post to any address that subscribed, the host's own loopback included.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Callable, Mapping
from types import SimpleNamespace
from typing import Any

from podid.gateway.loaded import loaded
from podid.gateway.moto_services import s3

log = logging.getLogger("podid.gateway.moto")

_done: set[str] = set()


def apply() -> None:
    """Restrain every module of moto that is imported and was not restrained yet. Cheap to call again."""
    for name, restrain in _RESTRAINTS.items():
        module = loaded(name)
        if module is not None and name not in _done:
            restrain(module)
            _done.add(name)


def _load_data_only(module: Any) -> None:
    """Give a module of CloudFormation a `yaml` that knows no Python objects."""
    import yaml
    from moto.cloudformation.utils import yaml_tag_constructor

    from podid.gateway.moto_services.stacks.templates import read_template

    class TemplateLoader(yaml.SafeLoader):
        """YAML with CloudFormation's own short tags (`!Ref`, `!Sub`, …)."""

    TemplateLoader.add_multi_constructor(
        "!", lambda loader, suffix, node: yaml_tag_constructor(loader, f"!{suffix}", node)
    )

    def load(text: Any, Loader: Any = None) -> Any:  # noqa: N803
        return read_template(text, lambda given: yaml.load(given, Loader=TemplateLoader))  # noqa: S506  (a SafeLoader)

    module.yaml = SimpleNamespace(
        load=load, Loader=TemplateLoader, add_multi_constructor=lambda *_args, **_named: None, YAMLError=yaml.YAMLError
    )


def _allow_what_was_decided(module: Any) -> None:
    from moto.iam.access_control import PermissionResult

    module.FakeBucket.get_permission = lambda _bucket, _action, _resource: PermissionResult.PERMITTED


def _keep_objects(module: Any) -> None:
    _allow_what_was_decided(module)
    s3.keep_contents(module)


def _call_nobody(module: Any) -> None:
    """Have every call of the library `requests` answered here, with a 503. Only moto uses it in this process."""

    def refuse(_adapter: Any, request: Any, **_named: Any) -> Any:
        log.warning(
            "moto would have called out of this process, and did not",
            extra={"method": request.method},
        )
        answer = sys.modules["requests"].Response()
        answer.status_code = 503
        answer.request = request
        answer.url = request.url
        answer._content = b""
        return answer

    module.HTTPAdapter.send = refuse


_RESTRAINTS: Mapping[str, Callable[[Any], None]] = {
    "moto.cloudformation.models": _load_data_only,
    "moto.cloudformation.responses": _load_data_only,
    "moto.s3.models": _keep_objects,
    "moto.s3.responses": s3.hand_contents,
    "requests.adapters": _call_nobody,
}
