"""The records of the ledger: their shapes, their commitments, and how they are published.

The ground floor that every stage shares. A *record* is one line of canonical JSON and one leaf of
the log; the texts behind its *commitments* lie beside it as *openings*; a *shard* is the immutable
file of one job's records. The log over all shards is `reprollm.ledger`.
"""
