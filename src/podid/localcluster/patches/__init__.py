"""The four ways to change part of an object, as pure functions of the object and the patch: neither argument is changed.

merge (RFC 7386), json (RFC 6902), strategic (Kubernetes' own) and apply (server-side apply with field ownership).
"""
