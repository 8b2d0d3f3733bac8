"""Condition keys that tell what a resource is, before the call: its tags, an instance's type, a key's usage, a role's boundary.

They are read from where the resource is kept, and only where a policy that has a say tests them, for that may mean going through much.

asked_for.py  which keys policies test
kept.py       what moto keeps, by service
ec2.py        what moto keeps of EC2
"""

from podid.gateway.resource_keys.asked_for import of
from podid.gateway.resource_keys.kept import KEYS, of_moto

__all__ = ["KEYS", "of", "of_moto"]
