"""The kubelet of the local cluster's one node: it makes the pods that are bound to the node into running programs.

compose                      the kubelet of a cluster's settings
kubelet                      the loop, and what the API server asks (`ports.ContainerAccess`)
pod_worker, launching, ending, recovery     one task for each pod: what is, what should be, the next step
records, status, node_object                what is known, and how it is told
images, container_plan, environment, expansion, fields, volumes, atomic_writer, sub_paths, tokens      from a manifest to a program
probes, probers, probing, hooks, backoff, logs        rules and edges that such a step needs, most of them pure
"""

from podid.localcluster.kubelet.compose import make_kubelet
from podid.localcluster.kubelet.kubelet import Kubelet
from podid.localcluster.kubelet.settings import KubeletSettings, NodeProgram

__all__ = ["Kubelet", "KubeletSettings", "NodeProgram", "make_kubelet"]
