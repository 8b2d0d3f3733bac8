"""What stands between a request to write and the store.

`gate` is the list of steps of every write; `service_accounts` the ServiceAccount admission step; `webhooks/` calls mutating webhooks;
`deletion` says what a DELETE does; `lifecycle` keeps new things out of namespaces that end.
"""
