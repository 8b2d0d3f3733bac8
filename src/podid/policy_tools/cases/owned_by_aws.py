"""What stands in an account, or for every account, and is AWS's own: it may be read and used there, and changed by nobody.

Sources: the IAM user guide, "Managed policies and inline policies" ("You cannot change the permissions defined in AWS managed policies"); the IAM
Identity Center user guide on the roles under `aws-reserved/`, which only AWS modifies; the KMS developer guide, "Aliases" (the prefix `alias/aws/` is
reserved for AWS managed keys).
"""

from __future__ import annotations

import re

_POLICY_OR_ROLE = re.compile(r"arn:[^:]+:iam::(?:aws:policy/|\d{12}:role/aws-reserved/).*", re.ASCII | re.DOTALL)
_ALIAS = re.compile(r"arn:[^:]+:kms:[^:]*:\d{12}:alias/aws/.*", re.ASCII | re.DOTALL)
_READING = ("iam:get", "iam:list", "iam:generate", "iam:simulate")
_OF_ALIASES = frozenset({"kms:createalias", "kms:deletealias", "kms:updatealias"})


def changes_what_is_owned_by_aws(action: str, resource: str) -> bool:
    """Whether a request would change, or pass on, what is AWS's own. No account can allow that."""
    action = action.lower()
    if action.startswith("iam:"):
        return not action.startswith(_READING) and _POLICY_OR_ROLE.fullmatch(resource) is not None
    return action in _OF_ALIASES and _ALIAS.fullmatch(resource) is not None
