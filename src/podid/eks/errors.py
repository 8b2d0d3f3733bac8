"""EKS's failures, as its service model names them. The statuses here are defaults; the model of the operation has the last word.

    AwsError
    ├── InvalidParameter     400  one parameter cannot be
    ├── InvalidRequest       400  the parameters do not go together, or not with the resource's state
    ├── ResourceLimitExceeded 400
    ├── ResourceNotFound     404
    ├── ResourceInUse        409
    ├── BadRequest, TagTargetNotFound   400, 404: the tag operations' own names
    └── (AccessDenied, from core)       403

Members that the shapes carry (`clusterName`, `addonName`) are given by keyword; what a shape lacks, the wire leaves out.
"""

from __future__ import annotations

from podid.core.errors import AwsError


class InvalidParameter(AwsError):
    """A parameter's value is refused."""

    code, status = "InvalidParameterException", 400


class InvalidRequest(AwsError):
    """The request as a whole, or the state of what it names, does not allow this."""

    code, status = "InvalidRequestException", 400


class ResourceLimitExceeded(AwsError):
    """A service limit is reached."""

    code, status = "ResourceLimitExceededException", 400


class ResourceNotFound(AwsError):
    """There is no such resource."""

    code, status = "ResourceNotFoundException", 404


class ResourceInUse(AwsError):
    """The resource exists already, or is busy."""

    code, status = "ResourceInUseException", 409


class BadRequest(AwsError):
    """A tag operation's parameters are refused."""

    code, status = "BadRequestException", 400


class TagTargetNotFound(AwsError):
    """A tag operation names a resource that is not there."""

    code, status = "NotFoundException", 404
