"""Which services somebody may use, by which policies, and when each was last used.

Uses are those that podid saw: every call with a signature that held, allowed or not. Single actions are not tracked, so a report at action
level has none. A report is made at once, kept for a day, and given to nobody but who asked for it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from sqlalchemy import Connection, delete, insert, select

from podid.core.caller import Call, Caller, Output
from podid.core.ids import uuid4
from podid.core.operations import operation
from podid.iam.errors import InvalidInput, NoSuchEntity
from podid.iam.granting import grants, policies_on, principals_of, resource_of, services
from podid.iam.key_uses import KeyUses
from podid.iam.paging import cut_page, page
from podid.iam.state import IamState
from podid.iam.tables import ACCESS_REPORTS, SERVICE_USES

_KEPT: Final = timedelta(days=1)
_REPORTS: Final = 100
"""Reports kept of one account; the oldest make room."""


class ServiceAccess:
    def __init__(self, state: IamState, uses: KeyUses) -> None:
        self._state = state
        self._uses = uses

    @operation("ListPoliciesGrantingServiceAccess")
    def list_policies_granting_service_access(
        self, call: Call, *, arn: str, service_namespaces: Sequence[str], marker: str | None = None
    ) -> Output:
        known = services()
        for namespace in service_namespaces:
            if namespace not in known:
                raise InvalidInput(f"Invalid Service Namespace: {namespace}")
        with self._state.read() as connection:
            resource = resource_of(connection, self._state, call.account, arn, policies=False)
            held = policies_on(connection, self._state, resource)
        numbered = [(f"{number:06}", name) for number, name in enumerate(dict.fromkeys(service_namespaces))]
        pieces, more = cut_page(page(call.operation, marker, None), numbered, lambda item: item[0])
        return {
            "PoliciesGrantingServiceAccess": [
                {
                    "ServiceNamespace": namespace,
                    "Policies": [_shown(policy) for policy in held if grants(policy.policy, namespace)],
                }
                for _, namespace in pieces
            ],
            **more,
        }

    @operation("GenerateServiceLastAccessedDetails")
    def generate_service_last_accessed_details(
        self, call: Call, *, arn: str, granularity: str = "SERVICE_LEVEL"
    ) -> Output:
        if granularity not in ("SERVICE_LEVEL", "ACTION_LEVEL"):
            raise InvalidInput(
                f"The granularity of a report is SERVICE_LEVEL or ACTION_LEVEL, not {granularity[:20]!r}."
            )
        self._uses.flush()
        identity = uuid4(self._state.random)
        with self._state.write() as connection:
            report = self._report(connection, call, arn, granularity)
            _make_room(connection, call)
            connection.execute(
                insert(ACCESS_REPORTS).values(
                    id=identity,
                    account=call.account,
                    asked_by=_asker(call.caller),
                    arn=arn,
                    created_at=call.now.replace(microsecond=0),
                    report=json.dumps(report),
                )
            )
        return {"JobId": identity}

    @operation("GetServiceLastAccessedDetails")
    def get_service_last_accessed_details(
        self, call: Call, *, job_id: str, max_items: int | None = None, marker: str | None = None
    ) -> Output:
        row = self._get(call, job_id)
        report = json.loads(row.report)
        pieces, more = cut_page(
            page(call.operation, marker, max_items), report["services"], lambda item: str(item["namespace"])
        )
        return {
            **_job(row),
            "JobType": report["granularity"],
            "ServicesLastAccessed": [
                {
                    "ServiceName": services()[item["namespace"]],
                    "ServiceNamespace": item["namespace"],
                    **_last_use(item["uses"]),
                    "TotalAuthenticatedEntities": len(item["uses"]),
                }
                for item in pieces
            ],
            **more,
        }

    @operation("GetServiceLastAccessedDetailsWithEntities")
    def get_service_last_accessed_details_with_entities(
        self,
        call: Call,
        *,
        job_id: str,
        service_namespace: str,
        max_items: int | None = None,
        marker: str | None = None,
    ) -> Output:
        row = self._get(call, job_id)
        report = json.loads(row.report)
        if report["kind"] not in ("group", "policy"):
            raise InvalidInput("The entities of a service can be told for the reports of groups and policies.")
        item = next((item for item in report["services"] if item["namespace"] == service_namespace), None)
        if item is None:
            raise NoSuchEntity(f"The service namespace {service_namespace} is not in the report.")
        used = {use["arn"]: use for use in item["uses"]}
        pieces, more = cut_page(
            page(call.operation, marker, max_items), report["entities"], lambda entity: str(entity["arn"])
        )
        return {
            **_job(row),
            "EntityDetailsList": [
                {
                    "EntityInfo": {
                        "Arn": entity["arn"],
                        "Name": entity["name"],
                        "Type": entity["type"],
                        "Id": entity["id"],
                        "Path": entity["path"],
                    },
                    **({"LastAuthenticated": _instant(used[entity["arn"]]["at"])} if entity["arn"] in used else {}),
                }
                for entity in pieces
            ],
            **more,
        }

    def _report(self, connection: Connection, call: Call, arn: str, granularity: str) -> dict[str, Any]:
        resource = resource_of(connection, self._state, call.account, arn, policies=True)
        held = policies_on(connection, self._state, resource)
        principals = principals_of(connection, call.account, resource)
        arns = {identity: kind.arn(self._state.partition, row) for identity, (kind, row) in principals.items()}
        uses: dict[str, list[dict[str, Any]]] = {}
        table = SERVICE_USES
        for use in connection.execute(select(table).where(table.c.owner_id.in_(list(arns)))):
            told = {"arn": arns[use.owner_id], "at": int(use.used_at.timestamp()), "region": use.region}
            uses.setdefault(use.service, []).append(told)
        entities = [
            {
                "arn": arns[identity],
                "name": row.name,
                "type": kind.resource.upper(),
                "id": identity,
                "path": row.path,
            }
            for identity, (kind, row) in principals.items()
        ]
        return {
            "kind": "policy" if resource.kind is None else resource.kind.resource,
            "granularity": granularity,
            "services": [
                {"namespace": namespace, "uses": uses.get(namespace, [])}
                for namespace in services()
                if any(grants(policy.policy, namespace) for policy in held)
            ],
            "entities": sorted(entities, key=lambda entity: entity["arn"]),
        }

    def _get(self, call: Call, job_id: str) -> Any:
        table = ACCESS_REPORTS
        with self._state.read() as connection:
            row = connection.execute(
                select(table).where(
                    table.c.id == job_id,
                    table.c.account == call.account,
                    table.c.asked_by == _asker(call.caller),
                    table.c.created_at > call.now - _KEPT,
                )
            ).one_or_none()
        if row is None:
            raise NoSuchEntity(f"No report was found for the job {job_id}.")
        return row


def _make_room(connection: Connection, call: Call) -> None:
    table = ACCESS_REPORTS
    connection.execute(delete(table).where(table.c.created_at <= call.now - _KEPT))
    held = connection.execute(
        select(table.c.id).where(table.c.account == call.account).order_by(table.c.created_at.desc(), table.c.id)
    ).scalars()
    connection.execute(delete(table).where(table.c.id.in_(list(held)[_REPORTS - 1 :])))


def _asker(caller: Caller) -> str:
    """The same user, or the same role whatever the session."""
    return caller.issuer_arn or caller.arn


def _shown(policy: Any) -> Output:
    if policy.arn:
        return {"PolicyName": policy.name, "PolicyType": "MANAGED", "PolicyArn": policy.arn}
    return {
        "PolicyName": policy.name,
        "PolicyType": "INLINE",
        "EntityType": policy.entity_type,
        "EntityName": policy.entity_name,
    }


def _job(row: Any) -> Output:
    return {"JobStatus": "COMPLETED", "JobCreationDate": row.created_at, "JobCompletionDate": row.created_at}


def _last_use(uses: list[dict[str, Any]]) -> Output:
    if not uses:
        return {}
    last = max(uses, key=lambda use: int(use["at"]))
    return {
        "LastAuthenticated": _instant(last["at"]),
        "LastAuthenticatedEntity": last["arn"],
        "LastAuthenticatedRegion": last["region"],
    }


def _instant(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)
