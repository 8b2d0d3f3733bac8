"""POST pods/NAME/eviction: `kubectl drain`. There are no disruption budgets here, so an eviction is a deletion."""

from __future__ import annotations

from podid.localcluster.admission.attributes import Context
from podid.localcluster.admission.deletion import read_delete_options
from podid.localcluster.admission.gate import Gate
from podid.localcluster.apiserver.bodies import read_object
from podid.localcluster.apiserver.http import Answer, Request, json_answer
from podid.localcluster.apiserver.paths import Target
from podid.localcluster.objects.conform import conform_to
from podid.localcluster.objects.errors import BadRequest
from podid.localcluster.objects.metadata import name_of
from podid.localcluster.users import User


async def evict(gate: Gate, target: Target, request: Request, user: User) -> Answer:
    """Delete the pod as the Eviction says. Raises ApiError."""
    body, _ = read_object(await request.body(), request.content_type, type_name="Eviction")
    eviction, _ = conform_to(body, "Eviction")
    if name_of(eviction) not in ("", target.name):
        raise BadRequest("name in URL does not match name in Eviction object")
    options = read_delete_options(eviction.get("deleteOptions") or {})
    await gate.delete_as(
        target.kind, target.namespace, target.name, options, Context(user=user, dry_run=options.dry_run)
    )
    return json_answer({"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "code": 201}, 201)
