"""The embedded cluster: one node, the kinds that Pod Identity touches, driven by an unmodified kubectl. For learning and tests."""
