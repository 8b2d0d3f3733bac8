"""The adapter for everywhere else: a container is a process group with a folder of its own, on the host's loopback. No isolation of files.

rewriting        paths and addresses of a manifest, as they are here
places           which loopback port stands for which port of the node
node_process, pod_process     the helpers (standard library only)
sweeping         ending what a container left behind
adapter, sandbox              the kubelet's side: `port.Node` and `port.Sandbox`
"""
