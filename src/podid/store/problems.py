"""What can keep a store from being used, in words for an operator; and, once it is open, in words for a client that may try again."""

from __future__ import annotations

from podid.core.errors import PodidError


class StoreProblem(Exception):
    """The database cannot be used: not reached, damaged, or of another version of podid."""


class StoreUnavailable(PodidError, StoreProblem):
    """The database cannot be used now: gone, full, read-only or locked. What was asked may be asked again; nothing of it was half done.

    A write whose acknowledgement was lost on the way may have been made, as with any network.
    """
