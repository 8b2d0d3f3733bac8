"""Mutating webhooks, the API server's side: `matching` who is asked, `review` what is said, `client` the call, `caller` the order.

Source of the rules: k8s.io/apiserver `pkg/admission/plugin/webhook` and `pkg/util/webhook`.
"""
