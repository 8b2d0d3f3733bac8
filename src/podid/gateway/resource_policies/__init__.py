"""The policies that resources carry themselves, read from where moto keeps them, and evaluated by podid's own engine.

held.py           reads the policy of a resource
elsewhere.py      the same, of services that keep one text for a resource
public_access.py  S3's Block Public Access
accepted.py       refuses what is no policy when it is put on a resource
"""

from podid.gateway.resource_policies.held import HeldByMoto

__all__ = ["HeldByMoto"]
