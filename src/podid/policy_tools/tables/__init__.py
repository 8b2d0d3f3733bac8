"""Tables of expectations: what a team's policies have to allow and to deny, checked like code.

    text ──reading.py──▶ plain values ──table.py──▶ checks ──run.py──▶ results ──junit.py──▶ XML for CI

The form of a table is told in docs/policy.md.
"""

from __future__ import annotations

from podid.policy_tools.tables.junit import junit
from podid.policy_tools.tables.reading import read_json_table, read_yaml_table
from podid.policy_tools.tables.run import Result, run
from podid.policy_tools.tables.table import Check, Expected, read_table

__all__ = ["Check", "Expected", "Result", "junit", "read_json_table", "read_table", "read_yaml_table", "run"]
