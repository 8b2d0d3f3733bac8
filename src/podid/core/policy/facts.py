"""A request prepared for matching: lower-cased once, looked up often."""

from __future__ import annotations

from podid.core.policy.request import Principal, Request

_ALL_OF = {"s3:listallmybuckets": "arn:aws:s3:::*"}
"""What is asked for on `*` and may be granted on this as well: the S3 and IAM user guides' examples do so for the list of buckets."""


class Facts:
    """What matchers ask about a request. Context keys are lower-cased when the first condition asks."""

    __slots__ = ("_context", "_request", "action", "bounded", "principal", "resource", "service")

    def __init__(self, request: Request, *, bounded: bool = False) -> None:
        self._request = request
        self._context: dict[str, tuple[str, ...]] | None = None
        self.action: str = request.action.lower()
        self.service: str = self.action.partition(":")[0]
        self.resource: str = request.resource if request.resource != "*" else _ALL_OF.get(self.action, "*")
        self.principal: Principal = request.principal
        self.bounded = bounded
        """Whether the principal has a permissions boundary, which `NotPrincipal` with Deny asks about."""

    def values(self, key: str) -> tuple[str, ...] | None:
        """All values of a condition key (lower case); None where it is absent. A key with no values is absent."""
        context = self._context
        if context is None:
            context = self._context = {name.lower(): values for name, values in self._request.context.items() if values}
        return context.get(key)

    def single(self, key: str) -> str | None:
        """The value of a key that has exactly one: what a variable may stand for."""
        values = self.values(key)
        return values[0] if values is not None and len(values) == 1 else None
