"""Roles that belong to an AWS service: made with the service's name and policy, changed by nobody.

Names follow AWS's where they are public (IAM user guide, "AWS services that work with IAM", and the services' own pages); for another service
the name is made from the service principal. Deleting is done at once: nothing here uses such a role behind its owner's back.
"""

from __future__ import annotations

import json
import re
from typing import Final

from sqlalchemy import delete

from podid.core.caller import Call, Output
from podid.core.ids import uuid4
from podid.core.operations import operation
from podid.iam import entities
from podid.iam.api.attachments import attach_row
from podid.iam.api.roles import create_role_row, delete_role_row, full_role
from podid.iam.entities import ROLE
from podid.iam.errors import InvalidInput, NoSuchEntity
from podid.iam.state import IamState
from podid.iam.tables import ATTACHMENTS, INLINE_POLICIES

_SERVICE = re.compile(r"([a-z0-9-]+)((?:\.[a-z0-9-]+)*)\.amazonaws\.com(\.cn)?", re.ASCII)
_TASK = re.compile(r"task/aws-service-role/[\w.-]+/[\w+=,.@-]+/[0-9a-f-]{36}", re.ASCII)

_NAMES: Final = {
    "apidestinations.events": ("AmazonEventBridgeApiDestinations", "AmazonEventBridgeApiDestinationsServiceRolePolicy"),
    "autoscaling": ("AutoScaling", "AutoScalingServiceRolePolicy"),
    "ecs": ("ECS", "AmazonECSServiceRolePolicy"),
    "eks": ("AmazonEKS", "AmazonEKSServiceRolePolicy"),
    "eks-fargate": ("AmazonEKSForFargate", "AmazonEKSForFargateServiceRolePolicy"),
    "eks-nodegroup": ("AmazonEKSNodegroup", "AWSServiceRoleForAmazonEKSNodegroup"),
    "elasticache": ("ElastiCache", "ElastiCacheServiceRolePolicy"),
    "elasticbeanstalk": ("ElasticBeanstalk", "AWSElasticBeanstalkServiceRolePolicy"),
    "elasticfilesystem": ("AmazonElasticFileSystem", "AmazonElasticFileSystemServiceRolePolicy"),
    "elasticloadbalancing": ("ElasticLoadBalancing", "AWSElasticLoadBalancingServiceRolePolicy"),
    "es": ("AmazonElasticsearchService", "AmazonElasticsearchServiceRolePolicy"),
    "guardduty": ("AmazonGuardDuty", "AmazonGuardDutyServiceRolePolicy"),
    "lakeformation": ("LakeFormationDataAccess", "LakeFormationDataAccessServiceRolePolicy"),
    "opensearchservice": ("AmazonOpenSearchService", "AmazonOpenSearchServiceRolePolicy"),
    "organizations": ("Organizations", "AWSOrganizationsServiceTrustPolicy"),
    "rds": ("RDS", "AmazonRDSServiceRolePolicy"),
    "spot": ("EC2Spot", "AWSEC2SpotServiceRolePolicy"),
    "spotfleet": ("EC2SpotFleet", "AWSEC2SpotFleetServiceRolePolicy"),
    "ssm": ("AmazonSSM", "AmazonSSMServiceRolePolicy"),
}
"""The service principal's first part, the end of the role's name, and the policy in /aws-service-role/."""


class ServiceLinkedRoles:
    def __init__(self, state: IamState) -> None:
        self._state = state

    @operation("CreateServiceLinkedRole")
    def create_service_linked_role(
        self, call: Call, *, aws_service_name: str, description: str = "", custom_suffix: str = ""
    ) -> Output:
        match = _SERVICE.fullmatch(aws_service_name)
        if match is None:
            raise InvalidInput(f"{aws_service_name} is not the name of an AWS service: expected SERVICE.amazonaws.com")
        first = match.group(1) + match.group(2)
        ending, policy = _NAMES.get(first, (_ending(first), ""))
        name = f"AWSServiceRoleFor{ending}" + (f"_{custom_suffix}" if custom_suffix else "")
        with self._state.write() as connection:
            if entities.find(connection, ROLE, call.account, name) is not None:
                raise InvalidInput(
                    f"Service role name {name} has been taken in this account, please try a different suffix."
                )
            row = create_role_row(
                connection,
                self._state,
                call,
                name=name,
                trust=_trust(aws_service_name),
                path=f"/aws-service-role/{aws_service_name}/",
                description=description,
                service=aws_service_name,
            )
            arn = f"arn:{self._state.partition}:iam::aws:policy/aws-service-role/{policy}"
            if policy and self._state.catalog.find(arn) is not None:
                attach_row(connection, row, arn, call.now)
            return {"Role": full_role(connection, self._state, row)}

    @operation("DeleteServiceLinkedRole")
    def delete_service_linked_role(self, call: Call, *, role_name: str) -> Output:
        with self._state.write() as connection:
            row = entities.get(connection, ROLE, call.account, role_name)
            if not row.service:
                raise InvalidInput(f"{role_name} is not a service-linked role.")
            connection.execute(delete(ATTACHMENTS).where(ATTACHMENTS.c.owner_id == row.id))
            connection.execute(delete(INLINE_POLICIES).where(INLINE_POLICIES.c.owner_id == row.id))
            delete_role_row(connection, row.id)
            task = f"task/aws-service-role/{row.service}/{row.name}/{uuid4(self._state.random)}"
            return {"DeletionTaskId": task}

    @operation("GetServiceLinkedRoleDeletionStatus")
    def get_service_linked_role_deletion_status(self, call: Call, *, deletion_task_id: str) -> Output:
        """A task is only named once the role is gone, so every task that was ever named has succeeded."""
        if not _TASK.fullmatch(deletion_task_id):
            raise NoSuchEntity(f"Deletion id {deletion_task_id} cannot be found.")
        return {"Status": "SUCCEEDED"}


def _ending(first: str) -> str:
    return "".join(word.capitalize() for part in reversed(first.split(".")) for word in part.split("-"))


def _trust(service: str) -> str:
    return json.dumps(
        {
            "Version": "2012-10-17",
            "Statement": [{"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}],
        },
        separators=(",", ":"),
    )
