"""The adapter for Linux: a pod has user, mount, pid, network, uts and ipc namespaces, as real root or as an ordinary user.

kernel, netlink, privileges     the system calls, and nothing above them
network, view, identity         what a node and a pod look like: links and addresses, the root file system, the ids
node_process, pod_process       the helpers that live in the namespaces (standard library only)
init, joining                   a container's first process, and a process that joins a container
trial                           the whole recipe once, to find out what the kernel allows
adapter, sandbox, relay         the kubelet's side: `port.Node` and `port.Sandbox`
"""
