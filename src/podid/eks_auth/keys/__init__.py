"""The public keys that a cluster's service account tokens are checked with.

source    one place to read a key set from: a file, a URL, the document itself, the cluster's API server
fetch     HTTP for the URL, bounded in time and size
keyring   the key sets of all clusters: kept, refreshed, and read again when a token names an unknown key
"""

from __future__ import annotations

from podid.eks_auth.keys.fetch import FetchProblem, fetch
from podid.eks_auth.keys.keyring import ClusterKeys
from podid.eks_auth.keys.source import KeysUnavailable, source_of

__all__ = ["ClusterKeys", "FetchProblem", "KeysUnavailable", "fetch", "source_of"]
