"""Puts the rooms together over one store: the only place that knows them all."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from podid.audit import DecisionLog
from podid.core.caller import Caller
from podid.core.clock import system_clock
from podid.core.operations import handlers_of
from podid.core.policy import Decision, denial_text
from podid.eks import Eks, KubeconfigAccess
from podid.eks_auth import EksAuth
from podid.gateway import installation as installations
from podid.gateway.decisions import Decisions
from podid.gateway.extensions import ClusterRegistrations, ClusterTokens, NodeSessions
from podid.gateway.gateway import Gateway
from podid.gateway.lookup import Existing
from podid.gateway.moto_services import MotoServices
from podid.gateway.needs import Need
from podid.gateway.own_calls import iam_asker
from podid.gateway.provider_keys import ProviderKeySets
from podid.gateway.resource_policies import HeldByMoto
from podid.gateway.stack_roles import StackRoles
from podid.gateway.steps.authenticate import KeysOfPodid
from podid.gateway.steps.values import Context
from podid.gateway.uploads import Spool
from podid.iam import Authorizer, Iam, request_of
from podid.store import Store, find_master_key, open_store
from podid.sts import KeyRing, Sts

if TYPE_CHECKING:
    from podid.gateway.serve import ServeSettings


class Endpoint:
    """A composed endpoint, ready to be put behind a socket."""

    def __init__(
        self, gateway: Gateway, store: Store, iam: Iam, eks: Eks, decisions: DecisionLog, moto: MotoServices | None
    ) -> None:
        self.gateway = gateway
        self.store = store
        self.iam = iam
        self.eks = eks
        self.decisions = decisions
        self.moto = moto

    def begin(self) -> None:
        """Begin what happens after the start: go on with add-ons. Of moto nothing is imported before it is called."""
        self.eks.start()

    def close(self) -> None:
        """Write what is only in memory, give everything up."""
        self.eks.close()
        self.iam.close()
        self.decisions.close()
        self.store.close()


def compose(settings: ServeSettings) -> Endpoint:
    """Open the store, bring it to the installation, and put the rooms together.

    Raises InvalidInstallation, MasterKeyProblem, KeyRingProblem, and OSError where the home cannot be written.
    """
    home = settings.home
    home.mkdir(parents=True, exist_ok=True, mode=0o700)
    keys = home / "keys"
    keys.mkdir(exist_ok=True, mode=0o700)
    is_new = not (home / "state.db").exists()  # a new key would open nothing of an old database
    master_key = find_master_key(settings.master_key_file, keys / "master.key", make=is_new)
    ring = KeyRing.load_or_create(settings.key_ring_file or keys / "ring.json", master_key=master_key)
    store = open_store(settings.store_url or f"sqlite:///{(home / 'state.db').absolute()}", master_key=master_key)
    iam = Iam(store)
    authorizer = Authorizer(iam)
    decisions = DecisionLog(store)
    recorder = Decisions(decisions)
    eks = Eks(store, iam, authorizer, KubeconfigAccess(), note=recorder.noted)
    nodes, vouched = {}, {}
    if settings.installation is not None:
        installation = installations.read(settings.installation)
        nodes = installations.apply(installation, iam, eks)
        vouched = installations.issuers(installation)
    sts = Sts(iam, authorizer, ring, fetch_keys=ProviderKeySets(eks, vouched))
    eks_auth = EksAuth(eks, iam, sts, authorizer)
    iam_handlers = iam.handlers()
    moto = MotoServices(iam_asker(iam_handlers, system_clock)) if settings.services == "moto" else None
    keys_of_podid = KeysOfPodid(iam, sts)
    gateway = Gateway(
        keys=keys_of_podid,
        judge=authorizer,
        lookup=Existing(store, iam, eks, buckets=moto is not None),
        policies=HeldByMoto(),
        sentence=partial(_sentence, sts),
        record=recorder,
        rooms={
            "iam": iam_handlers,
            "sts": sts.handlers(),
            "eks": eks.handlers(),
            "eks-auth": eks_auth.handlers(),
            "podid": handlers_of(
                NodeSessions(sts, nodes), ClusterTokens(eks, keys_of_podid), ClusterRegistrations(eks)
            ),
        },
        moto=moto,
        default_account=settings.account,
        spool=Spool(home / "uploads"),
        stack_role=StackRoles(sts),
        glance=store.glance,
    )
    return Endpoint(gateway, store, iam, eks, decisions, moto)


def _sentence(sts: Sts, caller: Caller, need: Need, decision: Decision, context: Context) -> str:
    """AWS's sentence for a denial; of what changes something in EC2 it ends with the details, sealed for sts:DecodeAuthorizationMessage."""
    request = request_of(caller, need.action, need.resource, context, resource_account=need.resource_account)
    text = denial_text(request, decision)
    if need.action.startswith("ec2:") and not need.action.startswith("ec2:Describe"):
        return f"{text}. Encoded authorization failure message: {sts.encode_denial(request, decision)}"
    return text
