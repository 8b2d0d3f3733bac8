"""What can go wrong between us and an API server.

    KubeError
    ├── BadKubeconfig     the file that says where the cluster is cannot be used
    ├── Unreachable       no answer: refused, timed out, bad certificate
    ├── Unauthorized      401: the server does not know who we are
    ├── Forbidden         403: it knows, and says no
    ├── NotFound          404
    ├── AlreadyExists     409, reason AlreadyExists
    ├── Conflict          409: the object has changed since it was read
    ├── Gone              410: a watch or a list's continuation is too old; list again
    ├── Invalid           400, 415, 422: the server refuses what was sent (admission webhooks too)
    └── ServerTrouble     429, 5xx, and answers that are no Kubernetes answers: worth trying again

The HTTP library's own errors end at the adapter and are chained as the cause.
"""

from __future__ import annotations

from podid.core.errors import PodidError


class KubeError(PodidError):
    """A call to an API server failed. `status` is the HTTP status, 0 where there was none; `reason` the Status object's."""

    def __init__(self, public: str, *, private: str = "", status: int = 0, reason: str = "") -> None:
        super().__init__(public, private=private)
        self.status = status
        self.reason = reason


class BadKubeconfig(KubeError):
    """The kubeconfig is missing, malformed, or names a context that it does not hold."""


class Unreachable(KubeError):
    """The API server gave no answer."""


class Unauthorized(KubeError):
    """The API server does not accept our credentials."""


class Forbidden(KubeError):
    """Our identity may not do this."""


class NotFound(KubeError):
    """There is no such object, or no such kind."""


class AlreadyExists(KubeError):
    """An object of that name is there already."""


class Conflict(KubeError):
    """The object was changed by somebody else since it was read."""


class Gone(KubeError):
    """The resource version asked for is no longer kept: list again."""


class Invalid(KubeError):
    """The server refuses the object or the question."""


class ServerTrouble(KubeError):
    """The server cannot answer now."""


_BY_STATUS: dict[int, type[KubeError]] = {
    400: Invalid,
    401: Unauthorized,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    415: Invalid,
    422: Invalid,
}


def error_of(status: int, reason: str, message: str) -> KubeError:
    """The error that an HTTP status and a Status object's reason and message stand for."""
    found = AlreadyExists if reason == "AlreadyExists" else _BY_STATUS.get(status, ServerTrouble)
    return found(message or f"the API server answered {status}", status=status, reason=reason)
