"""The ledger: an append-only log of records that anyone can check, and its DuckDB projection.

| module | what it holds |
| --- | --- |
| `merkle` | inclusion and consistency proofs over the log (RFC 6962, RFC 9162) |
| `checkpoint` | the three lines that commit to the whole log (C2SP tlog-checkpoint) |
| `segments` | which shards make up the log, in which order |
| `lock` | who may write the log, who may only read it |
| `shards` | reading one shard and its openings, trusting nothing |
| `findings` | what the log itself shows, for example one request with two answers |
| `commit` | the one step that makes the log grow |
| `schema`, `projection` | `ledger.duckdb`: the log as tables, always rebuildable |
| `definitions` | what `ledger.duckdb` must define, by the version that it names |
| `coverage` | whether every planned request has its one final answer |
| `imports` | whether what was taken in from other harnesses is all there |
| `verify`, `report` | the whole ledger checked against itself |
| `read`, `asked` | answers, runs, attempts and requests for the stages that come after |
"""
