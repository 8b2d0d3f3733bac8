"""Policies looked over: what IAM would refuse, and what it takes and a person would regret.

    text ──core.policy──▶ document ──look.py──▶ statements with places ──checks──▶ remarks ──run.py──▶ findings

Each check is a file of one theme with a function `check`, a generator of remarks: `breadth` how much is allowed, `principals` whom,
`conditions` and `versions` what is said and not meant, `pods` roles for EKS Pod Identity, `reach` statements that change nothing; `known` and
`resources` hold names against AWS's reference (`reference.py`). Checks know nothing of each other, of files or of terminals.
"""

from __future__ import annotations

from podid.policy_tools.lint.codes import CODES, REFUSED
from podid.policy_tools.lint.finding import Finding, Report
from podid.policy_tools.lint.reference import Reference
from podid.policy_tools.lint.run import guess, lint

__all__ = ["CODES", "REFUSED", "Finding", "Reference", "Report", "guess", "lint"]
