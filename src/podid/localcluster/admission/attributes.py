"""What admission knows of one request."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct, field

from podid.localcluster.objects.errors import BadRequest
from podid.localcluster.objects.kinds import Kind
from podid.localcluster.users import SYSTEM, User

FieldValidation = Literal["Strict", "Warn", "Ignore"]


class Context(Struct, kw_only=True):
    """The circumstances of a write. `warnings` collects what the client is told besides the answer."""

    user: User = SYSTEM
    dry_run: bool = False
    field_validation: FieldValidation = "Ignore"
    options: dict[str, Any] = field(default_factory=dict)
    """The CreateOptions, UpdateOptions, … of the request, as webhooks see them."""
    manager: str = ""
    """The field manager the request names, or one made of its user agent."""
    applies: bool = False
    """Whether this is a server-side apply, which keeps the managed fields itself."""
    doubled: list[str] = field(default_factory=list)
    """Keys that an object of the body had twice."""
    warnings: list[str] = field(default_factory=list)

    def judge_fields(self, unknown: list[str]) -> None:
        """Refuse, tell or ignore fields that the kind does not have. Raises BadRequest."""
        told = [f'duplicate field "{name}"' for name in self.doubled] + [f'unknown field "{path}"' for path in unknown]
        if not told or self.field_validation == "Ignore":
            return
        if self.field_validation == "Strict":
            raise BadRequest(f"strict decoding error: {', '.join(told)}")
        self.warnings.extend(told)


class Attributes(Struct, frozen=True, kw_only=True):
    """One write, as webhook rules match it. `name` is empty while it is not yet generated."""

    operation: Literal["CREATE", "UPDATE", "DELETE"]
    kind: Kind
    namespace: str
    name: str
    subresource: str = ""
