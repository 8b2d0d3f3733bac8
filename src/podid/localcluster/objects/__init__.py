"""What the local cluster stores: kinds, their fields, the objects themselves, and who hears of a change.

`kinds` names what there is; `fields` knows each type's fields; `store` holds the objects (a `podid.localcluster.ports.Objects`) behind a
`journal` on disk; `changes` is the history that watches read; `selectors`, `defaults` and `validation` are rules without I/O.
"""
