"""The node agent: answers `GET /v1/credentials` of the pods of one node, as AWS's eks-pod-identity-agent does.

    server.py       the process: addresses, tasks, start and stop
    endpoint.py     one request: AWS's checks, then lease or upstream
    leases.py       who holds which credentials until when (pure)
    eks_auth.py     AssumeRoleForPodIdentity          credentials.py  the node's own credentials
    initialize.py   the link and its addresses        rtnetlink.py    the kernel's messages for it

It runs on every node beside everything else: it must start and idle small, so nothing here imports botocore, a database or a web framework.
"""
