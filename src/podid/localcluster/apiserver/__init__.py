"""The Kubernetes API as kubectl speaks it: HTTP in, objects out.

`app` is the list of steps of every request. `paths` says what a request names; `authentication` and `authorization` who asks and whether
they may; `reading`, `watching` and `writing` answer for every stored kind alike; `reviews`, `token_requests`, `logs`, `streams` and
`portforward` are the few answers of their own. `tables/`, `protobuf` and `discovery` are rules without I/O.
"""
