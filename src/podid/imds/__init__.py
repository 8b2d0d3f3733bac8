"""Instance metadata, version 2 only: what tells the programs of a node which instance they run on and hands them the node's role.

    endpoint.py   one request to its answer        documents.py  what there is to read (pure)
    tokens.py     the tokens of version 2 (pure)   session.py    the node's role session, from `podid serve`
    serve.py      the process

Source: the EC2 user guide, "Instance metadata and user data". Version 1 is not spoken: without a token the answer is 401.
"""
