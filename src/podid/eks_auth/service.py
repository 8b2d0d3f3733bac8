"""AssumeRoleForPodIdentity: a pod's service account token in, temporary credentials of its role out.

The checks, in this order; the code below has the same numbers, and so has docs/eks-auth.md:

     1  the caller's signature, and its session where it is one (the gateway, before this room)
     2  eks-auth:AssumeRoleForPodIdentity on the named cluster: so a node speaks for its own cluster (the gateway)
     3  the input keeps to the service's model (the gateway)                 else InvalidParameterException, InvalidRequestException
     4  the named cluster exists in the caller's account and region          else ResourceNotFoundException
     5  the token's size and form: a compact JWS                             else InvalidTokenException
     6  its algorithm is one of RS256, ES256, ES384 and ES512                else InvalidTokenException
     7  its key (kid) is one of the named cluster's                          else InvalidTokenException; unreadable: ServiceUnavailableException
     8  its signature                                                        else InvalidTokenException
     9  its issuer is the cluster's                                          else InvalidTokenException
    10  its audience is pods.eks.amazonaws.com                               else InvalidTokenException
    11  it has begun and has not ended (nbf, iat, exp; no leeway)            else InvalidTokenException; ended: ExpiredTokenException
    12  it is bound to a pod: namespace, service account, pod name and uid   else InvalidTokenException
    13  that pod still exists, where the cluster can be asked                else InvalidTokenException
    14  the service account has an association                               else ResourceNotFoundException
    15  the associated role exists                                           else AccessDeniedException
    16  its trust policy lets pods.eks.amazonaws.com assume it, with aws:SourceArn, aws:SourceAccount and, with session tags,
        aws:RequestTag/…                                                     else AccessDeniedException
    17  unless the association disables them: sts:TagSession for six session tags, in order, all transitive
                                                                             else AccessDeniedException
    18  the session: its name, six hours, the association's session policy, within the packed size
                                                                             else InvalidRequestException
    19  the target role, if there is one, lets the first role's session assume it: external id, the six tags, one hour
                                                                             else AccessDeniedException

A caller learns from 15 to 19 only that the role cannot be assumed, or that the session is too large; the log gets the reason.
"""

from __future__ import annotations

from typing import Final

from podid.core import ids
from podid.core.caller import Call, Caller, Output
from podid.core.errors import AccessDenied, AwsError
from podid.core.operations import Handler, Steps, handlers_of, operation
from podid.core.tokens import ServiceAccountToken
from podid.eks import Association, Cluster, Eks
from podid.eks.cluster import CLUSTER_NAME
from podid.eks_auth.errors import InvalidParameter, InvalidRequest, InvalidToken, NotFound, RoleNotAssumed
from podid.eks_auth.events import Exchange, assumed
from podid.eks_auth.keys import ClusterKeys
from podid.eks_auth.liveness import PodLiveness
from podid.eks_auth.session import AUDIENCE, CHAINED_SECONDS, SECONDS, SERVICE, TAG_KEYS, session_name, session_tags
from podid.eks_auth.token import check_token
from podid.iam import Authorizer, Iam, time_context
from podid.sts import IssuedSession, Sts

_TAG_KEYS_TEXT: Final = ",".join(TAG_KEYS)
_BY_SERVICE: Final = Caller(kind="service", service=SERVICE)

_LONGEST_HINT: Final = 256
"""Node name, instance id and zone are not used; what is longer than any of them can be is refused."""


class EksAuth:
    """The EKS Auth API of one installation."""

    def __init__(
        self,
        eks: Eks,
        iam: Iam,
        sts: Sts,
        authorizer: Authorizer,
        *,
        random: ids.RandomBytes = ids.names_at_random,
        keys: ClusterKeys | None = None,
        liveness: PodLiveness | None = None,
    ) -> None:
        self._eks = eks
        self._iam = iam
        self._sts = sts
        self._authorizer = authorizer
        self._random = random
        self._keys = keys or ClusterKeys(eks.access)
        self._liveness = liveness or PodLiveness(eks.access)

    def handlers(self) -> dict[str, Handler]:
        """The operations of the EKS Auth API."""
        return handlers_of(self)

    @operation("AssumeRoleForPodIdentity")
    def assume_role_for_pod_identity(
        self,
        call: Call,
        *,
        cluster_name: str,
        token: str,
        eks_node_name: str | None = None,
        instance_id: str | None = None,
        zone: str | None = None,
    ) -> Steps:
        for hint in (eks_node_name, instance_id, zone):  # 3, what the model leaves open
            if hint is not None and len(hint) > _LONGEST_HINT:
                raise InvalidParameter(
                    f"eksNodeName, instanceId and zone have at most {_LONGEST_HINT} characters each."
                )
        cluster = self._cluster(call, cluster_name)  # 4
        pod = check_token(token, cluster, self._keys, now=call.now)  # 5 to 12
        if self._liveness.is_gone(cluster, pod):  # 13
            raise InvalidToken(
                "The token included in the request is not valid: the pod it is bound to no longer exists.",
                private=f"pod {pod.namespace}/{pod.pod_name} with uid {pod.pod_uid}",
            )
        yield  # to the tokens of those that came with it
        association = self._association(cluster, pod)  # 14
        session = self._assume(call, cluster, association, pod)  # 15 to 18
        if association.target_role_arn:
            session = self._assume_target(call, association, session, pod)  # 19
        call.notes.exchange = _exchange(association, pod, session)
        return _answer(association, pod, session)

    def _cluster(self, call: Call, name: str) -> Cluster:
        if not CLUSTER_NAME.fullmatch(name):
            raise InvalidParameter(f"The cluster name {name[:100]!r} is not valid.")
        cluster = self._eks.find_cluster(call.account, call.region, name)
        if cluster is None:
            raise NotFound(f"No cluster found for name: {name}.")
        return cluster

    def _association(self, cluster: Cluster, pod: ServiceAccountToken) -> Association:
        found = self._eks.find_association(
            cluster.account, cluster.region, cluster.name, pod.namespace, pod.service_account
        )
        if found is None:
            raise NotFound(
                f"No pod identity association found for service account {pod.service_account} in namespace "
                f"{pod.namespace} of cluster {cluster.name}."
            )
        return found

    def _assume(
        self, call: Call, cluster: Cluster, association: Association, pod: ServiceAccountToken
    ) -> IssuedSession:
        if self._iam.role_by_arn(association.role_arn) is None:  # 15
            raise RoleNotAssumed(private=f"{association.role_arn} does not exist")
        tags = {} if association.disable_session_tags else session_tags(cluster, pod)
        # With a target role the policy is for the target's session alone: the first one must be able to assume it.
        policy = None if association.target_role_arn else association.policy or None
        name = session_name(cluster.name, pod.pod_name, self._random)
        outcome: IssuedSession | AwsError
        try:
            outcome = self._sts.assume_role_as_service(  # 16 to 18
                service=SERVICE,
                role_arn=association.role_arn,
                session_name=name,
                duration=SECONDS,
                tags=tags,
                transitive=tuple(tags),
                source_arn=cluster.arn,
                source_account=cluster.account,
                policy=policy,
                now=call.now,
            )
        except AwsError as error:
            outcome = error
        call.notes.assumed.append(
            assumed(
                _BY_SERVICE,
                role_arn=association.role_arn,
                session_name=name,
                duration=SECONDS,
                tags=tags,
                policy=policy,
                outcome=outcome,
            )
        )
        if isinstance(outcome, AwsError):
            raise _refused(association.role_arn, outcome) from outcome
        return outcome

    def _assume_target(
        self, call: Call, association: Association, first: IssuedSession, pod: ServiceAccountToken
    ) -> IssuedSession:
        """The second hop, made with the first session as its caller. The six tags travel by themselves: they are transitive."""
        opened = self._sts.open_session(first.credentials.access_key_id, first.credentials.session_token, call.now)
        name = session_name(association.cluster, pod.pod_name, self._random)
        outcome: IssuedSession | AwsError
        try:
            outcome = self._sts.assume_role_as(
                opened.caller,
                role_arn=association.target_role_arn,
                session_name=name,
                duration=CHAINED_SECONDS,
                tags={},
                transitive=(),
                policy=association.policy or None,
                policy_arns=(),
                external_id=association.external_id,
                source_identity="",
                now=call.now,
                context={**time_context(call.now), "aws:SecureTransport": ("true",)},
            )
        except AwsError as error:
            outcome = error
        call.notes.assumed.append(
            assumed(
                opened.caller,
                role_arn=association.target_role_arn,
                session_name=name,
                duration=CHAINED_SECONDS,
                tags={},
                policy=association.policy or None,
                outcome=outcome,
                external_id=association.external_id,
            )
        )
        if isinstance(outcome, AwsError):
            raise _refused(association.target_role_arn, outcome) from outcome
        return outcome


def _exchange(association: Association, pod: ServiceAccountToken, session: IssuedSession) -> Exchange:
    """For people: whose token became which session, and why."""
    return Exchange(
        cluster=association.cluster,
        pod=f"{pod.namespace}/{pod.pod_name}",
        service_account=pod.service_account,
        association=association.id,
        role=association.role_arn,
        target_role=association.target_role_arn,
        session=session.assumed_role_arn,
        session_tags="" if association.disable_session_tags else _TAG_KEYS_TEXT,
        expires=session.expiration,
    )


def _refused(role_arn: str, error: AwsError) -> AwsError:
    """STS's no, in the words of EKS Auth. What the association's owner can mend (packed size) is told; a denial is not explained."""
    if isinstance(error, AccessDenied):
        return RoleNotAssumed(private=f"{role_arn}: {error.private or error.public}")
    if error.status < 500:
        return InvalidRequest(error.public, private=f"{role_arn}: {error.code}: {error.private}")
    return error


def _answer(association: Association, pod: ServiceAccountToken, session: IssuedSession) -> Output:
    """Every member is filled: AWS's agent ends at a missing one."""
    return {
        "subject": {"namespace": pod.namespace, "serviceAccount": pod.service_account},
        "audience": AUDIENCE,
        "podIdentityAssociation": {"associationArn": association.arn, "associationId": association.id},
        "assumedRoleUser": {"arn": session.assumed_role_arn, "assumeRoleId": session.assumed_role_id},
        "credentials": {
            "accessKeyId": session.credentials.access_key_id,
            "secretAccessKey": session.credentials.secret_access_key,
            "sessionToken": session.credentials.session_token,
            "expiration": session.expiration,
        },
    }
