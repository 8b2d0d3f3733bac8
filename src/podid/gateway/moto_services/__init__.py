"""Every AWS service that podid has no room of its own for, carried out by moto, in this process.

settings.py   what moto must be told before it is imported
canonical.py  a call as the one HTTP message that moto is handed
messages.py   that message as the werkzeug request moto reads, and moto's answer as ours
services.py   finds moto's handler and calls it; errors; warming
restraints.py what moto must not do
iam_view.py   moto's IAM, made to show ours
stacks/       CloudFormation's resources of ours, and rollback
acting.py     for whom moto acts, when it makes something of ours

moto never sees a byte that the client sent: it is handed a message written anew, by botocore's own serialiser, from the input that was
parsed and authorised. So nothing the gateway did not understand reaches it: not its control paths, not `x-moto-account-id`, not a
bucket in a Host header, not an `Action` in a query string beside a target header.
"""

from podid.gateway.moto_services.services import MotoCall, MotoServices

__all__ = ["MotoCall", "MotoServices"]
