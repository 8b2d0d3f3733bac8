"""HTTP/1.1 for processes that must start fast and stay small: a server and a client on asyncio and httptools, and nothing else.

The node agent, IMDS and the webhook stand on this room; it knows none of them, and no AWS or Kubernetes words.
"""
