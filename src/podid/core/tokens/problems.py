"""What can be wrong with a token.

    TokenProblem
    ├── Malformed       not a compact JWS that podid reads
    ├── UnknownKey      no key of that `kid` in the set
    ├── BadSignature    another key signed it, or the text was changed
    ├── WrongIssuer
    ├── WrongAudience
    ├── Expired
    ├── NotYetValid
    └── NotBound        not of a service account, or not bound to a pod

The public text may be told to whoever sent the token and repeats nothing of it; the private one is for the log and holds claims, never the
token itself.
"""

from __future__ import annotations

from podid.core.errors import PodidError


class TokenProblem(PodidError):
    """A token that does not hold."""


class Malformed(TokenProblem):
    """Not a token of a form podid reads."""


class UnknownKey(TokenProblem):
    """The key that the token names is not in the set: time to fetch the set again."""


class BadSignature(TokenProblem):
    """The signature is not the named key's."""


class WrongIssuer(TokenProblem):
    """Issued by another cluster."""


class WrongAudience(TokenProblem):
    """Made for somebody else."""


class Expired(TokenProblem):
    """Its time is over."""


class NotYetValid(TokenProblem):
    """Its time has not come."""


class NotBound(TokenProblem):
    """Not a service account's, or bound to no pod."""
