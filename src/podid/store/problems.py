"""What can keep a store from being opened, in words for an operator."""

from __future__ import annotations


class StoreProblem(Exception):
    """The database cannot be used: not reached, damaged, or of another version of podid."""
