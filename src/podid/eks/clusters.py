"""Clusters: found by every other part of EKS, registered by podid, and made, told and removed through the API.

CreateCluster keeps a record: podid starts no control plane. Pods can be given identities on it once the cluster that really runs is
registered under its name (`register`), which brings its endpoint, issuer and keys.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Connection
from sqlalchemy.exc import IntegrityError

from podid.core import ids
from podid.core.caller import Call, Output
from podid.core.operations import operation
from podid.eks import access_entry_rows, cluster_rows, requests
from podid.eks.access_entry import creators_entry
from podid.eks.cache import RevisionCache
from podid.eks.cluster import CLUSTER_NAME, Cluster, ClusterRegistration, cluster_arn, default_config
from podid.eks.cluster_config import from_creation
from podid.eks.errors import InvalidParameter, InvalidRequest, ResourceInUse, ResourceNotFound
from podid.eks.instants import whole_millis
from podid.eks.key_source import KeySource, may_fetch
from podid.eks.kubernetes_versions import DEFAULT, find_version
from podid.eks.paging import page_of
from podid.eks.principals import principal_id
from podid.eks.roles import EKS_SERVICE, RolePassing, check_account, trusts_service
from podid.eks.tables import ROOM
from podid.eks.tags import problem_with_tags
from podid.iam import Iam
from podid.store import Store

_CACHED = 10_000


class Clusters:
    """Find, register, create, list, describe, delete."""

    def __init__(self, store: Store, iam: Iam, passing: RolePassing, *, random: ids.RandomBytes) -> None:
        self._store = store
        self._iam = iam
        self._passing = passing
        self._random = random
        self._cache: RevisionCache[tuple[str, str, str], Cluster | None] = RevisionCache(
            store, self._load, size=_CACHED
        )

    def find(self, account: str, region: str, name: str) -> Cluster | None:
        """The cluster as of now."""
        # What cannot be a name is not looked for: PostgreSQL fails at a NUL in a text.
        return self._cache.get((account, region, name)) if CLUSTER_NAME.fullmatch(name) else None

    def require(self, call: Call, name: str) -> Cluster:
        """The cluster of the call's account and region. Raises ResourceNotFound."""
        found = self.find(call.account, call.region, name)
        if found is None:
            raise _no_cluster(name)
        return found

    def lock(self, connection: Connection, call: Call, name: str) -> Cluster:
        """The cluster inside a write transaction, kept from others until it ends. Raises ResourceNotFound where it is gone by now."""
        found = None
        if CLUSTER_NAME.fullmatch(name):
            found = cluster_rows.find(connection, call.account, call.region, name, lock=True)
        if found is None:
            raise _no_cluster(name)
        return found

    def register(self, account: str, region: str, registration: ClusterRegistration, now: datetime) -> Cluster:
        """Tell of a cluster that runs elsewhere, or tell again with other facts: what AWS's API changed meanwhile (tags, access) stays.

        Raises InvalidParameter for a name, an issuer or sources of keys that cannot be.
        """
        told = _registered(account, region, registration, now)
        with self._store.write(ROOM) as connection:
            known = cluster_rows.find(connection, account, region, registration.name, lock=True)
            if known is None:
                cluster_rows.add(connection, told)
                self._let_in_creator(connection, told)
                return told
            merged = _merged(known, told)
            if merged != known:
                cluster_rows.put(connection, merged)
            if merged.creator_arn != known.creator_arn:
                self._let_in_creator(connection, merged)
            return merged

    @operation("CreateCluster")
    def create_cluster(
        self,
        call: Call,
        *,
        name: str,
        role_arn: str,
        resources_vpc_config: Mapping[str, Any],
        version: str | None = None,
        kubernetes_network_config: Mapping[str, Any] | None = None,
        logging: Mapping[str, Any] | None = None,
        client_request_token: str | None = None,
        tags: Mapping[str, str] | None = None,
        encryption_config: Sequence[Any] | None = None,
        access_config: Mapping[str, Any] | None = None,
        bootstrap_self_managed_addons: bool | None = None,
        upgrade_policy: Mapping[str, Any] | None = None,
        zonal_shift_config: Mapping[str, Any] | None = None,
        deletion_protection: bool | None = None,
        compute_config: Mapping[str, Any] | None = None,
        storage_config: Mapping[str, Any] | None = None,
    ) -> Output:
        _check_name(name)
        known = find_version(version or DEFAULT)
        if known is None or (known.minor != DEFAULT and known.support(call.now) == "UNSUPPORTED"):
            raise InvalidParameter(f"unsupported Kubernetes version {version!r}", clusterName=name)
        if problem := problem_with_tags(tags or {}):
            raise InvalidParameter(problem, clusterName=name)
        asked = {
            "resourcesVpcConfig": resources_vpc_config,
            "kubernetesNetworkConfig": kubernetes_network_config,
            "logging": logging,
            "encryptionConfig": encryption_config,
            "accessConfig": access_config,
            "upgradePolicy": upgrade_policy,
            "zonalShiftConfig": zonal_shift_config,
            "deletionProtection": deletion_protection,
            "computeConfig": compute_config,
            "storageConfig": storage_config,
        }
        config = from_creation({name: value for name, value in asked.items() if value is not None}, name)
        parameters = {
            **asked,
            "name": name,
            "roleArn": role_arn,
            "version": version,
            "tags": tags,
            "bootstrapSelfManagedAddons": bootstrap_self_managed_addons,
        }
        request = requests.client_request(call, client_request_token, parameters)
        with self._store.read() as connection:
            if first := self._recall(connection, request):
                return {"cluster": first.view(status="CREATING")}
        self._check_cluster_role(call, role_arn, name)
        bootstrap = (access_config or {}).get("bootstrapClusterCreatorAdminPermissions", True)
        cluster = Cluster(
            account=call.account,
            region=call.region,
            name=name,
            version=known.minor,
            platform_version=known.platform,
            status="ACTIVE",
            created_at=whole_millis(call.now),
            role_arn=role_arn,
            issuer=f"https://oidc.eks.{call.region}.amazonaws.com/id/{ids.hex_id(self._random, 32).upper()}",
            creator_arn=call.caller.issuer_arn if bootstrap else "",
            config=config,
            tags=dict(tags or {}),
        )
        taken = ResourceInUse(f"Cluster already exists with name: {name}", clusterName=name)
        try:
            with self._store.write(ROOM) as connection:
                if first := self._recall(connection, request):
                    return {"cluster": first.view(status="CREATING")}
                if cluster_rows.find(connection, call.account, call.region, name) is not None:
                    raise taken
                cluster_rows.add(connection, cluster)
                self._let_in_creator(connection, cluster)
                requests.remember(connection, request, cluster)
        except IntegrityError as error:
            raise taken from error
        return {"cluster": cluster.view(status="CREATING")}

    @operation("DescribeCluster")
    def describe_cluster(self, call: Call, *, name: str) -> Output:
        return {"cluster": self.require(call, name).view()}

    @operation("ListClusters")
    def list_clusters(
        self,
        call: Call,
        *,
        max_results: int | None = None,
        next_token: str | None = None,
        include: Sequence[str] | None = None,
    ) -> Output:
        if include and list(include) != ["all"]:
            raise InvalidParameter("include must be: all")
        page = page_of(max_results, next_token, "clusters", call.account, call.region, key=(str,))
        after = str(page.after[0]) if page.after else ""
        with self._store.read() as connection:
            found = cluster_rows.names(connection, call.account, call.region, after=after, most=page.size + 1)
        told = found[: page.size]
        return {"clusters": told, "nextToken": page.cut(found, (told[-1],) if told else None)}

    @operation("DeleteCluster")
    def delete_cluster(self, call: Call, *, name: str) -> Output:
        with self._store.write(ROOM) as connection:
            cluster = self.lock(connection, call, name)
            if cluster.config.get("deletionProtection"):
                raise InvalidRequest(
                    f"The cluster {name} has deletion protection: turn it off with UpdateClusterConfig first.",
                    clusterName=name,
                )
            cluster_rows.remove(connection, call.account, call.region, name)
        return {"cluster": cluster.view(status="DELETING")}

    def _let_in_creator(self, connection: Connection, cluster: Cluster) -> None:
        """Give the creator its access entry, once: it may be taken away, and then stays away."""
        of = (cluster.account, cluster.region, cluster.name)
        if not cluster.creator_arn or access_entry_rows.find(connection, *of, cluster.creator_arn) is not None:
            return
        identity = principal_id(connection, cluster.creator_arn) or ""
        access_entry_rows.add(connection, creators_entry(cluster, identity, ids.uuid4(self._random)))

    def _load(self, key: tuple[str, str, str]) -> Cluster | None:
        with self._store.read() as connection:
            return cluster_rows.find(connection, *key)

    def _recall(self, connection: Connection, request: requests.ClientRequest) -> Cluster | None:
        def exists(value: Cluster) -> bool:
            known = cluster_rows.find(connection, value.account, value.region, value.name)
            return known is not None and known.created_at == value.created_at

        return requests.recall(connection, request, Cluster, exists)

    def _check_cluster_role(self, call: Call, role_arn: str, name: str) -> None:
        check_account(call, role_arn, "roleArn", name)
        self._passing.require(call, role_arn, EKS_SERVICE, to=cluster_arn(call.account, call.region, name))
        role = self._iam.role_by_arn(role_arn)
        if role is None:
            raise InvalidParameter(f"Role with arn: {role_arn}, does not exist.", clusterName=name)
        if not trusts_service(role.trust_text, EKS_SERVICE):
            raise InvalidParameter(
                f"Role with arn: {role_arn}, could not be assumed because it does not exist or the trusted entity is "
                "not correct",
                clusterName=name,
            )


def _no_cluster(name: str) -> ResourceNotFound:
    return ResourceNotFound(f"No cluster found for name: {name[:100]}.", clusterName=name[:100])


def _check_name(name: str) -> None:
    if not CLUSTER_NAME.fullmatch(name):
        raise InvalidParameter(
            f"The cluster name {name[:100]!r} must begin with a letter or digit and have 1 to 100 of A-Z a-z 0-9 - _."
        )


def _registered(account: str, region: str, told: ClusterRegistration, now: datetime) -> Cluster:
    _check_name(told.name)
    sources = [bool(told.jwks_file), bool(told.jwks_url), bool(told.jwks)]
    if sum(sources) > 1:
        raise InvalidParameter("Give one source of keys: a file, a URL or the document itself.", clusterName=told.name)
    if told.jwks_url and not may_fetch(told.jwks_url):
        raise InvalidParameter("Keys are fetched by https only (http on loopback).", clusterName=told.name)
    if not told.issuer:
        raise InvalidParameter(
            "A cluster needs its issuer: the iss of its service account tokens.", clusterName=told.name
        )
    known = find_version(told.version)
    return Cluster(
        account=account,
        region=region,
        name=told.name,
        version=told.version or DEFAULT,
        platform_version=known.platform if known else "eks.1",
        status="ACTIVE",
        created_at=whole_millis(now),
        role_arn=told.role_arn,
        endpoint=told.endpoint,
        ca_data=base64.b64encode(told.ca_pem.encode()).decode(),
        issuer=told.issuer,
        keys=KeySource(
            file=str(told.jwks_file.absolute()) if told.jwks_file else "",
            url=told.jwks_url,
            inline=told.jwks,
            by_call=told.by_call,
        ),
        kubeconfig=str(told.kubeconfig.absolute()) if told.kubeconfig else "",
        creator_arn=told.creator_arn,
        registered=True,
        config=default_config(told.service_ipv4_cidr),
    )


def _merged(known: Cluster, told: Cluster) -> Cluster:
    """The facts that were told, with what belongs to the record itself."""
    return Cluster(
        account=told.account,
        region=told.region,
        name=told.name,
        version=told.version,
        platform_version=told.platform_version,
        status="ACTIVE",
        created_at=known.created_at,
        role_arn=told.role_arn or known.role_arn,
        endpoint=told.endpoint,
        ca_data=told.ca_data,
        issuer=told.issuer,
        keys=told.keys,
        kubeconfig=told.kubeconfig,
        creator_arn=told.creator_arn or known.creator_arn,
        registered=True,
        config=known.config,
        tags=known.tags,
    )
